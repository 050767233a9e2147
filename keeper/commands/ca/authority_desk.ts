/**
 * What the commands of `ca` have in common.
 *
 * @module
 */
import { ConfigError, encodeUtf8 } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  storageError,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import { AuditFile } from "../../audit/log/audit_file.ts";
import { findAuditLog } from "../../audit/run_audit.ts";
import {
  type Authority,
  AuthorityError,
  type AuthorityErrorCode,
  type KeyType,
  openAuthority,
} from "../../authority/mod.ts";
import type { AUTHORITY_OPTIONS, REVOKE_OPTIONS } from "../../authority_options.ts";
import { disclosedSecret, type KeyRing, openKeyRing, secretIn } from "../../keys/mod.ts";
import { openStateFolder } from "../opened_state_folder.ts";
import { checkOutFile } from "../out_file.ts";

/** What all of these commands are given. */
export type AuthorityContext = CommandContext<typeof AUTHORITY_OPTIONS>;

/** What the commands are given that sign. */
export type SigningContext =
  & Pick<
    CommandContext<typeof REVOKE_OPTIONS>,
    "env" | "stdin" | "stdout" | "stderr" | "signal" | "logger"
  >
  & {
    /** The settings of the command. */
    readonly settings: Pick<
      CommandContext<typeof REVOKE_OPTIONS>["settings"],
      "stateDir" | "keyStore" | "auditLog" | "json"
    >;
  };

/** The place of the machine's own keys and clock, for tests. */
export interface AuthorityParts {
  /** The stored keys. @default those of the folder of state */
  readonly ring?: KeyRing;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** The kind of the keys of an authority that is made. @default {"P-256"} */
  readonly type?: KeyType;
}

/** An authority, and where its secret is. */
export interface AuthorityDesk {
  /** The authority. */
  readonly authority: Authority;
  /** The stored keys. */
  readonly ring: KeyRing;
}

/** Opens the authority for a command that looks at it. */
export async function openToRead(
  context: AuthorityContext,
  parts: AuthorityParts,
): Promise<AuthorityDesk> {
  const settings = { ...context.settings, keyStore: "auto", auditLog: undefined } as const;
  return await openToSign({ ...context, settings }, parts);
}

/** Opens the authority for a command that signs, which puts on record what it does. */
export async function openToSign(
  context: SigningContext,
  parts: AuthorityParts,
): Promise<AuthorityDesk> {
  const { settings: { keyStore, auditLog }, env, stdin, stderr, signal, logger } = context;
  const stateFolder = openStateFolder(context);
  const ring = parts.ring ?? openKeyRing({ env, stdin, stderr, signal, stateFolder });
  const audit = new AuditFile(findAuditLog({ stateFolder, auditLog }), { logger });
  const { type, now } = parts;
  const authority = await openAuthority(ring, {
    stateFolder,
    env,
    keyStore,
    audit,
    ...(type === undefined ? {} : { type }),
    ...(now === undefined ? {} : { now }),
  });
  return { authority, ring };
}

/** What the operator has to change, and not the state of the machine. */
const MISTAKES: readonly AuthorityErrorCode[] = [
  "authority-missing",
  "certificate-revoked",
  "certificate-unknown",
  "key-refused",
  "name-refused",
  "request-malformed",
  "request-unsigned",
];

/** Does what an operator asks of the authority; what he has to change is a {@linkcode ConfigError}. */
export async function asOperator<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthorityError) || !MISTAKES.includes(error.code)) throw error;
    const { message, hint } = error;
    throw new ConfigError(message, hint === undefined ? {} : { hint });
  }
}

const SERIAL = /^[0-9a-f]{32}$/;

/**
 * Returns the serial number among the operands, in lower case and without the colons that programs write
 * between its bytes; `null` where there is none.
 *
 * @throws {ConfigError} for several, and for anything else, which is not repeated.
 */
export function readSerial({ operands }: Pick<CommandContext, "operands">): string | null {
  const [operand, ...others] = operands;
  if (operand === undefined) return null;
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  const serial = operand.replaceAll(":", "").toLowerCase();
  if (others.length === 0 && SERIAL.test(serial)) return serial;
  throw new ConfigError(
    others.length === 0 ? "the argument is no serial number" : "there are too many arguments",
    { hint: "Give one, 32 characters of hex: fluxvault-keeper ca list shows them." },
  );
}

/** Makes the error for an authority that is needed and not there. */
export function missingAuthority({ where }: Authority): ConfigError {
  return new ConfigError(`there is no certificate authority in ${where}`, {
    hint: "Make it: fluxvault-keeper ca init. Or name another folder with --state-dir.",
  });
}

/** Who may read what is public. */
const PUBLIC_MODE = 0o644;

/**
 * Writes what is public to the file that `--out` names, or to standard output.
 *
 * @throws {ConfigError} if it names something else than a file; {@linkcode StorageError} if it cannot be
 * written.
 */
export async function writeOut(
  { stdout }: Pick<CommandContext, "stdout">,
  text: string,
  out: string | undefined,
): Promise<void> {
  if (out === undefined) return await stdout.write(text);
  await checkOutFile(out);
  await writeFileAtomically(out, encodeUtf8(text), { mode: PUBLIC_MODE });
}

/** Reads a file of the operator. */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw storageError(error, `read ${JSON.stringify(path)}`);
  }
}
