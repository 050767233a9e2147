/**
 * Who says that a plugin is his: how the key is found, and what it signs.
 *
 * @module
 */
import { recoverSigner } from "../../../flux/mod.ts";
import {
  type Bytes,
  composePluginStatement,
  ConfigError,
  type PluginManifest,
  type StatementSigner,
} from "../../../protocol/mod.ts";
import type { CommandContext } from "../../../protocol/host/mod.ts";
import { findSigner, type KeyRing } from "../../keys/mod.ts";
import type { PLUGIN_SIGN_OPTIONS } from "../../plugin_options.ts";
import { openStateFolder } from "../opened_state_folder.ts";

/** What a key is looked for with. */
export type PluginSignContext = CommandContext<typeof PLUGIN_SIGN_OPTIONS>;

/** What of a plugin is signed. */
export interface SignedPlugin {
  /** The whole package. */
  readonly bytes: Bytes;
  /** What it says of itself. */
  readonly manifest: PluginManifest;
}

/**
 * Finds the key of `--zelid`.
 *
 * @param ring The stored keys; those of the context where it is not given.
 * @throws {ConfigError} where no address is named, or there is no such key.
 */
export async function findPluginSigner(
  context: PluginSignContext,
  ring?: KeyRing,
): Promise<StatementSigner> {
  const { settings: { zelid, keyStore }, env, stdin, stderr, signal, logger } = context;
  if (zelid === undefined) {
    throw new ConfigError("whose key signs has to be named", {
      setting: "--zelid",
      hint: "Give an address: fluxvault-keeper keys list shows those that are stored.",
    });
  }
  const stateFolder = openStateFolder(context);
  const search = { env, stdin, stderr, signal, logger, stateFolder, keyStore, zelid };
  return ring === undefined ? await findSigner(search) : await findSigner(search, ring);
}

/** Signs a package; section 14 of the spec says what that covers. */
export async function signPluginPackage(
  signer: StatementSigner,
  plugin: SignedPlugin,
): Promise<string> {
  return await signer.sign(await statementOf(plugin));
}

/**
 * Works out who signed a package. A signature of something else leads to an address that nobody has:
 * compare it.
 *
 * @returns `null` where it is no signature.
 */
export async function recoverPluginSigner(
  signature: string,
  plugin: SignedPlugin,
): Promise<string | null> {
  return await recoverSigner(await statementOf(plugin), signature);
}

/** Returns the SHA-256 of a package. */
export async function digestPackage(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

async function statementOf({ bytes, manifest }: SignedPlugin): Promise<string> {
  return composePluginStatement({
    name: manifest.name,
    pluginVersion: manifest.version,
    digest: await digestPackage(bytes),
  });
}
