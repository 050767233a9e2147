/**
 * Where a service writes: whoever reads it may take his time, or stop reading, and holds up nothing.
 *
 * @module
 */
import { delay } from "../delay.ts";
import type { Logger } from "../logger.ts";
import { storageError } from "./storage_error.ts";
import type { TextOutput } from "./terminal.ts";
import type { TerminalArea } from "./terminal_area.ts";

/** The options of a {@linkcode PatientOutput}. */
export interface PatientOutputOptions {
  /** What it is called, for example `standard output`. */
  readonly name: string;
  /** Is told once that nobody reads or nothing can be written, and once that it goes on. */
  readonly logger: Logger;
  /** How many characters may wait; text beyond them is lost, and counted. @default {8 Mi} */
  readonly maxWaitingCharacters?: number;
  /** How long somebody who writes is held up, in milliseconds. @default {1_000} */
  readonly patienceMs?: number;
}

const MAX_WAITING_CHARACTERS = 8 * 1024 * 1024;
const PATIENCE_MS = 1_000;

/** Passes text on to another output, and waits for it so long and no longer. */
export class PatientOutput implements TextOutput {
  readonly #output: TextOutput;
  readonly #options: PatientOutputOptions;
  #waitingCharacters = 0;
  #lost = 0;
  #isStuck = false;
  #hasFailed = false;
  #last: Promise<void> = Promise.resolve();

  /** Passes on to this output. */
  constructor(output: TextOutput, options: PatientOutputOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** That of the other output. */
  get isTerminal(): boolean {
    return this.#output.isTerminal;
  }

  /** That of the other output. */
  get hasColour(): boolean {
    return this.#output.hasColour;
  }

  /** That of the other output. */
  get width(): number {
    return this.#output.width;
  }

  /** That of the other output. */
  get area(): TerminalArea | null {
    return this.#output.area ?? null;
  }

  /** That of the other output. */
  get failure(): unknown {
    return this.#output.failure;
  }

  /** Writes text; resolves once it is written, or where that takes long. Never rejects. */
  async write(text: string): Promise<void> {
    const { maxWaitingCharacters = MAX_WAITING_CHARACTERS } = this.#options;
    // However long a text is, it is not lost where everything before it was taken.
    if (
      this.#waitingCharacters > 0 && this.#waitingCharacters + text.length > maxWaitingCharacters
    ) {
      this.#lost++;
      return;
    }
    this.#waitingCharacters += text.length;
    const written = this.#output.write(text).then(() => this.#noteWritten(text));
    this.#last = written;
    if (await this.#isInTime(written) || this.#isStuck) return;
    this.#isStuck = true;
    const { name, logger } = this.#options;
    logger.warn(`${name} is not read: what is written there waits, and is lost if it is too much`);
  }

  /**
   * Waits until all is written; once the signal is aborted no longer than whoever writes. Never rejects.
   */
  async flush(signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    const stop = () => stopped.resolve();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    await Promise.race([this.#last, stopped.promise]);
    signal.removeEventListener("abort", stop);
    await this.#isInTime(this.#last);
  }

  async #isInTime(work: Promise<void>): Promise<boolean> {
    const { patienceMs = PATIENCE_MS } = this.#options;
    const over = new AbortController();
    const late = delay(patienceMs, over.signal).then(() => false, () => true);
    const isInTime = await Promise.race([work.then(() => true), late]);
    over.abort();
    return isInTime;
  }

  #noteWritten(text: string): void {
    this.#waitingCharacters -= text.length;
    const { name, logger } = this.#options;
    if (this.failure !== undefined && !this.#hasFailed) {
      this.#hasFailed = true;
      logger.warn(`${name} cannot be written`, { error: storageError(this.failure, "write") });
    }
    if (this.#waitingCharacters > 0 || !this.#isStuck) return;
    this.#isStuck = false;
    logger.warn(`${name} is read again`, { lost: this.#lost });
    this.#lost = 0;
  }
}
