/**
 * Questions that wait for their answers, by their numbers (spec, section 8).
 *
 * @module
 */
import { createDeferred, type Deferred } from "./deferred.ts";

/** Hands each answer to the question that waits for it. */
export class PendingAnswers<T> {
  readonly #waiting = new Map<number, Deferred<T>>();

  /** Notes a question; the promise may be left alone, however it ends. */
  expect(id: number): Promise<T> {
    const waiting = createDeferred<T>();
    waiting.promise.catch(() => {});
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  /** Hands over an answer; `false` where no question has that number, or it was answered. */
  answer(id: number, answer: T): boolean {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(answer);
    return waiting !== undefined;
  }

  /** Ends the wait of all: no answer comes any more. */
  fail(reason: unknown): void {
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
  }
}
