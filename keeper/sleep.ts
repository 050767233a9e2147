/**
 * Waiting that can be cut short.
 *
 * @module
 */
import { delay as waitFor } from "../protocol/mod.ts";
import { MAX_TIMER_MS } from "./limits.ts";

/** Waits; rejects with the reason of the signal. */
export type Delay = (durationMs: number, signal: AbortSignal) => Promise<void>;

/** What ends a wait. */
export interface SleepOptions {
  /** A wake-up call. */
  readonly wake: Promise<void>;
  /** The end of everything; the wait ends and does not reject. */
  readonly signal: AbortSignal;
  /** The clock; the real one by default. */
  readonly delay?: Delay | undefined;
}

/** Waits for a time, a wake-up call, or the end. */
export async function sleep(durationMs: number, options: SleepOptions): Promise<void> {
  const { wake, signal, delay = waitFor } = options;
  const nap = new AbortController();
  const stop = () => nap.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) nap.abort();
  const napping = delay(Math.min(Math.max(durationMs, 0), MAX_TIMER_MS), nap.signal)
    .catch(() => {});
  await Promise.race([napping, wake]);
  nap.abort();
  signal.removeEventListener("abort", stop);
}
