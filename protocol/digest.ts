/**
 * SHA-256 of what is in memory.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";

/** The length of a SHA-256 digest in bytes. */
export const DIGEST_BYTES = 32;

/**
 * Computes the SHA-256 digest of bytes in memory: 32 bytes.
 *
 * @example
 * ```ts
 * import { encodeHex, encodeUtf8, sha256Digest } from "@fluxvault/fluxvault/protocol";
 *
 * const digest = await sha256Digest(encodeUtf8("correct horse"));
 * console.assert(encodeHex(digest).length === 64);
 * ```
 */
export async function sha256Digest(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
