/**
 * `fluxvault-keeper enrolment`: the secrets by which a keeper knows the agents of an app.
 *
 * @module
 */
import { decodeEnrolmentSecret } from "../../protocol/mod.ts";
import { EXIT_DONE } from "../../protocol/host/mod.ts";
import {
  checkApp,
  describeKey,
  disclosedSecret,
  generateEnrolmentSecret,
  type KeyName,
  type KeyRing,
  readEnrolmentSecret,
  takeSecret,
} from "../keys/mod.ts";
import {
  describeEntry,
  type KeysContext,
  missingSecret,
  openRing,
  readOperand,
  removeSecret,
  requireEntry,
  requireExport,
  writeJson,
} from "./stored_secret.ts";

/** The variable by which an agent is given the secret. */
const VARIABLE = "FLUXVAULT_ENROLL_SECRET";

/** Makes an enrolment secret, stores it, and shows it once. */
export async function createEnrolment(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const { settings, stderr } = context;
  const key = readApp(context);
  await requireExport(context, key);
  const secret = generateEnrolmentSecret();
  const entry = await ring.save(key, secret, { choice: settings.keyStore });
  await show(context, key.name, secret);
  await stderr.write(
    `It is stored in ${ring.where(entry)}.\n` +
      "Put the line into the environment of the app. Only the environment of an enterprise app is\n" +
      "secret: that of any other app is public, and with it whoever reads it is an agent of yours.\n",
  );
  return EXIT_DONE;
}

/** Stores an enrolment secret that the operator has. */
export async function addEnrolment(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const { settings, stdout } = context;
  const key = readApp(context);
  const held = await ring.find(key);
  if (held !== null) throw ring.alreadyHeld(held);
  const secret = await takeSecret(context, key);
  if (secret === null) throw missingSecret("enrolment secret");
  readEnrolmentSecret(secret).fill(0);
  const entry = await ring.save(key, secret, { choice: settings.keyStore });
  if (settings.json) await writeJson(context, describeEntry(entry));
  else await stdout.write(`${describeKey(key)} is now in ${ring.where(entry)}\n`);
  return EXIT_DONE;
}

/** Writes an enrolment secret to standard output. */
export async function exportEnrolment(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const key = readApp(context);
  const entry = await requireEntry(ring, key);
  await requireExport(context, key);
  await show(context, key.name, await ring.read(entry));
  await context.stderr.write(
    `This is ${describeKey(key)}: whoever reads it can pass for an agent of the app.\n`,
  );
  return EXIT_DONE;
}

/** Removes an enrolment secret. */
export async function removeEnrolment(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  return await removeSecret(context, ring, readApp(context));
}

async function show(context: KeysContext, app: string, secret: string): Promise<void> {
  if (context.settings.json) return await writeJson(context, { app, variable: VARIABLE, secret });
  await context.stdout.write(`${VARIABLE}=${secret}\n`);
}

/** Reads the operand, an app; a secret behind it is known to others now. */
function readApp(context: KeysContext): KeyName {
  const isSecret = (text: string) => decodeEnrolmentSecret(text) !== null;
  if (context.operands.slice(1).some(isSecret)) throw disclosedSecret("an enrolment secret");
  return { kind: "enrolment", name: checkApp(readOperand(context, "app")) };
}
