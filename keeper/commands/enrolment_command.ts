/**
 * `fluxvault-keeper enrolment`: the secrets by which a keeper knows the agents of an app.
 *
 * @module
 */
import { type CommandContext, EXIT_DONE } from "../../protocol/host/mod.ts";
import type { ENROLMENT_OPTIONS } from "../options.ts";
import {
  checkApp,
  describeKey,
  generateEnrolmentSecret,
  type KeyEntry,
  type KeyName,
  type KeyRing,
  type KeySaveOptions,
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

/** What the commands that store an enrolment secret are given. */
export type EnrolmentContext = CommandContext<typeof ENROLMENT_OPTIONS>;

/** Makes an enrolment secret, stores it, and shows it once. */
export async function createEnrolment(
  context: EnrolmentContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const { stderr } = context;
  const key = readApp(context);
  const held = await findHeld(context, ring, key);
  await requireExport(context, key);
  const secret = generateEnrolmentSecret();
  const entry = await ring.save(key, secret, saveOptions(context));
  await show(context, key.name, secret);
  await stderr.write(
    `It is stored in ${ring.where(entry)}.\n` +
      "Put the line into the environment of the app. Only the environment of an enterprise app is\n" +
      "secret: that of any other app is public, and with it whoever reads it is an agent of yours.\n",
  );
  if (held !== null) await tellOfReplacement(context);
  return EXIT_DONE;
}

/** Stores an enrolment secret that the operator has. */
export async function addEnrolment(
  context: EnrolmentContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const { settings, stdout } = context;
  const key = readApp(context);
  const held = await findHeld(context, ring, key);
  const secret = await takeSecret(context, key);
  if (secret === null) throw missingSecret("enrolment secret");
  readEnrolmentSecret(secret).fill(0);
  const entry = await ring.save(key, secret, saveOptions(context));
  if (settings.json) await writeJson(context, describeEntry(entry));
  else await stdout.write(`${describeKey(key)} is now in ${ring.where(entry)}\n`);
  if (held !== null) await tellOfReplacement(context);
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
  await show(context, entry.name, await ring.read(entry));
  await context.stderr.write(
    `This is ${describeKey(entry)}: whoever reads it can pass for an agent of the app.\n`,
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

/**
 * Finds the secret whose place the new one takes.
 *
 * @throws {ConfigError} where there is one and `--replace` is not given.
 */
async function findHeld(
  { settings }: EnrolmentContext,
  ring: KeyRing,
  key: KeyName,
): Promise<KeyEntry | null> {
  const held = await ring.find(key);
  if (held !== null && !settings.replace) throw ring.alreadyHeld(held);
  return held;
}

function saveOptions({ settings }: EnrolmentContext): KeySaveOptions {
  return { choice: settings.keyStore, replace: settings.replace };
}

/** Says what is left to do once an app has another secret. */
async function tellOfReplacement({ stderr }: EnrolmentContext): Promise<void> {
  await stderr.write(
    "The secret before it counts no more: a running keeper notices with its next pass. Until the\n" +
      "environment of the app is updated, its agents are refused (enrolment-invalid). Those that have\n" +
      "enrolled stay trusted: look through `agents list`, and forget those that you do not know.\n",
  );
}

async function show(context: KeysContext, app: string, secret: string): Promise<void> {
  if (context.settings.json) return await writeJson(context, { app, variable: VARIABLE, secret });
  await context.stdout.write(`${VARIABLE}=${secret}\n`);
}

/** Reads the operand, an app. */
function readApp(context: KeysContext): KeyName {
  return { kind: "enrolment", name: checkApp(readOperand(context, "app")) };
}
