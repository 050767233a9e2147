/**
 * What is delivered where agents remove all that they were ever given.
 *
 * @module
 */
import { encodeHex, encodeManifest } from "../../protocol/mod.ts";
import type { Delivery, LevelDelivery } from "./delivery.ts";

/** Makes a delivery that has every agent remove all; what the vault holds plays no part. */
export async function prepareWipe(): Promise<Delivery> {
  const manifest = await encodeManifest([], { isWipe: true });
  const given: LevelDelivery = {
    source: { entries: [], hooks: [], missing: new Set(), open: () => Promise.resolve(null) },
    manifest,
    certificates: [],
    withheld: [],
    faults: [],
    declaredDigest: encodeHex(manifest.digest),
  };
  return { totalBytes: 0, textFacts: new Map(), at: () => Promise.resolve(given) };
}
