/**
 * What a plugin says of its progress, on its way to the keeper that waits for it.
 *
 * @module
 */
import { MAX_WAITING_PROGRESS } from "../limits.ts";

/**
 * Sends one after the other. Where a keeper takes them more slowly than the plugin says them, the oldest
 * that wait are left out: a plugin fills no memory of the agent so.
 */
export class ProgressPump {
  readonly #send: (output: unknown) => Promise<void>;
  readonly #waiting: unknown[] = [];
  #sending: Promise<void> | null = null;

  /** Sends nothing yet. */
  constructor(send: (output: unknown) => Promise<void>) {
    this.#send = send;
  }

  /** Sends something; never throws. */
  readonly push = (output: unknown): void => {
    this.#waiting.push(output);
    if (this.#waiting.length > MAX_WAITING_PROGRESS) this.#waiting.shift();
    this.#sending ??= this.#sendAll();
  };

  /** Resolves when all is sent. */
  async drain(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    await null;
    while (this.#waiting.length > 0) {
      try {
        await this.#send(this.#waiting.shift());
      } catch {
        // It is too large to be sent, or nobody waits any more; the call itself tells how it ended.
      }
    }
    this.#sending = null;
  }
}
