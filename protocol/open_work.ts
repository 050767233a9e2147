/**
 * What is under way in an object that can be disposed of.
 *
 * @module
 */

/**
 * Gives work a signal that fires with its own one, or when all is to end, and waits for all of it.
 *
 * @example
 * ```ts
 * import { delay, OpenWork } from "@fluxvault/fluxvault/protocol";
 *
 * const work = new OpenWork("the example");
 * const waiting = work.run(undefined, (signal) => delay(60_000, signal));
 * await Promise.all([
 *   waiting.catch((error) => console.assert(error.name === "AbortError")),
 *   work.end(),
 * ]);
 * ```
 */
export class OpenWork {
  readonly #control = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #name: string;

  /** Has nothing under way; the name is that of what ends. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Does something unless all has ended; what it throws is thrown. */
  async run<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const ours = this.#control.signal;
    ours.throwIfAborted();
    const control = new AbortController();
    const onAbort = () => control.abort(signal?.aborted === true ? signal.reason : ours.reason);
    if (signal?.aborted) onAbort();
    for (const source of [signal, ours]) source?.addEventListener("abort", onAbort);
    const doing = work(control.signal);
    this.#underWay.add(doing);
    try {
      return await doing;
    } finally {
      this.#underWay.delete(doing);
      for (const source of [signal, ours]) source?.removeEventListener("abort", onAbort);
    }
  }

  /** How much is under way. */
  get count(): number {
    return this.#underWay.size;
  }

  /** Fires the signals with an `AbortError`, and waits until nothing is under way; never rejects. */
  async end(): Promise<void> {
    if (!this.#control.signal.aborted) {
      this.#control.abort(new DOMException(`${this.#name} was disposed of`, "AbortError"));
    }
    await Promise.allSettled([...this.#underWay]);
  }
}
