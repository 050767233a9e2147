/**
 * The last that a service wrote: in memory alone, and never more than so many bytes.
 *
 * @module
 */
import { SERVICE_LOG_BYTES } from "../limits.ts";

/** A piece of what was written. */
export interface LogPiece {
  /** How many bytes were written before it. */
  readonly start: number;
  /** The bytes; a copy. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Keeps the last bytes of what comes; the rest is forgotten at once. */
export class LogRing {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #end = 0;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  /**
   * Holds nothing yet.
   *
   * @param maxBytes How many bytes are kept.
   */
  constructor(maxBytes: number = SERVICE_LOG_BYTES) {
    this.#bytes = new Uint8Array(maxBytes);
  }

  /** How many bytes were written in all. */
  get end(): number {
    return this.#end;
  }

  /** Whether nothing more will come. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes what comes next. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const size = this.#bytes.length;
    const last = bytes.subarray(-size);
    let at = (this.#end + bytes.length - last.length) % size;
    for (let taken = 0; taken < last.length;) {
      const part = last.subarray(taken, taken + size - at);
      this.#bytes.set(part, at);
      taken += part.length;
      at = (at + part.length) % size;
    }
    this.#end += bytes.length;
    this.#wake();
  }

  /**
   * Returns what is kept of the bytes from a place on.
   *
   * @param from How many bytes lie before it. @default {all that is kept}
   */
  read(from: number = 0): LogPiece {
    const size = this.#bytes.length;
    const start = Math.min(this.#end, Math.max(from, this.#end - size));
    const bytes = new Uint8Array(this.#end - start);
    const at = start % size;
    const first = this.#bytes.subarray(at, Math.min(size, at + bytes.length));
    bytes.set(first);
    bytes.set(this.#bytes.subarray(0, bytes.length - first.length), first.length);
    return { start, bytes };
  }

  /** Resolves once more was written than this, nothing more will come, or the signal is aborted. */
  next(position: number, signal: AbortSignal): Promise<void> {
    if (this.#end > position || this.#isClosed || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.push(done);
    });
  }

  /** Says that nothing more will come. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
