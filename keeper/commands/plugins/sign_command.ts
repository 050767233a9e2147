/**
 * `fluxvault-keeper plugin sign`: says with the keeper's key that a plugin is its own.
 *
 * @module
 */
import {
  type Bytes,
  composePluginStatement,
  ConfigError,
  encodeUtf8,
  MAX_PLUGIN_BYTES,
  parsePluginPackage,
  type PluginManifest,
  ProtocolError,
} from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  storageError,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import { disclosedSecret, findSigner, type KeyRing, secretIn } from "../../keys/mod.ts";
import type { PLUGIN_SIGN_OPTIONS } from "../../plugin_options.ts";
import { openStateFolder } from "../opened_state_folder.ts";

/** What signs a plugin is given. */
export type PluginSignContext = CommandContext<typeof PLUGIN_SIGN_OPTIONS>;

/** Who may read a package and its signature: there is no secret in them. */
export const PACKAGE_MODE = 0o644;

/** Signs a package that was built before. */
export async function signPlugin(context: PluginSignContext, ring?: KeyRing): Promise<number> {
  const { settings: { zelid, json }, stdout } = context;
  const path = readFileOperand(context, "package of a plugin");
  if (zelid === undefined) {
    throw new ConfigError("whose key signs has to be named", {
      setting: "--zelid",
      hint: "Give an address: fluxvault-keeper keys list shows those that are stored.",
    });
  }
  const bytes = await readPackage(path);
  const { manifest } = parsePackage(bytes, path);
  const signed = await writeSignature(context, { path, bytes, manifest, zelid, ring });
  await stdout.write(
    json
      ? `${JSON.stringify({ name: manifest.name, version: manifest.version, ...signed })}\n`
      : `signed ${manifest.name} ${manifest.version} as ${signed.signer}: ${signed.signature}\n`,
  );
  return EXIT_DONE;
}

/** A package that is to be signed. */
export interface SignOrder {
  /** Where the package is. */
  readonly path: string;
  /** The package. */
  readonly bytes: Bytes;
  /** What it says of itself. */
  readonly manifest: PluginManifest;
  /** The address whose key signs. */
  readonly zelid: string;
  /** The stored keys; those of the context where it is not given. */
  readonly ring?: KeyRing | undefined;
}

/**
 * Signs a package and writes the signature beside it, as one line.
 *
 * @returns Who signed, and the file of the signature.
 * @throws {ConfigError} where there is no such key.
 */
export async function writeSignature(
  context: PluginSignContext,
  { path, bytes, manifest, zelid, ring }: SignOrder,
): Promise<{ readonly signer: string; readonly signature: string }> {
  const { settings: { keyStore }, env, stdin, stderr, signal, logger } = context;
  const stateFolder = openStateFolder(context);
  const search = { env, stdin, stderr, signal, logger, stateFolder, keyStore, zelid };
  const signer = await (ring === undefined ? findSigner(search) : findSigner(search, ring));
  const statement = composePluginStatement({
    name: manifest.name,
    pluginVersion: manifest.version,
    digest: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)),
  });
  const signature = `${path}.sig`;
  const line = encodeUtf8(`${await signer.sign(statement)}\n`);
  await writeFileAtomically(signature, line, { mode: PACKAGE_MODE });
  return { signer: signer.address, signature };
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

async function readPackage(path: string): Promise<Bytes> {
  try {
    const { size } = await Deno.stat(path);
    if (size <= MAX_PLUGIN_BYTES) return await Deno.readFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw storageError(error, `read ${JSON.stringify(path)}`);
    }
    throw new ConfigError(`there is no file ${JSON.stringify(path)}`, {
      hint: "Make it: fluxvault-keeper plugin build.",
    });
  }
  throw new ConfigError(`${JSON.stringify(path)} is too long for a plugin`);
}

function parsePackage(bytes: Bytes, path: string): { readonly manifest: PluginManifest } {
  try {
    return parsePluginPackage(bytes);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new ConfigError(`${JSON.stringify(path)} is no plugin: ${cause.message}`, {
      hint: "Make it: fluxvault-keeper plugin build.",
      cause,
    });
  }
}
