/**
 * What is compressed in scenarios. What a compressor makes differs from one version to the next, so it
 * is written down here.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { inflateRawSync } from "node:zlib";

/** Returns compressed bytes in hex, once it is sure that a text comes of them. */
export function checkPacked(hex: string, text: string): string {
  if (inflateRawSync(Buffer.from(hex, "hex")).toString() === text) return hex;
  throw new Error(`something else comes of ${hex}`);
}
