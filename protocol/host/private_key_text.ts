/**
 * Texts that look like private keys: whoever gives one in the wrong place does not see it again.
 *
 * @module
 */

/** The letters of base58 alone, as many as a key in WIF has. */
const LIKE_WIF = /^[1-9A-HJ-NP-Za-km-z]{51,52}$/;
const LIKE_HEX = /^(?:0x)?[0-9a-fA-F]{64}$/;

/** Tells whether a text looks like a private key, mistyped ones and those of test networks included. */
export function looksLikePrivateKey(text: string): boolean {
  return LIKE_WIF.test(text) || LIKE_HEX.test(text);
}
