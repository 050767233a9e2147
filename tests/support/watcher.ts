/** Somebody who looks at something as often as he can, as an application may at any moment. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** How often it is looked before others have their turn. */
const LOOKS_IN_A_ROW = 10;

/** Looks again and again until it is disposed of. */
export class Watcher implements AsyncDisposable {
  /** How often something was seen. */
  readonly seen = new Map<string, number>();
  readonly #watching: Promise<void>;
  #isOver = false;

  /** Begins; `look` says in words what is to be seen, `null` for nothing. */
  constructor(look: () => string | null) {
    this.#watching = this.#watch(look).finally(() => this.#isOver = true);
    // What a look throws is told by `stop`, not to whoever runs the tests.
    this.#watching.catch(() => {});
  }

  /** Waits until something is seen, or was; rejects with what a look threw. */
  async waitFor(what: string): Promise<void> {
    while (!this.seen.has(what)) {
      if (this.#isOver) return await this.#watching;
      await nextTurn();
    }
  }

  /** Stops looking; rejects with what a look threw. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #watch(look: () => string | null): Promise<void> {
    while (!this.#isOver) {
      for (let i = 0; i < LOOKS_IN_A_ROW; i++) {
        const found = look();
        if (found !== null) this.seen.set(found, (this.seen.get(found) ?? 0) + 1);
      }
      await nextTurn();
    }
  }
}
