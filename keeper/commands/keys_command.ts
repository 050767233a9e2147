/**
 * `fluxvault-keeper keys`: the key that a keeper signs with, from its making to its end.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { EXIT_DONE, formatTable } from "../../protocol/host/mod.ts";
import {
  checkAddress,
  type KeyEntry,
  type KeyKind,
  type KeyRing,
  readPrivateKey,
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

/** Makes a key, stores it, and says who has to know its address. */
export async function createKey(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const key = generatePrivateKey();
  const name = zelIdOfKey(key);
  const wif = encodeWif(key);
  key.secret.fill(0);
  const choice = context.settings.keyStore;
  const entry = await ring.save({ kind: "keeper-key", name }, wif, { choice });
  await tellOf(context, ring, entry);
  return EXIT_DONE;
}

/** Stores a key that the operator has. */
export async function addKey(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const name = { kind: "keeper-key", name: readAddress(context) } as const;
  const held = await ring.find(name);
  if (held !== null) throw ring.alreadyHeld(held);
  const wif = await takeSecret(context, name);
  if (wif === null) throw missingSecret("private key");
  const key = readPrivateKey(wif, name.name);
  const text = encodeWif(key);
  key.secret.fill(0);
  const entry = await ring.save(name, text, { choice: context.settings.keyStore });
  await tellOf(context, ring, entry);
  return EXIT_DONE;
}

const KINDS: Readonly<Record<KeyKind, string>> = {
  "keeper-key": "key",
  enrolment: "enrolment secret",
  authority: "authority's secret",
};

/** Lists the keys, the enrolment secrets, and the secret of the certificate authority. */
export async function listKeys(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const { settings, stdout } = context;
  const entries = await ring.list();
  if (settings.json) {
    for (const entry of entries) await writeJson(context, describeEntry(entry));
  } else if (entries.length === 0) {
    await stdout.write("No key is stored. Make one: fluxvault-keeper keys create\n");
  } else {
    const columns = ["what", "of", "stored in", "since"].map((heading) => ({ heading }));
    const rows = entries.map((entry) => {
      const { kind, name, store, created } = describeEntry(entry);
      return [KINDS[kind], name, store === "file" ? "an encrypted file" : "the system", created];
    });
    await stdout.write(formatTable(rows, { columns }));
  }
  return EXIT_DONE;
}

/** Shows a key but for what is secret. */
export async function showKey(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const name = readAddress(context);
  await tellOf(context, ring, await requireEntry(ring, { kind: "keeper-key", name }));
  return EXIT_DONE;
}

/** Removes a key. */
export async function removeKey(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  return await removeSecret(context, ring, { kind: "keeper-key", name: readAddress(context) });
}

/** Writes a private key to standard output. */
export async function exportKey(
  context: KeysContext,
  ring: KeyRing = openRing(context),
): Promise<number> {
  const name = readAddress(context);
  const entry = await requireEntry(ring, { kind: "keeper-key", name });
  await requireExport(context, entry);
  const wif = await ring.read(entry);
  readPrivateKey(wif, name, { source: ring.where(entry) }).secret.fill(0);
  if (context.settings.json) await writeJson(context, { address: name, wif });
  else await context.stdout.write(`${wif}\n`);
  await context.stderr.write(
    `This is the private key of ${name}: whoever reads it can sign as this keeper.\n`,
  );
  return EXIT_DONE;
}

/** Reads the operand, an address. */
function readAddress(context: KeysContext): string {
  return checkAddress(readOperand(context, "address"));
}

/** Tells where a key is and what agents and keeper have to be told of it. */
async function tellOf(context: KeysContext, ring: KeyRing, entry: KeyEntry): Promise<void> {
  const described = describeEntry(entry);
  if (context.settings.json) return await writeJson(context, described);
  const { name, created } = described;
  const lines = [
    `address    ${name}`,
    `stored in  ${ring.where(entry)}`,
    `since      ${created}`,
    `agents     --signed-vault-connections --zelid ${name}`,
    `keeper     --sign-connections --zelid ${name}`,
  ];
  await context.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
