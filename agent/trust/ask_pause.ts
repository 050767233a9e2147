/**
 * How long to wait before the Flux network is asked again.
 *
 * @module
 */
import { FIRST_ASK_PAUSE_MS, MAX_ASK_PAUSE_MS } from "../limits.ts";

/**
 * Returns the pause after a round without an answer, in milliseconds: between the half and the whole of
 * a bound that doubles.
 *
 * @param round The number of the round, from 0.
 * @param random Returns a number from 0 up to but excluding 1.
 */
export function askPauseMs(round: number, random: () => number): number {
  const boundMs = Math.min(MAX_ASK_PAUSE_MS, FIRST_ASK_PAUSE_MS * 2 ** round);
  return Math.round(boundMs * (1 + random()) / 2);
}
