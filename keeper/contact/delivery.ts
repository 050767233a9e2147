/**
 * What the vault holds, made ready for any number of deliveries at once: to each level of trust what
 * it may have.
 *
 * @module
 */
import {
  type EncodedManifest,
  encodeHex,
  encodeManifest,
  encodeUtf8,
  sha256Digest,
} from "../../protocol/mod.ts";
import type { TextFactsCache } from "../../protocol/original/mod.ts";
import { reachesLevel, type TrustGround, type TrustLevel } from "../trust/mod.ts";
import type { ManagedFile } from "../vault/managed_files.ts";
import type { Vault, VaultInspectOptions, VaultView } from "../vault/vault.ts";

/** A file that an agent was not given, because the file asks for more than the agent's level. */
export interface WithheldFile {
  /** Where it would go. */
  readonly path: string;
  /** The level that it asks for. */
  readonly required: TrustGround;
}

/** What agents of one level are given. */
export interface LevelDelivery {
  /** The files; those that are withheld are neither entries nor missing, so they are denied. */
  readonly view: VaultView;
  /** Their manifest. */
  readonly manifest: EncodedManifest;
  /** The files that are left out, in the order of the options. */
  readonly withheld: readonly WithheldFile[];
}

/** What is delivered to the agents of a fleet. */
export interface Delivery {
  /** How many bytes all files have together. */
  readonly totalBytes: number;
  /** The SHA-256 in hex of all that is declared, whatever an agent's level. */
  readonly digest: string;
  /** What nodes of the original would know of the files, worked out once for all of them. */
  readonly textFacts: TextFactsCache;
  /** Returns what agents of a level are given; worked out when the first of them comes. */
  at(level: TrustLevel): Promise<LevelDelivery>;
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
  const whole: LevelDelivery = { view, manifest, withheld: [] };
  const byLevel = new Map<TrustLevel, Promise<LevelDelivery>>();
  return {
    totalBytes: view.entries.reduce(
      (sum, entry) => sum + (entry.kind === "file" ? entry.size : 0),
      0,
    ),
    digest: await digestOf(manifest, files),
    textFacts: new Map(),
    at(level: TrustLevel): Promise<LevelDelivery> {
      const known = byLevel.get(level);
      if (known !== undefined) return known;
      const delivery = restrict(whole, files, level);
      byLevel.set(level, delivery);
      return delivery;
    },
  };
}

/** Where no file asks for a level, it is the digest of the manifest that all agents get. */
async function digestOf(
  manifest: EncodedManifest,
  files: readonly ManagedFile[],
): Promise<string> {
  const digest = encodeHex(manifest.digest);
  const demands = files.flatMap(({ remote, requires }) => {
    return requires === undefined ? [] : [[remote, requires]];
  });
  if (demands.length === 0) return digest;
  return encodeHex(await sha256Digest(encodeUtf8(JSON.stringify([digest, demands.sort()]))));
}

async function restrict(
  whole: LevelDelivery,
  files: readonly ManagedFile[],
  level: TrustLevel,
): Promise<LevelDelivery> {
  const withheld = files.flatMap(({ remote, requires }): WithheldFile[] => {
    const isGiven = requires === undefined || reachesLevel(level, requires);
    return isGiven ? [] : [{ path: remote, required: requires }];
  });
  if (withheld.length === 0) return whole;
  const paths = new Set(withheld.map(({ path }) => path));
  const { view } = whole;
  const entries = view.entries.filter(({ path }) => !paths.has(path));
  return {
    view: {
      entries,
      missing: new Set([...view.missing].filter((path) => !paths.has(path))),
      faults: view.faults.filter(({ file }) => !paths.has(file.remote)),
      open: (entry, from) => view.open(entry, from),
    },
    manifest: await encodeManifest(entries),
    withheld,
  };
}
