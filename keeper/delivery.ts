/**
 * What the vault holds, made ready for any number of deliveries at once.
 *
 * @module
 */
import { type EncodedManifest, encodeManifest } from "../protocol/mod.ts";
import type { TextFactsCache } from "../protocol/original/mod.ts";
import type { ManagedFile } from "./vault/managed_files.ts";
import type { Vault, VaultInspectOptions, VaultView } from "./vault/vault.ts";

/** What is delivered to each agent of a fleet. */
export interface Delivery {
  /** The files. */
  readonly view: VaultView;
  /** Their manifest, encoded once for all agents. */
  readonly manifest: EncodedManifest;
  /** How many bytes all files have together. */
  readonly totalBytes: number;
  /** What nodes of the original would know of the files, worked out once for all of them. */
  readonly textFacts: TextFactsCache;
}

/**
 * Looks into the vault.
 *
 * @throws {StorageError} if the vault cannot be read.
 * @throws {ProtocolError} if the files make no manifest: there are too many.
 */
export async function prepareDelivery(
  vault: Vault,
  files: readonly ManagedFile[],
  options: VaultInspectOptions = {},
): Promise<Delivery> {
  const view = await vault.inspect(files, options);
  const manifest = await encodeManifest(view.entries);
  const totalBytes = view.entries.reduce((sum, { size }) => sum + size, 0);
  return { view, manifest, totalBytes, textFacts: new Map() };
}
