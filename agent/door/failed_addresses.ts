/**
 * The addresses whose connections keep coming to no session, for as long as they are remembered.
 *
 * @module
 */
import {
  FAILURE_FORGIVEN_MS,
  FAILURE_MEMORY_MS,
  FREE_FAILURES,
  MAX_FAILED_ADDRESSES,
} from "../limits.ts";

/** The options of {@linkcode FailedAddresses}. */
export interface FailedAddressesOptions {
  /** How many failures an address may have outstanding without a penalty. @default {4} */
  readonly freeFailures?: number;
  /** How many addresses are remembered. @default {1024} */
  readonly maxAddresses?: number;
  /** The time now, in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

/** How heavy a failure is. */
export interface FailureWeight {
  /** After how long it is forgiven, in milliseconds. @default {60_000} */
  readonly forgivenMs?: number;
}

/** Counts failures; one is forgiven a minute, and all ten minutes after the last. */
export class FailedAddresses {
  readonly #freeMs: number;
  readonly #maxAddresses: number;
  readonly #now: () => number;
  /** When each address will have been forgiven everything: a minute away for each failure. */
  readonly #clearMs = new Map<string, number>();

  /** Starts with nothing remembered. */
  constructor(options: FailedAddressesOptions = {}) {
    this.#freeMs = (options.freeFailures ?? FREE_FAILURES) * FAILURE_FORGIVEN_MS;
    this.#maxAddresses = options.maxAddresses ?? MAX_FAILED_ADDRESSES;
    this.#now = options.now ?? (() => performance.now());
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#clearMs.size;
  }

  /** Counts a failure. */
  note(key: string, { forgivenMs = FAILURE_FORGIVEN_MS }: FailureWeight = {}): void {
    const now = this.#now();
    const clearMs = Math.max(now, this.#clearMs.get(key) ?? now) + forgivenMs;
    this.#clearMs.set(key, Math.min(clearMs, now + FAILURE_MEMORY_MS));
    if (this.#clearMs.size > this.#maxAddresses) this.#forgetLeastGuilty();
  }

  /** Returns how many failures of an address are outstanding. */
  countOf(key: string): number {
    return Math.ceil(this.#outstandingMs(key) / FAILURE_FORGIVEN_MS);
  }

  /** Tells whether more failures are outstanding than go without a penalty. */
  isPenalised(key: string): boolean {
    return this.#outstandingMs(key) > this.#freeMs;
  }

  /** Forgets all failures of an address. */
  clear(key: string): void {
    this.#clearMs.delete(key);
  }

  /** Returns how long it takes until everything is forgiven. */
  #outstandingMs(key: string): number {
    return Math.max(0, (this.#clearMs.get(key) ?? -Infinity) - this.#now());
  }

  #forgetLeastGuilty(): void {
    let least: readonly [string, number] | null = null;
    for (const entry of this.#clearMs) {
      if (least === null || entry[1] < least[1]) least = entry;
    }
    if (least !== null) this.#clearMs.delete(least[0]);
  }
}
