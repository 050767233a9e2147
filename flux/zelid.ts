/**
 * ZelIDs, also called Flux IDs: the address by which the Flux network knows a key.
 *
 * A ZelID is a Bitcoin mainnet P2PKH address: base58check of a byte 0x00 and the 20 bytes of
 * RIPEMD-160(SHA-256(public key)). Other addresses, of a test network, of a script or of another chain,
 * name other things though some share the 20 bytes, so the first byte is checked.
 *
 * @module
 */
import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { createBase58check } from "@scure/base";

/** Base58 with the four bytes of double SHA-256 behind it. */
const BASE58_CHECK = createBase58check(sha256);
const MAINNET_P2PKH = 0x00;
const HASH_BYTES = 20;
/** As long as the longest private key; base58 takes a time that grows with the square of the length. */
const MAX_TEXT_LENGTH = 52;

/**
 * Tells whether a text is a ZelID.
 *
 * @example
 * ```ts
 * import { isZelId } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(isZelId("1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"));
 * console.assert(!isZelId("0xfaA2ca6454F2815C0900da1d4BfbD53072C736eb"));
 * ```
 */
export function isZelId(text: string): boolean {
  const bytes = decodeBase58Check(text);
  return bytes?.length === 1 + HASH_BYTES && bytes[0] === MAINNET_P2PKH;
}

/**
 * Returns the ZelID of a public key.
 *
 * @param publicKey As SEC 1 has it: 33 bytes compressed, or 65 bytes; the two have different ZelIDs.
 *
 * @example
 * ```ts
 * import { zelIdOf } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(zelIdOf(new Uint8Array(33)).startsWith("1"));
 * ```
 */
export function zelIdOf(publicKey: Uint8Array): string {
  const payload = new Uint8Array(1 + HASH_BYTES);
  payload[0] = MAINNET_P2PKH;
  payload.set(ripemd160(sha256(publicKey)), 1);
  return BASE58_CHECK.encode(payload);
}

/** Reads base58check of at most 52 characters; `null` where a text is none. */
export function decodeBase58Check(text: string): Uint8Array | null {
  if (text.length > MAX_TEXT_LENGTH) return null;
  try {
    return BASE58_CHECK.decode(text);
  } catch {
    // Its message quotes the text, which may be a private key: it goes no further.
    return null;
  }
}

/** Writes base58check. */
export function encodeBase58Check(payload: Uint8Array): string {
  return BASE58_CHECK.encode(payload);
}
