/**
 * When the files expire that no keeper renews.
 *
 * All that one keeper declares is renewed at once, by each of its deliveries. Time is counted by a
 * clock that does not jump; what passed while the agent did not run is the machine's word.
 *
 * @module
 */
import { CLOCK_JUMP_MS } from "../../limits.ts";
import type { Declarer, Inventory } from "./inventory.ts";

/** A renewal that is off by less than a fiftieth of the lease, in milliseconds a second, is good enough. */
const PART_OF_LEASE_MS = 20;

/** The time now. */
export interface Clock {
  /** Unix milliseconds: may jump. */
  readonly wallMs: number;
  /** Milliseconds since any moment: does not jump. */
  readonly steadyMs: number;
}

/** Reads the clocks of this machine. */
export function readClock(): Clock {
  return { wallMs: Date.now(), steadyMs: performance.now() };
}

/** When somebody's delivery was the last, in Unix milliseconds. */
export type Renewal = readonly [declarer: Declarer, renewedMs: number];

interface Age {
  /** How old the renewal was then. */
  readonly ageMs: number;
  /** The steady time then. */
  readonly steadyMs: number;
}

/** A file whose lease is over. */
export interface EndedLease {
  /** Who declared it: the address of a keeper's key, or `null` for keepers that do not sign. */
  readonly declarer: string | null;
  /** Its path, as the manifest has it. */
  readonly path: string;
}

/** What is due. */
export interface DueLeases {
  /** What has expired. */
  readonly expired: readonly EndedLease[];
  /** In how many milliseconds the next does; `null` where nothing expires. */
  readonly nextInMs: number | null;
}

/** Remembers renewals. */
export class LeaseBook {
  readonly #ages = new Map<Declarer, Age>();
  /** What was written down of each, in Unix milliseconds. */
  readonly #written = new Map<Declarer, number>();

  /** Takes up what an earlier process wrote down. */
  constructor(renewals: readonly Renewal[], { wallMs, steadyMs }: Clock) {
    for (const [declarer, renewedMs] of renewals) {
      // A clock that was set back says nothing of the time since.
      this.#ages.set(declarer, { ageMs: Math.max(0, wallMs - renewedMs), steadyMs });
      this.#written.set(declarer, renewedMs);
    }
  }

  /** Starts the time of all that one declared anew. */
  renew(declarer: Declarer, { steadyMs }: Clock): void {
    this.#ages.set(declarer, { ageMs: 0, steadyMs });
  }

  /** Finds what has expired; what was never renewed is renewed now. */
  due(inventory: Inventory, clock: Clock): DueLeases {
    const expired: EndedLease[] = [];
    let nextInMs: number | null = null;
    for (const declarer of inventory.declarers) {
      for (const [path, { leaseS }] of inventory.of(declarer)) {
        if (leaseS === null) continue;
        if (!this.#ages.has(declarer)) this.renew(declarer, clock);
        const leftMs = leaseS * 1_000 - this.#ageOf(declarer, clock);
        if (leftMs <= 0) expired.push({ declarer, path });
        else nextInMs = Math.min(nextInMs ?? Infinity, leftMs);
      }
    }
    return { expired, nextInMs };
  }

  /**
   * Returns what is to be written down, or `null` where that was written already: a renewal, or the
   * same one in the words of a clock that was set since.
   */
  toWrite(inventory: Inventory, clock: Clock): readonly Renewal[] | null {
    const renewals: Renewal[] = [];
    let isKnown = true;
    for (const declarer of [...this.#ages.keys()]) {
      const leaseS = shortestLease(inventory, declarer);
      if (leaseS === null) {
        this.#ages.delete(declarer);
        continue;
      }
      const renewedMs = Math.round(clock.wallMs - this.#ageOf(declarer, clock));
      const offMs = Math.abs((this.#written.get(declarer) ?? -Infinity) - renewedMs);
      isKnown &&= offMs < Math.min(CLOCK_JUMP_MS, leaseS * PART_OF_LEASE_MS);
      renewals.push([declarer, renewedMs]);
    }
    return isKnown && renewals.length === this.#written.size ? null : renewals;
  }

  /** Notes that renewals were written down. */
  markWritten(renewals: readonly Renewal[]): void {
    this.#written.clear();
    for (const [declarer, renewedMs] of renewals) this.#written.set(declarer, renewedMs);
  }

  #ageOf(declarer: Declarer, { steadyMs }: Clock): number {
    const age = this.#ages.get(declarer);
    return age === undefined ? 0 : age.ageMs + steadyMs - age.steadyMs;
  }
}

/** Returns the shortest lease in seconds of what one declared; `null` where none has any. */
function shortestLease(inventory: Inventory, declarer: Declarer): number | null {
  let shortest: number | null = null;
  for (const { leaseS } of inventory.of(declarer).values()) {
    if (leaseS !== null) shortest = Math.min(shortest ?? Infinity, leaseS);
  }
  return shortest;
}
