/**
 * Carries bytes between two transports, in both directions, until both have ended.
 *
 * @module
 */
import {
  type Bytes,
  ConnectionError,
  createDeferred,
  type Duplex,
  type SendStream,
} from "../../protocol/mod.ts";
import { RELAY_PIECE_BYTES } from "../limits.ts";

/** The side of the keeper: what it sends, and where it reads. */
export interface RelayedStream {
  /** What the keeper sends; a piece is valid until the next. */
  readonly stream: AsyncIterable<Bytes>;
  /** What the keeper reads. */
  readonly output: Pick<SendStream, "write" | "end">;
}

/** The options of {@linkcode relayBytes}. */
export interface RelayBytesOptions {
  /** Ends both directions at once, with its reason. */
  readonly signal: AbortSignal;
  /** How long nothing may come from either side, in milliseconds. */
  readonly idleMs: number;
  /** Ends the transport of the far side at once, so that all that waits for it fails. */
  readonly close: (reason: unknown) => void;
}

/** How much was carried. */
export interface RelayedBytes {
  /** Bytes from the keeper. */
  readonly fromKeeper: number;
  /** Bytes to the keeper. */
  readonly toKeeper: number;
}

/**
 * Carries bytes until both directions have ended; where one has, the other goes on.
 *
 * At most one piece of each direction is held: whoever does not read stops the other side alone.
 *
 * @throws {ConnectionError} `timed-out` if nothing came for too long.
 * @throws What either side fails with; the reason of the signal.
 */
export async function relayBytes(
  { stream, output }: RelayedStream,
  duplex: Duplex,
  { signal, idleMs, close }: RelayBytesOptions,
): Promise<RelayedBytes> {
  const carried = { fromKeeper: 0, toKeeper: 0 };
  const { promise: broken, reject: breakOff } = createDeferred<never>();
  broken.catch(() => {});
  const stop = (reason: unknown): void => {
    breakOff(reason);
    close(reason);
  };
  const onAbort = () => stop(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  const watch = new IdleWatch(idleMs, () => {
    stop(new ConnectionError("timed-out", `nothing was relayed for ${idleMs / 1_000} s`));
  });
  const forth = async () => {
    const writer = duplex.writable.getWriter();
    // A failure is met where it is written or closed; nobody waits for this promise.
    writer.closed.catch(() => {});
    for await (const piece of stream) {
      watch.note();
      await writer.write(piece);
      watch.note();
      carried.fromKeeper += piece.length;
    }
    await writer.close();
  };
  const back = async () => {
    for await (const piece of piecesOf(duplex.readable)) {
      watch.note();
      await output.write(piece);
      watch.note();
      carried.toKeeper += piece.length;
    }
    await output.end();
  };
  try {
    await Promise.race([Promise.all([forth(), back()]), broken]);
    return carried;
  } catch (error) {
    // One direction that fails takes the other with it: half of a sealed session is of no use.
    close(error);
    throw error;
  } finally {
    watch.stop();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Reads into the same memory again and again, where the transport can. */
async function* piecesOf(
  readable: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = readerOf(readable);
  if (reader instanceof ReadableStreamDefaultReader) {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  }
  let memory = new ArrayBuffer(RELAY_PIECE_BYTES);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(memory));
    if (done || value === undefined) return;
    yield value;
    memory = value.buffer;
  }
}

function readerOf(
  readable: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array> {
  try {
    return readable.getReader({ mode: "byob" });
  } catch {
    return readable.getReader();
  }
}

/** Notices that nothing happens. */
class IdleWatch {
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #lastMs = performance.now();
  #timer: ReturnType<typeof setTimeout>;

  constructor(idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    this.#timer = setTimeout(() => this.#look(), idleMs);
  }

  note(): void {
    this.#lastMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const leftMs = this.#idleMs - (performance.now() - this.#lastMs);
    if (leftMs <= 0) return this.#onIdle();
    this.#timer = setTimeout(() => this.#look(), Math.ceil(leftMs));
  }
}
