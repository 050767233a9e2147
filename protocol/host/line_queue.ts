/**
 * Lines on their way to a slow or broken place, which must never hold up the program.
 *
 * @module
 */

/** The options of a {@linkcode LineQueue}. */
export interface LineQueueOptions {
  /**
   * How many characters may wait; lines beyond them are lost and counted.
   *
   * @default 1 Mi
   */
  readonly maxPendingCharacters?: number;
  /** Is called once, at the first write that fails; must not throw. */
  readonly onFailure?: (error: unknown) => void;
  /** Makes the line that stands for those that were lost, once writing works again. */
  readonly lostLine: (count: number) => string;
}

const MAX_PENDING_CHARACTERS = 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;

/** Writes lines in their order, one write at a time, without making anyone wait. */
export class LineQueue {
  readonly #write: (text: string) => Promise<void>;
  readonly #options: LineQueueOptions;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #lost = 0;
  #hasFailed = false;
  #draining: Promise<void> | null = null;

  /** Makes a queue in front of a function that writes text. */
  constructor(write: (text: string) => Promise<void>, options: LineQueueOptions) {
    this.#write = write;
    this.#options = options;
  }

  /** Takes a line that ends itself; never throws. */
  push(line: string): void {
    const max = this.#options.maxPendingCharacters ?? MAX_PENDING_CHARACTERS;
    if (this.#pendingCharacters + line.length > max) {
      this.#lost++;
      return;
    }
    this.#pending.push(line);
    this.#pendingCharacters += line.length;
    this.#draining ??= this.#drain();
  }

  /** Waits until the lines are written, at most a second; never rejects. */
  async close(): Promise<void> {
    if (this.#draining === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    await Promise.race([this.#draining, promise]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    // Lines that come in one turn of the event loop go out in one write.
    await Promise.resolve();
    let isStuck = false;
    while (this.#pending.length > 0 || (this.#lost > 0 && !isStuck)) {
      const lines = this.#pending;
      const lost = this.#lost;
      this.#pending = [];
      this.#pendingCharacters = 0;
      this.#lost = 0;
      if (lost > 0) lines.unshift(this.#options.lostLine(lost));
      try {
        await this.#write(lines.join(""));
        isStuck = false;
      } catch (error) {
        isStuck = true;
        this.#lost += lost > 0 ? lost + lines.length - 1 : lines.length;
        if (!this.#hasFailed) this.#options.onFailure?.(error);
        this.#hasFailed = true;
      }
    }
    this.#draining = null;
  }
}
