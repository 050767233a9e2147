/**
 * Looking after a service that runs: whether it is well, and how much memory it uses.
 *
 * @module
 */
import type { ServiceHealth } from "../../protocol/mod.ts";
import { SERVICE_MEMORY_INTERVAL_MS } from "../limits.ts";

/** How a service was found the last time that somebody looked. */
export type HealthState = "unknown" | "well" | "unwell";

/** What it takes to look after a service. */
export interface WatchOptions {
  /** Ends the looking. */
  readonly signal: AbortSignal;
  /** Waits; rejects with the reason of the signal. */
  readonly delay: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Looks from time to time whether a service is well.
 *
 * @returns Resolves once it was found unwell as often in a row as it may be.
 * @throws The reason of the signal.
 */
export async function watchHealth(
  { intervalS, retries }: ServiceHealth,
  { signal, delay, check, onLook }: WatchOptions & {
    readonly check: (signal: AbortSignal) => Promise<boolean>;
    readonly onLook: (state: HealthState) => void;
  },
): Promise<void> {
  for (let failures = 0; failures < retries;) {
    await delay(intervalS * 1_000, signal);
    const isWell = await check(signal);
    signal.throwIfAborted();
    failures = isWell ? 0 : failures + 1;
    onLook(isWell ? "well" : "unwell");
  }
}

/**
 * Looks from time to time how much memory a service uses.
 *
 * @returns Resolves once it uses more than it may.
 * @throws The reason of the signal, also where its use cannot be known.
 */
export async function watchMemory(
  maxBytes: number,
  { signal, delay, measure }: WatchOptions & { readonly measure: () => number | null },
): Promise<void> {
  for (;;) {
    await delay(SERVICE_MEMORY_INTERVAL_MS, signal);
    const bytes = measure();
    if (bytes !== null && bytes > maxBytes) return;
  }
}
