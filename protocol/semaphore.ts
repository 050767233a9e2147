/**
 * A limit on how much goes on at once.
 *
 * @module
 */

/** After how many that have had their turn they are taken out of the list. */
const SWEEP_AFTER = 1_024;

/** Hands out a fixed number of places, first come, first served. */
export class Semaphore {
  #free: number;
  /** Who waits, from `#first` on; taking the first out of a long list moves all others. */
  readonly #waiting: (() => void)[] = [];
  #first = 0;

  /** Starts with all places free. */
  constructor(places: number) {
    this.#free = places;
  }

  /** Waits for a place and takes it. */
  acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a place back. */
  release(): void {
    const next = this.#waiting[this.#first];
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#first++;
    const isMostlyOver = 2 * this.#first >= this.#waiting.length && this.#first >= SWEEP_AFTER;
    if (isMostlyOver || this.#first === this.#waiting.length) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    next();
  }

  /** Runs a task in a place of its own. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await task();
    } finally {
      this.release();
    }
  }
}
