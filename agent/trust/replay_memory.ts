/**
 * What was accepted once and must not be accepted again.
 *
 * @module
 */
import { MAX_REMEMBERED_STATEMENTS } from "../limits.ts";

/** How long something is remembered. */
export interface ReplayTerm {
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
  /** Until when it is remembered, in Unix milliseconds. */
  readonly untilMs: number;
}

/**
 * Remembers what was accepted until it would be refused anyway; what is oldest makes room.
 *
 * @example
 * ```ts
 * import { ReplayMemory } from "@fluxvault/fluxvault/agent";
 *
 * const accepted = new ReplayMemory();
 * const term = { nowMs: Date.now(), untilMs: Date.now() + 300_000 };
 * console.assert(accepted.admit("a keeper's statement", term));
 * console.assert(!accepted.admit("a keeper's statement", term)); // Somebody plays it again.
 * ```
 */
export class ReplayMemory {
  readonly #maxEntries: number;
  /** In the order of their arrival. */
  readonly #untilMs = new Map<string, number>();

  /**
   * Starts with nothing remembered.
   *
   * @param maxEntries How much is remembered at most; 16,384 by default.
   */
  constructor(maxEntries: number = MAX_REMEMBERED_STATEMENTS) {
    this.#maxEntries = maxEntries;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#untilMs.size;
  }

  /**
   * Takes what was found to be good.
   *
   * @returns Whether it comes for the first time.
   */
  admit(key: string, { nowMs, untilMs }: ReplayTerm): boolean {
    if ((this.#untilMs.get(key) ?? -Infinity) >= nowMs) return false;
    this.#untilMs.delete(key);
    this.#makeRoom(nowMs);
    this.#untilMs.set(key, untilMs);
    return true;
  }

  #makeRoom(nowMs: number): void {
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs >= nowMs && this.#untilMs.size < this.#maxEntries) return;
      this.#untilMs.delete(key);
    }
  }
}
