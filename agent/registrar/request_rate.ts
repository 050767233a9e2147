/**
 * How many requests each address may make: some at once, and then one after the other.
 *
 * @module
 */
import { MAX_REGISTRAR_ADDRESSES, REGISTRAR_BURST, REGISTRAR_PAUSE_MS } from "../limits.ts";

/** The options of {@linkcode RequestRate}. */
export interface RequestRateOptions {
  /** How many may be made at once. @default {12} */
  readonly burst?: number;
  /** After how long one more may be made, in milliseconds. @default {1_000} */
  readonly pauseMs?: number;
  /** Of how many addresses that is counted. @default {1_024} */
  readonly maxAddresses?: number;
  /** The time in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

/** What all addresses share beyond the greatest number. */
const OTHERS = "";

/** Counts requests by address. */
export class RequestRate {
  readonly #burst: number;
  readonly #pauseMs: number;
  readonly #maxAddresses: number;
  readonly #now: () => number;
  /** When each address is where it would be had it never asked; in the order in which they asked. */
  readonly #restedMs = new Map<string, number>();

  /** Has counted nothing yet. */
  constructor(options: RequestRateOptions = {}) {
    this.#burst = options.burst ?? REGISTRAR_BURST;
    this.#pauseMs = options.pauseMs ?? REGISTRAR_PAUSE_MS;
    this.#maxAddresses = options.maxAddresses ?? MAX_REGISTRAR_ADDRESSES;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Counts a request; tells whether it may be made. */
  take(address: string): boolean {
    const now = this.#now();
    const key = this.#keyFor(address, now);
    const restedMs = Math.max(now, this.#restedMs.get(key) ?? now);
    if (restedMs - now > (this.#burst - 1) * this.#pauseMs) return false;
    this.#restedMs.delete(key);
    this.#restedMs.set(key, restedMs + this.#pauseMs);
    return true;
  }

  #keyFor(address: string, now: number): string {
    if (this.#restedMs.has(address)) return address;
    if (this.#restedMs.size >= this.#maxAddresses) {
      for (const [key, restedMs] of this.#restedMs) {
        if (restedMs <= now) this.#restedMs.delete(key);
      }
    }
    return this.#restedMs.size < this.#maxAddresses ? address : OTHERS;
  }
}
