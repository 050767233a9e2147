/**
 * Waiting on the real clock.
 *
 * @module
 */

/**
 * Resolves after a time.
 *
 * @param durationMs How long to wait, in milliseconds; what a timer can run, below 25 days.
 * @throws The reason of the signal, as soon as it is aborted.
 *
 * @example
 * ```ts
 * import { delay } from "@fluxvault/fluxvault/protocol";
 *
 * const stopped = delay(60_000, AbortSignal.abort("enough"));
 * console.assert(await stopped.catch((reason) => reason) === "enough");
 * ```
 */
export function delay(durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, durationMs);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
