/**
 * When something that ended is started again.
 *
 * @module
 */

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
const MAX_ENDS = 5;
const WINDOW_MS = 10 * 60_000;

/** Waits longer from end to end, and gives up after five ends within ten minutes. */
export class BackOff {
  #endsMs: number[] = [];
  #ends = 0;

  /**
   * Takes note of an end, and returns after how many milliseconds the next start is: 1 s, 2 s, 4 s up to
   * 60 s, from the beginning again after ten minutes without an end; `null` for never.
   */
  next(nowMs: number): number | null {
    this.#endsMs = this.#endsMs.filter((endMs) => nowMs - endMs < WINDOW_MS);
    if (this.#endsMs.length === 0) this.#ends = 0;
    this.#endsMs.push(nowMs);
    if (this.#endsMs.length >= MAX_ENDS) return null;
    return Math.min(FIRST_DELAY_MS * 2 ** this.#ends++, MAX_DELAY_MS);
  }
}
