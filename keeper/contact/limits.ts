/**
 * Every number of what agents may call of a keeper, in one place. Times are in milliseconds.
 *
 * @module
 */

/** How long the certificate of an agent lives: it asks for another at two thirds. */
export const AGENT_LIFETIME_MS = 86_400_000;
/** The longest request for a certificate, in characters of base64. */
export const MAX_REQUEST_CHARACTERS = 12_000;
/** How many calls of an agent that fail are in the log, of each session. */
export const MAX_LOGGED_FAILURES = 20;
