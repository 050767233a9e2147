/**
 * How long to wait before a hook that failed is run again.
 *
 * @module
 */
import { FIRST_HOOK_PAUSE_MS, MAX_HOOK_PAUSE_MS } from "../limits.ts";

/**
 * Returns the pause after a failure, in milliseconds: between the half and the whole of a bound that
 * doubles.
 *
 * @param failures How often it failed without a pause of its own, from 1.
 * @param random Returns a number from 0 up to but excluding 1.
 */
export function hookPauseMs(failures: number, random: () => number): number {
  const boundMs = Math.min(MAX_HOOK_PAUSE_MS, FIRST_HOOK_PAUSE_MS * 2 ** (failures - 1));
  return Math.round(boundMs * (1 + random()) / 2);
}
