/**
 * Texts that look like private keys: whoever gives one in the wrong place does not see it again.
 *
 * @module
 */

/** The letters of base58 alone, as many as a key in WIF has. */
const LIKE_WIF = /^[1-9A-HJ-NP-Za-km-z]{51,52}$/;
const LIKE_HEX = /^(?:0x)?[0-9a-fA-F]{64}$/;

/** What to do about a secret on a command line. */
export const DISCLOSED_HINT = "It is now in the history of the shell and was in the list of " +
  "processes: regard it as disclosed and use another. Secrets are asked for, or read from " +
  "standard input.";

/** What is not part of a key where several things stand in one text. */
const BETWEEN_WORDS = /[^0-9A-Za-z]+/;

/** Tells whether there is something in a text that looks like a private key in WIF. */
export function holdsPrivateKey(text: string): boolean {
  return text.split(BETWEEN_WORDS).some((word) => LIKE_WIF.test(word));
}

/** Tells whether a text looks like a private key, mistyped ones and those of test networks included. */
export function looksLikePrivateKey(text: string): boolean {
  return LIKE_WIF.test(text) || LIKE_HEX.test(text);
}
