/**
 * How often something may happen.
 *
 * @module
 */

/** The options of a {@linkcode RateLimit}. */
export interface RateLimitOptions {
  /** How often it may happen at once. */
  readonly burst: number;
  /** How often it may happen in a second, in the long run. */
  readonly perSecond: number;
  /** The time in milliseconds, from any moment on. @default {performance.now} */
  readonly now?: () => number;
}

/** Counts what happens against what may. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #now: () => number;
  #left: number;
  #atMs: number;

  /** Begins with all that may happen at once. */
  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#left = options.burst;
    this.#atMs = this.#now();
  }

  /** Tells whether it may happen now, and counts it if so. */
  take(): boolean {
    this.#refill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Counts it, and returns in how many milliseconds it may happen: in turn, 0 for now. */
  reserve(): number {
    this.#refill();
    this.#left--;
    return Math.max(0, -this.#left / this.#options.perSecond * 1_000);
  }

  #refill(): void {
    const { burst, perSecond } = this.#options;
    const nowMs = this.#now();
    this.#left = Math.min(burst, this.#left + (nowMs - this.#atMs) / 1_000 * perSecond);
    this.#atMs = nowMs;
  }
}
