/**
 * A call that waits until things are quiet.
 *
 * @module
 */
import type { Delay } from "../sleep.ts";

/** The options of a {@linkcode QuietCall}. */
export interface QuietCallOptions {
  /** How long it has to be quiet before the call, in milliseconds. */
  readonly quietMs: number;
  /** How long the call waits at most, in milliseconds. */
  readonly patienceMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Waits; rejects with the reason of the signal. */
  readonly delay: Delay;
  /** The time now in milliseconds. */
  readonly now: () => number;
}

/**
 * Calls once for any number of changes: when none came for a while, and after a longer while in any
 * case. What changes during a call is followed by another call.
 */
export class QuietCall {
  readonly #call: () => Promise<void>;
  readonly #options: QuietCallOptions;
  #lastMs = 0;
  #hasNews = false;
  #work: Promise<void> | null = null;

  /** Takes what is called; it must not reject. */
  constructor(call: () => Promise<void>, options: QuietCallOptions) {
    this.#call = call;
    this.#options = options;
  }

  /** Notes that something changed. */
  note(): void {
    this.#lastMs = this.#options.now();
    this.#hasNews = true;
    this.#work ??= this.#run().finally(() => this.#work = null);
  }

  /** Resolves when nothing is to be called any more. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (this.#hasNews && !signal.aborted) {
      await this.#untilQuiet();
      if (signal.aborted) return;
      this.#hasNews = false;
      await this.#call();
    }
  }

  async #untilQuiet(): Promise<void> {
    const { quietMs, patienceMs, signal, delay, now } = this.#options;
    const latestMs = now() + patienceMs;
    for (;;) {
      const leftMs = Math.min(this.#lastMs + quietMs, latestMs) - now();
      if (leftMs <= 0 || signal.aborted) return;
      await delay(leftMs, signal).catch(() => {});
    }
  }
}
