/**
 * How long to wait before asking again.
 *
 * @module
 */

/** The bound of the first pause; each further bound is twice the one before. */
export const FIRST_BACK_OFF_MS = 500;
/** The bound that no pause of ours exceeds. */
export const MAX_BACK_OFF_MS = 8_000;
/** The longest wait that a server may ask for and get; beyond it the caller is told instead. */
export const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Returns the pause before a retry: exponential, with full jitter, so that many keepers that failed
 * together do not come back together.
 *
 * @param retry The number of the retry, from 0.
 * @param random A source of numbers from 0 up to but excluding 1.
 */
export function backOffMs(retry: number, random: () => number): number {
  return Math.floor(random() * Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** retry));
}

/**
 * Reads a `Retry-After` header: whole seconds, or an HTTP date.
 *
 * @returns The wait in milliseconds, at least 0, or `null` where the header says nothing.
 */
export function parseRetryAfterMs(header: string, nowMs: number): number | null {
  const text = header.trim();
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1_000;
  // An HTTP date starts with the name of a day; Date.parse alone would take "-5" for a year.
  if (!/^[A-Z][a-z]{2}/.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
