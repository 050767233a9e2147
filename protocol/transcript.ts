/**
 * The transcript: what binds everything later to the two opening lines (spec, section 3).
 *
 * @module
 */
import { type Bytes, concatBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";

/**
 * Hashes the two opening lines as they crossed the wire, newlines included.
 *
 * @returns The transcript T: 32 bytes.
 */
export function hashTranscript(lineFromAgent: Bytes, lineFromKeeper: Bytes): Promise<Bytes> {
  return sha256Digest(concatBytes(lineFromAgent, lineFromKeeper));
}
