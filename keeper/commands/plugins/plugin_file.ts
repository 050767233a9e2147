/**
 * The package of a plugin as a file of the operator's, and the signature beside it.
 *
 * @module
 */
import {
  type Bytes,
  ConfigError,
  encodeUtf8,
  MAX_PLUGIN_BYTES,
  parsePluginPackage,
  type PluginPackage,
  ProtocolError,
} from "../../../protocol/mod.ts";
import {
  type CommandContext,
  storageError,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import { disclosedSecret, secretIn } from "../../keys/mod.ts";

/** Who may read a package and its signature: there is no secret in them. */
const PACKAGE_MODE = 0o644;
/** A signature, its newline, and room for what an editor puts there. */
const MAX_SIGNATURE_BYTES = 256;
const SIGNATURE = /^[A-Za-z0-9+/]{87}=$/;
const BUILD_HINT = "Make it: fluxvault-keeper plugin build SOURCE --out FILE.";

/** A package that was read. */
export interface PluginFile {
  /** Where it is. */
  readonly path: string;
  /** All of it, as it is signed and sent. */
  readonly bytes: Bytes;
  /** What is in it. */
  readonly plugin: PluginPackage;
}

/** Returns where the signature of a package is. */
export function signaturePathOf(path: string): string {
  return `${path}.sig`;
}

/**
 * Reads the only operand, which names a file.
 *
 * @throws {ConfigError} where there is none, or more, or it is a secret, which is not repeated.
 */
export function readFileOperand(
  { operands }: Pick<CommandContext, "operands">,
  what: string,
): string {
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  const [path, ...others] = operands;
  if (path === undefined || others.length > 0) {
    throw new ConfigError(`one ${what} has to be named`, { hint: "Give one file." });
  }
  return path;
}

/**
 * Reads a package.
 *
 * @throws {ConfigError} where there is none, or what is there is no plugin.
 * @throws {StorageError} where it cannot be read.
 */
export async function readPluginFile(path: string): Promise<PluginFile> {
  const bytes = await readBounded(path, MAX_PLUGIN_BYTES);
  if (bytes === null) {
    throw new ConfigError(`there is no file ${JSON.stringify(path)}`, { hint: BUILD_HINT });
  }
  try {
    return { path, bytes, plugin: parsePluginPackage(bytes) };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new ConfigError(`${JSON.stringify(path)} is no package of a plugin: ${cause.message}`, {
      hint: BUILD_HINT,
    });
  }
}

/**
 * Reads the signature beside a package.
 *
 * @returns The signature, or `null` where there is no such file.
 * @throws {ConfigError} where the file holds something else.
 * @throws {StorageError} where it cannot be read.
 */
export async function readSignatureOf(path: string): Promise<string | null> {
  const file = signaturePathOf(path);
  const bytes = await readBounded(file, MAX_SIGNATURE_BYTES);
  if (bytes === null) return null;
  const text = new TextDecoder().decode(bytes).trim();
  if (SIGNATURE.test(text)) return text;
  throw new ConfigError(`${JSON.stringify(file)} is no signature`, {
    hint: "Sign the package anew: fluxvault-keeper plugin sign FILE.",
  });
}

/**
 * Writes a package and, where there is one, its signature. The signature of what was there before goes
 * first: at no time is one beside a package that it is not of.
 *
 * @throws {StorageError} where one of them cannot be written.
 */
export async function writePluginFile(
  { path, bytes }: Pick<PluginFile, "path" | "bytes">,
  signature: string | null,
): Promise<void> {
  const beside = signaturePathOf(path);
  try {
    await Deno.remove(beside);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw storageError(error, `remove ${JSON.stringify(beside)}`);
    }
  }
  await writeFileAtomically(path, bytes, { mode: PACKAGE_MODE });
  if (signature !== null) await writeSignatureOf(path, signature);
}

/**
 * Writes the signature of a package beside it, as one line.
 *
 * @returns Where it is.
 * @throws {StorageError} where it cannot be written.
 */
export async function writeSignatureOf(path: string, signature: string): Promise<string> {
  const file = signaturePathOf(path);
  await writeFileAtomically(file, encodeUtf8(`${signature}\n`), { mode: PACKAGE_MODE });
  return file;
}

/** Reads a file that is no longer than it may be; `null` where there is none. */
async function readBounded(path: string, maxBytes: number): Promise<Bytes | null> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (isFile && size <= maxBytes) return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw storageError(error, `read ${JSON.stringify(path)}`);
  }
  throw new ConfigError(`${JSON.stringify(path)} is no file, or longer than ${maxBytes} bytes`, {
    hint: BUILD_HINT,
  });
}
