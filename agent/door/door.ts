/**
 * Who may be in set-up at the same time: accepted, and not authenticated yet (spec, section 9).
 *
 * A newcomer is never refused for want of a place. Somebody who has been silent for long loses his
 * instead, so a crowd of strangers cannot keep a keeper out by staying. An address whose connections
 * keep coming to no session is the first to make room. A place that is lost counts as such, so nor can
 * a crowd keep a keeper out by coming faster than it is heard.
 *
 * @module
 */
import { FailedAddresses } from "./failed_addresses.ts";
import { hostKey } from "./ip_address.ts";
import {
  FAILURE_FORGIVEN_MS,
  KEPT_SETUPS,
  MAX_KNOWN_ADDRESSES,
  MAX_PENALISED_SETUPS,
  MAX_SETUPS,
  MAX_SETUPS_PER_ADDRESS,
  REFUSAL_FORGIVEN_MS,
} from "../limits.ts";

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
  /** The time now, in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

/** Somebody at the door. */
export interface Caller {
  /** The source address. */
  readonly address: string;
  /** Whether many peers may share the address, so that no limit and no penalty is for it alone. */
  readonly isShared: boolean;
  /** Is called when the place is lost to somebody else. */
  readonly drop: () => void;
}

/**
 * How an address stands with the door: `known` if it has authenticated, `penalised` if its connections
 * keep coming to no session, `stranger` otherwise.
 */
export type Standing = "known" | "stranger" | "penalised";

/** A place at the door. */
export interface Visit {
  /** How the caller's address stands now. */
  readonly standing: Standing;
  /** Notes that the caller has said its opening line. */
  speak(): void;
  /** Notes that the caller has authenticated: its address is known, and the place free. */
  admit(): void;
  /** Notes that the caller came to no session by its own fault, and frees the place. */
  fail(): void;
  /** Notes that the caller wanted no session with this agent, as keepers may, and frees the place. */
  decline(): void;
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
  readonly #failed: FailedAddresses;

  /** Starts empty. */
  constructor(options: DoorOptions = {}) {
    this.#maxSetups = options.maxSetups ?? MAX_SETUPS;
    this.#keptSetups = options.keptSetups ?? KEPT_SETUPS;
    this.#maxPerAddress = options.maxPerAddress ?? MAX_SETUPS_PER_ADDRESS;
    this.#maxKnown = options.maxKnown ?? MAX_KNOWN_ADDRESSES;
    this.#failed = new FailedAddresses(options.now === undefined ? {} : { now: options.now });
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
    if (!caller.isShared) this.#makeRoomAmong(setup);
    this.#makeRoomFor(isKnown);
    this.#setups.add(setup);
    return this.#visitOf(setup);
  }

  #visitOf(setup: Setup): Visit {
    const standingOf = () => this.#standingOf(setup);
    return {
      get standing() {
        return standingOf();
      },
      speak: () => {
        setup.hasSpoken = true;
      },
      admit: () => {
        this.#setups.delete(setup);
        this.#remember(setup.key);
      },
      fail: () => {
        // Who has lost its place was blamed for it then.
        if (this.#setups.delete(setup)) this.#blame(setup);
      },
      decline: () => {
        if (this.#setups.delete(setup)) this.#blame(setup, REFUSAL_FORGIVEN_MS);
      },
      leave: () => {
        this.#setups.delete(setup);
      },
    };
  }

  #standingOf({ key, caller }: Setup): Standing {
    if (this.#known.has(key)) return "known";
    return !caller.isShared && this.#failed.isPenalised(key) ? "penalised" : "stranger";
  }

  /** Makes room among the connections of the newcomer's own address, which it is to blame for. */
  #makeRoomAmong(newcomer: Setup): void {
    const ofAddress = [...this.#setups].filter(({ key }) => key === newcomer.key);
    const isPenalised = this.#standingOf(newcomer) === "penalised";
    const surplus: (Setup | undefined)[] = [];
    if (isPenalised) {
      // Who has spoken may be a keeper that shares the address: only the other three places go.
      const silent = ofAddress.filter(({ hasSpoken }) => !hasSpoken);
      surplus.push(...silent.slice(0, Math.max(0, silent.length + 1 - MAX_PENALISED_SETUPS)));
    }
    if (surplus.length === 0 && ofAddress.length >= this.#maxPerAddress) {
      surplus.push(oldestSilent(ofAddress));
    }
    for (const setup of surplus) {
      this.#drop(setup);
      this.#blame(newcomer);
    }
  }

  #makeRoomFor(isKnown: boolean): void {
    const strangers = [...this.#setups].filter((setup) => !setup.isKnown);
    const isFull = isKnown
      ? this.#setups.size >= this.#maxSetups
      : this.#setups.size >= this.#maxSetups ||
        strangers.length >= this.#maxSetups - this.#keptSetups;
    if (!isFull) return;
    // A stranger never costs a known address its place, unless those fill the whole door.
    const first = [this.#listGuiltiest(strangers), strangers].find(({ length }) => length > 0) ??
      [...this.#setups];
    const loser = oldestSilent(mostCrowded(first));
    this.#drop(loser);
    // A keeper comes again after a pause, so it has failed least of those who crowd it out.
    if (loser !== undefined) this.#blame(loser);
  }

  /** Returns the penalised set-ups of the addresses that have failed most. */
  #listGuiltiest(setups: readonly Setup[]): readonly Setup[] {
    const penalised = setups.filter((setup) => this.#standingOf(setup) === "penalised")
      .map((setup) => ({ setup, failures: this.#failed.countOf(setup.key) }));
    const most = Math.max(0, ...penalised.map(({ failures }) => failures));
    return penalised.filter(({ failures }) => failures === most).map(({ setup }) => setup);
  }

  #drop(setup: Setup | undefined): void {
    if (setup === undefined) return;
    this.#setups.delete(setup);
    setup.caller.drop();
  }

  #blame({ key, caller }: Setup, forgivenMs: number = FAILURE_FORGIVEN_MS): void {
    // What its neighbours do is never held against an address that a keeper came from.
    if (!caller.isShared && !this.#known.has(key)) this.#failed.note(key, { forgivenMs });
  }

  #remember(key: string): void {
    this.#failed.clear(key);
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
