/**
 * Fingerprints of secret contents that give nothing away to who does not have the key.
 *
 * The plain digest of a weak secret is as good as the secret to whoever can guess.
 *
 * @module
 */
import { type Bytes, encodeHex } from "../../protocol/mod.ts";
import { CONTENTS_FINGERPRINT_BYTES } from "./limits.ts";

/** Returns the fingerprint of contents by their SHA-256: 32 characters of hex. */
export type ContentsFingerprint = (digest: Bytes) => Promise<string>;

/**
 * Makes fingerprints: the first 16 bytes of HMAC-SHA-256 over the SHA-256 of the contents.
 *
 * @param key 32 bytes, which never leave the machine of the keeper.
 *
 * @example
 * ```ts
 * import { createContentsFingerprint } from "@fluxvault/fluxvault/keeper";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const fingerprint = await createContentsFingerprint(key);
 * const digestOf = async (text: string) =>
 *   new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
 * const known = await fingerprint(await digestOf("hunter2"));
 * console.assert(known === await fingerprint(await digestOf("hunter2")) && known.length === 32);
 * // Who guesses the secret and has not the key cannot tell that it is the one.
 * const guess = await createContentsFingerprint(new Uint8Array(32));
 * console.assert(known !== await guess(await digestOf("hunter2")));
 * ```
 */
export async function createContentsFingerprint(key: Bytes): Promise<ContentsFingerprint> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return async (digest) => {
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", imported, digest));
    return encodeHex(mac.subarray(0, CONTENTS_FINGERPRINT_BYTES));
  };
}
