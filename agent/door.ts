/**
 * Who may be in set-up at the same time: accepted, and not authenticated yet (spec, section 9).
 *
 * A newcomer is never refused for want of a place. Somebody who has been silent for long loses his
 * instead, so a crowd of strangers cannot keep a keeper out by staying.
 *
 * @module
 */
import { hostKey } from "./ip_address.ts";
import { KEPT_SETUPS, MAX_KNOWN_ADDRESSES, MAX_SETUPS, MAX_SETUPS_PER_ADDRESS } from "./limits.ts";

/** The options of a {@linkcode Door}. */
export interface DoorOptions {
  /** How many may be in set-up. @default {64} */
  readonly maxSetups?: number;
  /** How many of the places are kept for addresses that authenticated before. @default {8} */
  readonly keptSetups?: number;
  /** How many of one address may be in set-up. @default {4} */
  readonly maxPerAddress?: number;
  /** How many addresses that authenticated are remembered. @default {256} */
  readonly maxKnown?: number;
}

/** Somebody at the door. */
export interface Caller {
  /** The source address. */
  readonly address: string;
  /** Whether many peers may share the address, so that there is no limit for it alone. */
  readonly isShared: boolean;
  /** Is called when the place is lost to somebody else. */
  readonly drop: () => void;
}

/** A place at the door. */
export interface Visit {
  /** Notes that the caller has said its opening line. */
  speak(): void;
  /** Notes that the caller has authenticated: its address is known, and the place free. */
  admit(): void;
  /** Frees the place; further calls do nothing. */
  leave(): void;
}

interface Setup {
  readonly key: string;
  readonly isKnown: boolean;
  readonly caller: Caller;
  hasSpoken: boolean;
}

/** Gives out the places. */
export class Door {
  readonly #maxSetups: number;
  readonly #keptSetups: number;
  readonly #maxPerAddress: number;
  readonly #maxKnown: number;
  /** In the order of their arrival. */
  readonly #setups = new Set<Setup>();
  /** In the order of their last authentication. */
  readonly #known = new Set<string>();

  /** Starts empty. */
  constructor(options: DoorOptions = {}) {
    this.#maxSetups = options.maxSetups ?? MAX_SETUPS;
    this.#keptSetups = options.keptSetups ?? KEPT_SETUPS;
    this.#maxPerAddress = options.maxPerAddress ?? MAX_SETUPS_PER_ADDRESS;
    this.#maxKnown = options.maxKnown ?? MAX_KNOWN_ADDRESSES;
  }

  /** How many are in set-up. */
  get size(): number {
    return this.#setups.size;
  }

  /** Gives a caller a place, at the cost of somebody else where there is none. */
  enter(caller: Caller): Visit {
    const key = hostKey(caller.address);
    const isKnown = this.#known.has(key);
    const setup: Setup = { key, isKnown, caller, hasSpoken: false };
    if (!caller.isShared) this.#makeRoomAmong(key);
    this.#makeRoomFor(isKnown);
    this.#setups.add(setup);
    return {
      speak: () => {
        setup.hasSpoken = true;
      },
      admit: () => {
        this.#setups.delete(setup);
        this.#remember(key);
      },
      leave: () => {
        this.#setups.delete(setup);
      },
    };
  }

  #makeRoomAmong(key: string): void {
    const ofAddress = [...this.#setups].filter((setup) => setup.key === key);
    if (ofAddress.length >= this.#maxPerAddress) this.#drop(oldestSilent(ofAddress));
  }

  #makeRoomFor(isKnown: boolean): void {
    const strangers = [...this.#setups].filter((setup) => !setup.isKnown);
    const isFull = isKnown
      ? this.#setups.size >= this.#maxSetups
      : this.#setups.size >= this.#maxSetups ||
        strangers.length >= this.#maxSetups - this.#keptSetups;
    if (!isFull) return;
    // A stranger never costs a known address its place, unless those fill the whole door.
    this.#drop(oldestSilent(mostCrowded(strangers.length > 0 ? strangers : [...this.#setups])));
  }

  #drop(setup: Setup | undefined): void {
    if (setup === undefined) return;
    this.#setups.delete(setup);
    setup.caller.drop();
  }

  #remember(key: string): void {
    this.#known.delete(key);
    this.#known.add(key);
    if (this.#known.size <= this.#maxKnown) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}

/** Returns the set-ups of the addresses that have most, in the order of their arrival. */
function mostCrowded(setups: readonly Setup[]): readonly Setup[] {
  const sizes = new Map<string, number>();
  for (const { key } of setups) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  const most = Math.max(0, ...sizes.values());
  return setups.filter(({ key }) => sizes.get(key) === most);
}

/** Returns the oldest that has said nothing yet; where all have, the oldest. */
function oldestSilent(setups: readonly Setup[]): Setup | undefined {
  return setups.find((setup) => !setup.hasSpoken) ?? setups[0];
}
