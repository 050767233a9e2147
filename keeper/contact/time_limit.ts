/**
 * The absolute time that one agent may take, which grows with what is really sent.
 *
 * @module
 */
import { MAX_TIMER_MS } from "../limits.ts";

/** Calls back once, after a time that can be extended while it runs. */
export class TimeLimit {
  readonly #onEnd: () => void;
  #endMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Since when it stands still, or `null`. */
  #standingSinceMs: number | null = null;
  #isCleared = false;

  /** Starts to run; the time is in milliseconds. */
  constructor(durationMs: number, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#endMs = performance.now() + durationMs;
    this.#arm();
  }

  /** Adds time in milliseconds. */
  extend(durationMs: number): void {
    this.#endMs += durationMs;
  }

  /** Stands still until {@linkcode TimeLimit.goOn}: meanwhile the time is somebody else's. */
  standStill(): void {
    this.#standingSinceMs ??= performance.now();
    clearTimeout(this.#timer);
  }

  /** Runs again, with the time that was left, but no more than this; does nothing where it runs. */
  goOn(maxMs: number = Infinity): void {
    if (this.#standingSinceMs === null) return;
    const nowMs = performance.now();
    this.#endMs = Math.min(this.#endMs + nowMs - this.#standingSinceMs, nowMs + maxMs);
    this.#standingSinceMs = null;
    if (!this.#isCleared) this.#arm();
  }

  /** Stops; nothing is called back any more. */
  clear(): void {
    this.#isCleared = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    // Extending costs nothing: the timer looks again when it fires.
    const leftMs = Math.min(this.#endMs - performance.now(), MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      if (performance.now() >= this.#endMs) this.#onEnd();
      else this.#arm();
    }, Math.max(0, leftMs));
  }
}
