/**
 * What the commands `keys` and `enrolment` have in common.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE, EXIT_FAILURE } from "../../protocol/host/mod.ts";
import {
  askYesNo,
  commandFor,
  describeKey,
  disclosedSecret,
  type KeyEntry,
  type KeyKind,
  type KeyName,
  type KeyRing,
  openKeyRing,
  removalQuestion,
  secretIn,
} from "../keys/mod.ts";
import type { KEYS_OPTIONS } from "../options.ts";
import { openStateFolder } from "./opened_state_folder.ts";

/** What these commands are given. */
export type KeysContext = CommandContext<typeof KEYS_OPTIONS>;

/** Opens the stored keys that the settings mean. */
export function openRing(context: KeysContext): KeyRing {
  const { env, stdin, stderr, signal } = context;
  const stateFolder = openStateFolder(context);
  return openKeyRing({ env, stdin, stderr, signal, stateFolder });
}

/** A stored secret as the commands show it. */
export interface DescribedEntry {
  /** What it is: `keeper-key`, `enrolment` or `authority`. */
  readonly kind: KeyKind;
  /** The address, the app, or the id of the authority. */
  readonly name: string;
  /** The kind of store: `system` or `file`. */
  readonly store: string;
  /** Since when, as ISO 8601 has it. */
  readonly created: string;
}

/** Describes a stored secret. */
export function describeEntry({ kind, name, store, createdMs }: KeyEntry): DescribedEntry {
  return { kind, name, store, created: new Date(createdMs).toISOString() };
}

/** Writes a line of JSON to standard output. */
export async function writeJson({ stdout }: KeysContext, value: unknown): Promise<void> {
  await stdout.write(`${JSON.stringify(value)}\n`);
}

/**
 * Returns the one operand of a command.
 *
 * @param what What it is, in words.
 * @throws {ConfigError} for none, for several, and for a secret, which are not repeated.
 */
export function readOperand({ operands }: KeysContext, what: string): string {
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  const [operand, ...others] = operands;
  if (operand !== undefined && others.length === 0) return operand;
  const hint =
    `Name one ${what}. A secret is no argument: it is asked for, or read from standard ` +
    "input.";
  throw new ConfigError(
    operand === undefined ? `the ${what} is missing` : "there are too many arguments",
    { hint },
  );
}

/** Makes the error for a secret that nobody gave. */
export function missingSecret(what: string): ConfigError {
  return new ConfigError(`the ${what} is missing`, {
    hint: "Type it where it is asked for, or give it as the first line of standard input.",
  });
}

/**
 * Finds a secret among the stored ones.
 *
 * @throws {ConfigError} where it is not there.
 */
export async function requireEntry(ring: KeyRing, key: KeyName): Promise<KeyEntry> {
  const entry = await ring.find(key);
  if (entry !== null) return entry;
  throw notStored(key);
}

function notStored(key: KeyName): ConfigError {
  return new ConfigError(`${describeKey(key)} is not stored`, {
    hint: `Store it: ${commandFor("add", key)}. What is stored: fluxvault-keeper keys list.`,
  });
}

/**
 * Asks before a secret is shown to whoever can see the terminal.
 *
 * @throws {ConfigError} where the answer is no, or nobody can be asked.
 */
export async function requireExport(context: KeysContext, key: KeyName): Promise<void> {
  const { settings, stdin, stdout } = context;
  if (settings.yes || !stdout.isTerminal) return;
  const question = `Show ${describeKey(key)} on this terminal?`;
  if (stdin.isTerminal && await askYesNo(context, question, { otherwise: false })) return;
  throw new ConfigError(`${describeKey(key)} is not shown`, {
    hint: "Write it to a file or another program, or say --yes.",
  });
}

/**
 * Removes a secret, after the operator said so, and returns the exit status; one, too, that a store has
 * and the list of keys has not.
 */
export async function removeSecret(
  context: KeysContext,
  ring: KeyRing,
  key: KeyName,
): Promise<number> {
  const { settings, stdin, stdout, stderr } = context;
  const choice = settings.keyStore;
  const entry = await ring.find(key);
  const place = entry ?? await ring.findUnlisted(key, { choice });
  if (place === null) throw notStored(key);
  if (entry === null) {
    await stderr.write(`It is in ${ring.where(place)}, and not in the list of keys.\n`);
  }
  if (!settings.yes && !stdin.isTerminal) {
    throw new ConfigError(`${describeKey(key)} is removed for good only with --yes`, {
      hint: `Without a copy it is lost; make one: ${commandFor("export", key)}.`,
    });
  }
  if (!settings.yes && !await askYesNo(context, removalQuestion(key), { otherwise: false })) {
    await stderr.write("Nothing was removed.\n");
    return EXIT_FAILURE;
  }
  await ring.remove(place);
  if (settings.json) {
    const { kind, name, store } = place;
    const described = entry === null ? { kind, name, store, created: null } : describeEntry(entry);
    await writeJson(context, { deed: "removed", ...described });
  } else await stdout.write(`removed ${describeKey(key)} from ${ring.where(place)}\n`);
  return EXIT_DONE;
}
