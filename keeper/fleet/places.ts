/**
 * The places at which agents are served at the same time, and who waits for one.
 *
 * @module
 */
import { createDeferred, type Deferred } from "../../protocol/mod.ts";
import pLimit, { type LimitFunction } from "p-limit";
import { SUSPECT_SHARE } from "../limits.ts";
import type { ScheduledAgent } from "./schedule.ts";

/** How an agent stands with the keeper. */
export type Standing =
  /** It may have any place. */
  | "good"
  /** It is known, but its last contact failed: it shares a part of the places with strangers. */
  | "failed"
  /**
   * It is new on a list that anybody can write, or that a primary wrote, or never did well there: it
   * goes last.
   */
  | "stranger";

/** By what an agent's standing is told. */
export interface StandingRules {
  /** Whether anybody can put an address into the list. */
  readonly isOpen: boolean;
  /** Tells whether an agent that is trusted was last seen at an address. */
  readonly isRecorded: (name: string) => boolean;
}

/** Returns how an agent stands. */
export function standingOf(agent: ScheduledAgent, rules: StandingRules): Standing {
  // A primary is trusted for itself alone, and can list ever new ones that hang.
  const isListedByOperator = !rules.isOpen && agent.primary === null;
  const isKnown = agent.wasServed || isListedByOperator || rules.isRecorded(agent.name);
  if (!isKnown) return "stranger";
  return agent.failures > 0 ? "failed" : "good";
}

/** An agent that waits for one of the places that suspects share. */
interface Waiting {
  readonly agent: ScheduledAgent;
  /** Whether it got the place; `false` where it left the list. */
  readonly turn: Deferred<boolean>;
  /** When it gives the place back. */
  readonly over: Deferred<void>;
}

/**
 * Gives places to agents.
 *
 * Those that failed and strangers hold a quarter of the places together, so that the others never wait
 * for them; and however many strangers there are, one that failed goes before them.
 */
export class Places {
  readonly #rules: StandingRules;
  readonly #places: LimitFunction;
  readonly #suspectPlaces: LimitFunction;
  readonly #failed = new Set<Waiting>();
  readonly #strangers = new Set<Waiting>();

  /**
   * Takes the number of places.
   *
   * @throws {RangeError} if it is out of its range.
   */
  constructor(concurrency: number, rules: StandingRules) {
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new RangeError("concurrency must be a whole number from 1");
    }
    this.#rules = rules;
    this.#places = pLimit(concurrency);
    this.#suspectPlaces = pLimit(Math.max(1, Math.floor(concurrency * SUSPECT_SHARE)));
  }

  /**
   * Serves an agent as soon as there is a place for it.
   *
   * @returns What the work returned, or `null` where the agent left the list before its turn.
   */
  async serve<T>(agent: ScheduledAgent, work: () => Promise<T>): Promise<T | null> {
    const serve = () => this.#places(() => isGone(agent) ? null : work());
    const standing = standingOf(agent, this.#rules);
    if (standing === "good") return await serve();
    const waiting = {
      agent,
      turn: createDeferred<boolean>(),
      over: createDeferred<void>(),
    };
    (standing === "failed" ? this.#failed : this.#strangers).add(waiting);
    // Who gets the place is decided when it is free.
    void this.#suspectPlaces(() => this.#serveNext());
    if (!await waiting.turn.promise) return null;
    try {
      return await serve();
    } finally {
      waiting.over.resolve();
    }
  }

  /** Looks again at who waits: who is listed no more goes, and who is known by now goes first. */
  review(): void {
    for (const queue of [this.#failed, this.#strangers]) {
      for (const waiting of queue) {
        if (!isGone(waiting.agent)) continue;
        queue.delete(waiting);
        waiting.turn.resolve(false);
      }
    }
    for (const waiting of this.#strangers) {
      if (standingOf(waiting.agent, this.#rules) === "stranger") continue;
      this.#strangers.delete(waiting);
      this.#failed.add(waiting);
    }
  }

  async #serveNext(): Promise<void> {
    for (const queue of [this.#failed, this.#strangers]) {
      for (const waiting of queue) {
        queue.delete(waiting);
        waiting.turn.resolve(true);
        return await waiting.over.promise;
      }
    }
  }
}

function isGone({ unlistedSinceMs }: ScheduledAgent): boolean {
  return unlistedSinceMs !== null;
}
