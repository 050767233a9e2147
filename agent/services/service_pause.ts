/**
 * How long to wait before a service that has ended is started again.
 *
 * @module
 */
import { FIRST_SERVICE_PAUSE_MS, MAX_SERVICE_PAUSE_MS } from "../limits.ts";

/**
 * Returns the pause after an end, in milliseconds: between the half and the whole of a bound that
 * doubles from 1 to 60 s.
 *
 * @param ends How often it ended without having run for long, from 1.
 * @param random Returns a number from 0 up to but excluding 1.
 */
export function servicePauseMs(ends: number, random: () => number): number {
  const boundMs = Math.min(MAX_SERVICE_PAUSE_MS, FIRST_SERVICE_PAUSE_MS * 2 ** (ends - 1));
  return Math.round(boundMs * (1 + random()) / 2);
}
