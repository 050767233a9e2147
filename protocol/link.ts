/**
 * One end of a transport with a memory for failure: the first one is the reason of all that follow.
 *
 * @module
 */
import { ByteReader } from "./byte_reader.ts";
import type { Bytes } from "./bytes.ts";
import { createDeferred, type Deferred } from "./deferred.ts";
import type { Duplex } from "./duplex.ts";
import { ConnectionError } from "./errors.ts";

/** Wraps a transport for the handshake and the session that follows it. */
export class Link {
  readonly #reader: ByteReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #unlisten: () => void;
  readonly #broken: Deferred<never>;
  readonly #waits = new Set<(reason: unknown) => void>();
  #failure: { readonly reason: unknown } | null = null;
  #isClosing = false;
  #isClosed = false;
  #ended: Promise<void> | null = null;

  /** Locks both directions; an abort of the signal fails the link with the signal's reason. */
  constructor(duplex: Duplex, signal?: AbortSignal) {
    this.#broken = createDeferred<never>();
    this.#broken.promise.catch(() => {});
    this.#reader = new ByteReader(duplex.readable);
    this.#writer = duplex.writable.getWriter();
    this.#writer.closed.catch(() => {});
    const onAbort = () => {
      this.fail(signal?.reason ?? new DOMException("the connection was given up", "AbortError"));
    };
    this.#unlisten = () => signal?.removeEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  }

  /** Whether the link has failed or was closed. */
  get isOver(): boolean {
    return this.#isClosing || this.#failure !== null;
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

  /** Reads what has arrived; see {@linkcode ByteReader.readSome}. */
  readSome(): Promise<Uint8Array | null> {
    return this.#guard(this.#reader.readSome());
  }

  /** Writes bytes, which belong to the transport from then on. */
  async write(bytes: Bytes): Promise<void> {
    const writing = this.#writer.write(bytes).catch((cause) => {
      if (cause instanceof ConnectionError) throw cause;
      throw new ConnectionError("connection-lost", "the connection broke", { cause });
    });
    await this.#guard(this.during(writing));
  }

  /**
   * Waits for something that may never end, but no longer than until the link fails.
   *
   * An abort of a writable stream waits for the write under way, which a transport need not end.
   */
  async during<T>(operation: Promise<T> | T): Promise<T> {
    const { promise, reject } = createDeferred<never>();
    if (this.#failure === null) this.#waits.add(reject);
    else reject(this.#failure.reason);
    try {
      return await Promise.race([promise, operation]);
    } finally {
      this.#waits.delete(reject);
    }
  }

  /** Fails the link once and for all; later calls, and those after its end, change nothing. */
  fail(reason: unknown): void {
    if (this.#failure !== null || this.#isClosed) return;
    this.#failure = { reason };
    this.#broken.reject(reason);
    for (const reject of this.#waits) reject(reason);
    this.#unlisten();
    // Nobody waits for these two: a transport that is stuck may not answer them.
    this.#writer.abort(reason).catch(() => {});
    void this.#reader.cancel(reason);
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
      this.#isClosing = true;
      this.#ended = this.#finish();
    }
    await this.#ended;
  }

  /** Ends this side's direction; what the peer still sends can be read. */
  async closeWriting(): Promise<void> {
    await this.during(this.#writer.close()).catch(() => {});
  }

  async #finish(): Promise<void> {
    await this.closeWriting();
    if (this.#failure !== null) return;
    this.#isClosed = true;
    this.#unlisten();
    void this.#reader.cancel();
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
