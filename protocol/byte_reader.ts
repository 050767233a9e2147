/**
 * Reads exact numbers of bytes, and lines, from a byte stream that is cut anywhere.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { ConnectionError, ProtocolError } from "./errors.ts";

/** How much is asked of the transport at a time. */
const READ_BYTES = 262_144;
const NEWLINE = 0x0a;

type Source =
  | { readonly kind: "byob"; readonly reader: ReadableStreamBYOBReader }
  | { readonly kind: "default"; readonly reader: ReadableStreamDefaultReader<Uint8Array> };

function openSource(readable: ReadableStream<Uint8Array>): Source {
  try {
    return { kind: "byob", reader: readable.getReader({ mode: "byob" }) };
  } catch {
    return { kind: "default", reader: readable.getReader() };
  }
}

/** A buffered reader over one direction of a transport. */
export class ByteReader {
  readonly #source: Source;
  #buffer: Uint8Array = new Uint8Array(0);
  /** The memory that a BYOB source fills again and again. */
  #spare: ArrayBuffer | null = null;
  #hasEnded = false;
  /** Is called whenever bytes have arrived. */
  onBytes: (() => void) | null = null;

  /** Locks the stream for as long as this reader is used. */
  constructor(readable: ReadableStream<Uint8Array>) {
    this.#source = openSource(readable);
  }

  /** How many bytes have arrived and were not taken yet. */
  get buffered(): number {
    return this.#buffer.length;
  }

  /**
   * Reads one line of at most `maxBytes`, its newline included.
   *
   * @throws {ProtocolError} `line-too-long`.
   * @throws {ConnectionError} `truncated` if the stream ends within it.
   */
  async readLine(maxBytes: number): Promise<Bytes> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const end = this.#buffer.indexOf(NEWLINE);
      const piece = end < 0 ? this.#buffer : this.#buffer.subarray(0, end + 1);
      if (length + piece.length > maxBytes || (end < 0 && length + piece.length >= maxBytes)) {
        throw new ProtocolError(
          "line-too-long",
          `the peer's line is longer than ${maxBytes} bytes`,
        );
      }
      parts.push(piece.slice());
      length += piece.length;
      this.#buffer = this.#buffer.subarray(piece.length);
      if (end >= 0) break;
      if (!await this.#fill()) {
        throw new ConnectionError("truncated", "the connection ended within an opening line");
      }
    }
    const line = new Uint8Array(length);
    let offset = 0;
    for (const part of parts) {
      line.set(part, offset);
      offset += part.length;
    }
    return line;
  }

  /**
   * Reads exactly `length` bytes into memory of their own.
   *
   * @returns The bytes, or `null` where the stream ends before the first of them.
   * @throws {ConnectionError} `truncated` if the stream ends within them.
   */
  async readExactly(length: number): Promise<Bytes | null> {
    const bytes = new Uint8Array(length);
    let offset = 0;
    while (offset < length) {
      if (this.#buffer.length === 0 && !await this.#fill()) {
        if (offset === 0) return null;
        throw new ConnectionError("truncated", "the connection ended within a frame");
      }
      const piece = this.#buffer.subarray(0, length - offset);
      bytes.set(piece, offset);
      offset += piece.length;
      this.#buffer = this.#buffer.subarray(piece.length);
    }
    return bytes;
  }

  /**
   * Reads what has arrived, at least one byte; the memory is used again by the next read.
   *
   * @returns The bytes, or `null` where the stream has ended.
   */
  async readSome(): Promise<Uint8Array | null> {
    if (this.#buffer.length === 0 && !await this.#fill()) return null;
    const bytes = this.#buffer;
    this.#buffer = bytes.subarray(bytes.length);
    return bytes;
  }

  /** Gives the transport up: nothing more is read, and a pending read ends. */
  async cancel(reason?: unknown): Promise<void> {
    this.#hasEnded = true;
    try {
      await this.#source.reader.cancel(reason);
    } catch {
      // The transport failed before; there is nothing left to give up.
    }
  }

  /** Reads more; call only with an empty buffer. Returns whether anything came. */
  async #fill(): Promise<boolean> {
    while (!this.#hasEnded) {
      const chunk = await this.#read();
      if (chunk === null) {
        this.#hasEnded = true;
      } else if (chunk.length > 0) {
        this.#buffer = chunk;
        this.onBytes?.();
        return true;
      }
    }
    return false;
  }

  async #read(): Promise<Uint8Array | null> {
    try {
      if (this.#source.kind === "default") {
        const { done, value } = await this.#source.reader.read();
        return done ? null : value;
      }
      const memory = this.#spare ?? new ArrayBuffer(READ_BYTES);
      this.#spare = null;
      const { done, value } = await this.#source.reader.read(new Uint8Array(memory));
      if (value === undefined || done) return null;
      this.#spare = value.buffer;
      return value;
    } catch (cause) {
      if (cause instanceof ConnectionError) throw cause;
      throw new ConnectionError("connection-lost", "the connection broke", { cause });
    }
  }
}
