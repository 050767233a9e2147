/**
 * Writes that come together, done together: a thousand at once cost one lock and one sync.
 *
 * @module
 */

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly result: PromiseWithResolvers<Result>;
}

/** Writes what was gathered; whatever it throws is the end of each item that has none of its own. */
export type BatchWriter<Item, Result> = (
  batch: readonly BatchItem<Item, Result>[],
) => Promise<Result>;

/** One of the things to be written. */
export interface BatchItem<Item, Result> {
  /** What is to be written. */
  readonly item: Item;
  /** Ends this one alone with an error; what the batch comes to counts for the others. */
  readonly reject: PromiseWithResolvers<Result>["reject"];
}

/** Gathers what is asked for in the same turn, or while a write is under way, into one write. */
export class WriteBatches<Item, Result> {
  readonly #write: BatchWriter<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #isWriting = false;

  /** Takes what writes a batch. */
  constructor(write: BatchWriter<Item, Result>) {
    this.#write = write;
  }

  /** Adds one; resolves with what its batch came to, once that is written. */
  add(item: Item): Promise<Result> {
    const result = Promise.withResolvers<Result>();
    this.#waiting.push({ item, result });
    if (!this.#isWriting) void this.#writeAll();
    return result.promise;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const written = await this.#write(
          batch.map(({ item, result }) => ({ item, reject: result.reject })),
        );
        for (const { result } of batch) result.resolve(written);
      } catch (error) {
        for (const { result } of batch) result.reject(error);
      }
    }
    this.#isWriting = false;
  }
}
