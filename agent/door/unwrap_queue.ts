/**
 * The order in which the secrets of keepers' opening lines are unwrapped (spec, section 3).
 *
 * Unwraps are few a second, so whoever sends garbage could have a keeper wait behind it. Here one goes
 * at a time, and whoever has lost its connection is not waited for.
 *
 * @module
 */
import type { Standing } from "./door.ts";
import { UNWRAP_WAIT_MS } from "../limits.ts";
import { Turn } from "../delivery/turn.ts";

/** Who waits. */
export interface UnwrapOptions {
  /** How the address stands with the door. */
  readonly standing: Standing;
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** How many of the turns each has to take. */
const TURNS: Readonly<Record<Standing, 1 | 2 | 3>> = { known: 1, stranger: 2, penalised: 3 };

/** Lets known addresses go first, then strangers, then those that are penalised. */
export class UnwrapQueue {
  /**
   * The last is the one that counts. Those of lesser standing first agree on who goes there, so that
   * at most one of them is ahead.
   */
  readonly #turns: readonly Turn[] = [new Turn(), new Turn(), new Turn()];

  /**
   * Runs an unwrap in its turn.
   *
   * @throws {PeerRejectedError} `busy` if the turn does not come in time.
   */
  async run<T>(unwrap: () => Promise<T>, { standing, signal }: UnwrapOptions): Promise<T> {
    const taken: (() => void)[] = [];
    try {
      for (const turn of this.#turns.slice(-TURNS[standing])) {
        taken.push(await turn.take({ waitMs: UNWRAP_WAIT_MS, signal }));
      }
      signal.throwIfAborted();
      return await unwrap();
    } finally {
      for (const passOn of taken) passOn();
    }
  }
}
