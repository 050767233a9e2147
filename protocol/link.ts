/**
 * One end of a transport with a memory for failure: the first one is the reason of all that follow.
 *
 * @module
 */
import { ByteReader } from "./byte_reader.ts";
import type { Bytes } from "./bytes.ts";
import type { Duplex } from "./duplex.ts";
import { ConnectionError } from "./errors.ts";

/** Wraps a transport for the handshake and the session that follows it. */
export class Link {
  readonly #reader: ByteReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #unlisten: () => void;
  readonly #broken: PromiseWithResolvers<never>;
  #failure: { readonly reason: unknown } | null = null;
  #isClosed = false;
  #ended: Promise<void> | null = null;

  /** Locks both directions; an abort of the signal fails the link with the signal's reason. */
  constructor(duplex: Duplex, signal?: AbortSignal) {
    this.#broken = Promise.withResolvers<never>();
    this.#broken.promise.catch(() => {});
    this.#reader = new ByteReader(duplex.readable);
    this.#writer = duplex.writable.getWriter();
    this.#writer.closed.catch(() => {});
    const onAbort = () => this.fail(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    this.#unlisten = () => signal?.removeEventListener("abort", onAbort);
  }

  /** Whether the link has failed or was closed. */
  get isOver(): boolean {
    return this.#isClosed || this.#failure !== null;
  }

  /** Rejects with the failure as soon as there is one; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  /** Throws the failure, if there is one. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }

  /** Is called whenever bytes have arrived. */
  set onBytes(listener: (() => void) | null) {
    this.#reader.onBytes = listener;
  }

  /** How many bytes have arrived and were not taken yet. */
  get buffered(): number {
    return this.#reader.buffered;
  }

  /** Reads one line; see {@linkcode ByteReader.readLine}. */
  readLine(maxBytes: number): Promise<Bytes> {
    return this.#guard(this.#reader.readLine(maxBytes));
  }

  /** Reads exactly so many bytes; see {@linkcode ByteReader.readExactly}. */
  readExactly(length: number): Promise<Bytes | null> {
    return this.#guard(this.#reader.readExactly(length));
  }

  /** Writes bytes, which belong to the transport from then on. */
  async write(bytes: Bytes): Promise<void> {
    await this.#guard(
      this.#writer.write(bytes).catch((cause) => {
        if (cause instanceof ConnectionError) throw cause;
        throw new ConnectionError("connection-lost", "the connection broke", { cause });
      }),
    );
  }

  /** Fails the link once and for all; later calls change nothing. */
  fail(reason: unknown): void {
    if (this.#failure !== null || this.#isClosed) return;
    this.#failure = { reason };
    this.#broken.reject(reason);
    this.#ended = this.#giveUp(reason);
  }

  /** Fails the link in so many milliseconds, unless the returned function is called before. */
  deadline(ms: number, what: string): () => void {
    const timer = setTimeout(() => {
      this.fail(new ConnectionError("timed-out", `${what} took longer than ${ms / 1000} s`));
    }, ms);
    return () => clearTimeout(timer);
  }

  /** Ends this side's direction after what was written, and gives the other up. */
  async close(): Promise<void> {
    if (!this.isOver) {
      this.#isClosed = true;
      this.#ended = this.#finish();
    }
    await this.#ended;
  }

  /** Ends this side's direction; what the peer still sends can be read. */
  async closeWriting(): Promise<void> {
    await this.#writer.close().catch(() => {});
  }

  async #finish(): Promise<void> {
    this.#unlisten();
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
  }

  async #giveUp(reason: unknown): Promise<void> {
    this.#unlisten();
    await Promise.all([this.#writer.abort(reason).catch(() => {}), this.#reader.cancel(reason)]);
  }

  async #guard<T>(operation: Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await operation;
    } catch (error) {
      this.fail(error);
      throw this.#failure === null ? error : this.#failure.reason;
    }
    this.throwIfFailed();
    return result;
  }
}
