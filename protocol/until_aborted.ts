/**
 * Waiting that a signal ends.
 *
 * @module
 */
import { createDeferred } from "./deferred.ts";

/**
 * Waits for work, but no longer than the signal lets it; what the work throws then is dropped.
 *
 * @throws What the work throws; the reason of the signal, also where it has fired before.
 *
 * @example
 * ```ts
 * import { untilAborted } from "@fluxvault/fluxvault/protocol";
 *
 * const endless = new Promise<void>(() => {});
 * const stopped = untilAborted(endless, AbortSignal.abort("enough"));
 * console.assert(await stopped.catch((reason) => reason) === "enough");
 * ```
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = createDeferred<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
