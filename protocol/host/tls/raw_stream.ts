/**
 * A transport of ours as a stream of Node's, for TLS to run over.
 *
 * @module
 */
import type { Duplex as NodeDuplex } from "node:stream";
import type { Duplex } from "../../duplex.ts";
import { ConnectionError } from "../../errors.ts";

/** How long the other end has to end its direction, too, in milliseconds. */
const PARTING_TIMEOUT_MS = 10_000;

/** How the methods of a stream of Node's say that they are done. */
type Done = (error?: Error | null) => void;

/**
 * A transport and the stream over it; from now on the transport belongs to that.
 *
 * TLS reads from it whether anybody reads what comes out or not: who sees to that calls `hold`.
 */
export class RawStream {
  /** The stream. */
  readonly stream: NodeDuplex;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Whether nothing more is to be read. */
  #isHeld = false;
  /** Whether something would have been read by now. */
  #isWanted = false;
  /** Why the transport is given up, where it is. */
  #reason: unknown = null;
  /** Runs while the end of the other direction is waited for. */
  #parting: ReturnType<typeof setTimeout> | undefined;
  readonly #partingTimeoutMs: number;

  private constructor(
    { readable, writable }: Duplex,
    { Stream, partingTimeoutMs }: {
      readonly Stream: typeof NodeDuplex;
      readonly partingTimeoutMs: number;
    },
  ) {
    this.#partingTimeoutMs = partingTimeoutMs;
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // What goes wrong is told by the read or write that meets it.
    this.#reader.closed.catch(ignore);
    this.#writer.closed.catch(ignore);
    this.stream = new Stream({
      allowHalfOpen: true,
      read: () => this.#read(),
      write: (piece: Uint8Array, _encoding: string, done: Done) => {
        this.#writer.write(piece).then(() => done(), (error) => done(asError(error)));
      },
      final: (done: Done) => {
        this.#writer.close().then(() => done(), (error) => done(asError(error)));
      },
      destroy: (error: Error | null, done: Done) => this.#destroy(error, done),
    });
  }

  /**
   * Takes both directions of a transport; the module of Node's is loaded with the first.
   *
   * @param partingTimeoutMs How long the other end has to end its direction once this one has ended, in
   * milliseconds; then the transport is freed.
   */
  static async open(
    duplex: Duplex,
    partingTimeoutMs: number = PARTING_TIMEOUT_MS,
  ): Promise<RawStream> {
    // Named, an import would be of the whole program's start once it is bundled.
    const { Duplex: Stream } = await import("node:stream");
    return new RawStream(duplex, { Stream, partingTimeoutMs });
  }

  /** Ends this direction, and waits a while for the end of the other: what was written still arrives. */
  finish(): void {
    this.release();
    if (!this.stream.destroyed) this.#limitParting();
    this.stream.end();
    this.stream.resume();
  }

  /** Frees the transport at once. */
  abort(reason: unknown): void {
    this.#reason = reason ?? new Error("given up");
    // Where it was let go of already, its last bytes are no longer waited for.
    if (this.stream.destroyed) this.#drop(this.#reason);
    else this.stream.destroy();
  }

  /** Reads nothing more from the transport until {@linkcode release} is called. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Reads again. */
  release(): void {
    this.#isHeld = false;
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#read();
  }

  /** Reads the next piece; is called again once it is taken. */
  #read(): void {
    this.#isWanted = this.#isHeld;
    if (this.#isHeld) return;
    this.#reader.read().then(
      ({ done, value }) => this.stream.push(done ? null : value),
      (error) => this.stream.destroy(asError(error)),
    );
  }

  /**
   * Lets go of the transport. Node destroys what has ended by itself, with the last bytes still on their
   * way: without a failure they are let through, and the other end may finish too.
   */
  #destroy(error: Error | null, done: Done): void {
    const reason = this.#reason ?? error;
    if (reason === null) this.#part().catch(ignore).finally(() => clearTimeout(this.#parting));
    else this.#drop(reason);
    done(error);
  }

  #drop(reason: unknown): void {
    clearTimeout(this.#parting);
    this.#reader.cancel(reason).catch(ignore);
    this.#writer.abort(reason).catch(ignore);
  }

  /** Nobody looks at the transport any more: without a limit the other end could keep it for ever. */
  #limitParting(): void {
    this.#parting ??= setTimeout(() => {
      this.abort(new ConnectionError("timed-out", "the other end leaves the connection open"));
    }, this.#partingTimeoutMs);
  }

  async #part(): Promise<void> {
    this.#limitParting();
    // Closed already, as a rule.
    await this.#writer.close().catch(ignore);
    while (!(await this.#reader.read()).done);
  }
}

/** A transport may be closed for any reason; a stream of Node's is for an error. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("the transport failed", { cause: reason });
}

function ignore(): void {}
