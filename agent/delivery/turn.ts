/**
 * One delivery at a time: who comes second waits, and not for ever.
 *
 * @module
 */
import { createDeferred, PeerRejectedError } from "../../protocol/mod.ts";

/** The options of {@linkcode Turn.take}. */
export interface TurnOptions {
  /** How long to wait for those before, in milliseconds. */
  readonly waitMs: number;
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Hands the turn from one to the next, in the order in which they came. */
export class Turn {
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  /**
   * Waits for the turn.
   *
   * @returns Passes the turn on; further calls do nothing.
   * @throws {PeerRejectedError} `busy` if the turn does not come in time.
   */
  async take(options: TurnOptions): Promise<() => void> {
    options.signal.throwIfAborted();
    if (this.#isTaken) await this.#wait(options);
    this.#isTaken = true;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#isTaken = false;
      else next();
    };
  }

  async #wait({ waitMs, signal }: TurnOptions): Promise<void> {
    const { promise, resolve, reject } = createDeferred<void>();
    this.#waiting.push(resolve);
    const giveUp = (reason: unknown) => {
      const place = this.#waiting.indexOf(resolve);
      // Once the turn has been handed over it must be taken, or nobody would pass it on.
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      reject(reason);
    };
    const onAbort = () => giveUp(signal.reason);
    const timer = setTimeout(() => {
      giveUp(
        new PeerRejectedError("busy", "another delivery has not ended in time", { by: "us" }),
      );
    }, waitMs);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }
}
