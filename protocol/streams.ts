/**
 * The two ends of a stream inside a session, with their windows (spec, section 7).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { createDeferred } from "./deferred.ts";
import { ConnectionError, ProtocolError } from "./errors.ts";
import {
  INITIAL_WINDOW_BYTES,
  MAX_CHUNK_BYTES,
  MAX_FILE_BYTES,
  MAX_WINDOW_BYTES,
} from "./limits.ts";
import { releaseMemory } from "./sealing.ts";

/** The codes with which a stream is given up; 16 bits on the wire. */
export const RESET_CODE = {
  /** No reason that the peer could act on. */
  cancelled: 1,
  /** The file changed while it was read. */
  changed: 2,
  /** The file could not be read or written. */
  storage: 3,
} as const;

/**
 * A stream that was given up before its end; the session goes on.
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   randomBytes,
 *   RESET_CODE,
 *   RsaKeyStock,
 *   StreamResetError,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const stream = keeper.openStream(1_000_000);
 * await keeper.send({ Stream: stream.id, StreamSize: 1_000_000 });
 * const log = (await agent.receive())?.stream;
 * stream.reset(RESET_CODE.changed); // The file changed while it was read.
 * try {
 *   for await (const _piece of log ?? []) console.assert(false);
 * } catch (error) {
 *   console.assert(error instanceof StreamResetError && error.resetCode === RESET_CODE.changed);
 * }
 * await agent.send({ State: "the session goes on" });
 * await Promise.all([agent.close(), keeper.close()]);
 * ```
 */
export class StreamResetError extends ConnectionError {
  /** Why, by the word of the end that gave it up. */
  readonly resetCode: number;

  /** Makes an error for a reset with this code. */
  constructor(resetCode: number) {
    super("connection-lost", `the stream was given up (code ${resetCode})`);
    this.resetCode = resetCode;
  }
}

/** What a stream asks of its session. */
export interface StreamCarrier {
  /** Sends a piece; resolves when the next may be handed over. */
  sendChunk(bytes: Uint8Array, isLast: boolean): Promise<void>;
  /** Grants the peer further bytes. */
  sendWindow(granted: number): void;
  /** Gives the stream up. */
  sendReset(code: number): void;
}

/** What a stream is made of. */
export interface StreamParts {
  /** How many bytes it carries, or `null` where it is open-ended. */
  readonly size: number | null;
  /** What it asks of its session. */
  readonly carrier: StreamCarrier;
}

/**
 * The sending end of a stream.
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   randomBytes,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const stream = keeper.openStream(5);
 * await keeper.send({ Stream: stream.id, StreamSize: 5 });
 * await stream.write(new TextEncoder().encode("hello")); // It ends with its size.
 * console.assert(stream.isOver);
 * let text = "";
 * for await (const piece of (await agent.receive())?.stream ?? []) {
 *   text += new TextDecoder().decode(piece);
 * }
 * console.assert(text === "hello");
 * await Promise.all([agent.close(), keeper.close()]);
 * ```
 */
export class SendStream {
  /** The stream's number. */
  readonly id: number;
  /** Whether its length was not stated: then it goes on until it is ended, for 2^40 bytes at most. */
  readonly isOpenEnded: boolean;
  readonly #carrier: StreamCarrier;
  #remaining: number;
  #window = INITIAL_WINDOW_BYTES;
  #wake: (() => void) | null = null;
  #failure: { readonly reason: unknown } | null = null;
  #isOver = false;

  /** Is made by its session. */
  constructor(id: number, { size, carrier }: StreamParts) {
    this.id = id;
    this.isOpenEnded = size === null;
    this.#remaining = size ?? MAX_FILE_BYTES;
    this.#carrier = carrier;
  }

  /** Whether the last piece has been handed over or the stream was given up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Sends bytes; waits while the peer's window is full. The stream ends with its stated length, an
   * open-ended one by {@linkcode SendStream.end}. One caller at a time.
   *
   * @throws {RangeError} if more bytes come than were stated.
   * @throws {StreamResetError} if the peer gave the stream up.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.#remaining) throw new RangeError("more bytes than the stream's size");
    for (let offset = 0; offset < bytes.length;) {
      await this.#waitForWindow();
      const length = Math.min(bytes.length - offset, this.#window, MAX_CHUNK_BYTES);
      this.#window -= length;
      this.#remaining -= length;
      const isLast = this.#remaining === 0 && !this.isOpenEnded;
      if (isLast) this.#isOver = true;
      await this.#carrier.sendChunk(bytes.subarray(offset, offset + length), isLast);
      this.#throwFailure();
      offset += length;
    }
  }

  /**
   * Ends an empty stream, or an open-ended one; any other ends by itself.
   *
   * @throws {RangeError} if bytes are owed.
   * @throws {StreamResetError} if the peer gave the stream up.
   */
  async end(): Promise<void> {
    this.#throwFailure();
    if (this.#isOver) return;
    if (this.#remaining > 0 && !this.isOpenEnded) {
      throw new RangeError("fewer bytes than the stream's size");
    }
    this.#remaining = 0;
    this.#isOver = true;
    await this.#carrier.sendChunk(new Uint8Array(0), true);
    this.#throwFailure();
  }

  /** Gives the stream up, unless it is over. */
  reset(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#carrier.sendReset(code);
    this.fail(new StreamResetError(code));
  }

  /** Takes a grant of the peer. */
  grant(bytes: number): void {
    this.#window += bytes;
    if (this.#window > MAX_WINDOW_BYTES) {
      throw new ProtocolError("window-exceeded", "the peer grants more than a window can hold");
    }
    this.#wake?.();
  }

  /** Ends every present and later wait with this reason. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#isOver = true;
    this.#wake?.();
  }

  async #waitForWindow(): Promise<void> {
    this.#throwFailure();
    while (this.#window === 0) {
      const { promise, resolve } = createDeferred<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
      this.#throwFailure();
    }
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }
}

/**
 * The receiving end of a stream: iterate over it once.
 *
 * A piece is valid until the next one is asked for; then its memory is let go.
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   randomBytes,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const stream = keeper.openStream(null); // Nobody knows yet how much there will be.
 * await keeper.send({ Stream: stream.id, StreamOpen: true });
 * const lines = (await agent.receive())?.stream;
 * const reading = Array.fromAsync(lines ?? [], (piece) => new TextDecoder().decode(piece));
 * await stream.write(new TextEncoder().encode("one line\n"));
 * await stream.end();
 * console.assert(lines?.isOpenEnded === true && (await reading).join("") === "one line\n");
 * await Promise.all([agent.close(), keeper.close()]);
 * ```
 */
export class ReceiveStream implements AsyncIterable<Bytes> {
  /** The stream's number. */
  readonly id: number;
  /** How many bytes it carries in all; if it is open-ended, at most. */
  readonly size: number;
  /** Whether its length was not stated. */
  readonly isOpenEnded: boolean;
  readonly #carrier: StreamCarrier;
  readonly #chunks: Bytes[] = [];
  #received = 0;
  #window = INITIAL_WINDOW_BYTES;
  #ungranted = 0;
  #wake: (() => void) | null = null;
  #failure: { readonly reason: unknown } | null = null;
  #isDiscarding = false;
  #hasEnded = false;

  /** Is made by its session. */
  constructor(id: number, { size, carrier }: StreamParts) {
    this.id = id;
    this.size = size ?? MAX_FILE_BYTES;
    this.isOpenEnded = size === null;
    this.#carrier = carrier;
  }

  /** Whether no further piece comes: the last one is here, or the stream was given up. */
  get isOver(): boolean {
    return this.#hasEnded || this.#failure !== null;
  }

  /** Takes a piece from the session. */
  push(bytes: Bytes, isLast: boolean): void {
    this.#received += bytes.length;
    this.#window -= bytes.length;
    if (this.#window < 0) {
      throw new ProtocolError("window-exceeded", "the peer sends more than it was granted");
    }
    const isDue = this.isOpenEnded || isLast === (this.#received === this.size);
    if (this.#received > this.size || !isDue) {
      throw new ProtocolError("stream-malformed", "a stream has another length than it stated");
    }
    this.#hasEnded = isLast;
    if (this.#isDiscarding) return;
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#wake?.();
  }

  /** Ends every present and later wait with this reason. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#chunks.length = 0;
    this.#wake?.();
  }

  /** Gives the stream up; what still comes of it is dropped, and a loop that waits for it ends. */
  cancel(code: number = RESET_CODE.cancelled): void {
    if (this.#isDiscarding || this.#failure !== null) return;
    this.#isDiscarding = true;
    this.fail(new StreamResetError(code));
    if (!this.#hasEnded) this.#carrier.sendReset(code);
  }

  /** Yields the pieces in order. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes, void, undefined> {
    let taken = 0;
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          const length = chunk.length;
          yield chunk;
          releaseMemory(chunk);
          taken += length;
          this.#grant(length);
        } else if (this.#failure !== null) {
          throw this.#failure.reason;
        } else if (this.#hasEnded) {
          return;
        } else {
          const { promise, resolve } = createDeferred<void>();
          this.#wake = resolve;
          await promise;
          this.#wake = null;
        }
      }
    } finally {
      if (taken < this.#received || !this.#hasEnded) this.cancel();
    }
  }

  /** Grants what was taken, half a window at a time, unless the rest fits the window anyway. */
  #grant(bytes: number): void {
    this.#ungranted += bytes;
    const owed = this.size - this.#received;
    const isLittle = this.#ungranted < INITIAL_WINDOW_BYTES / 2;
    if (isLittle || this.#hasEnded || this.#window >= owed) return;
    this.#window += this.#ungranted;
    this.#carrier.sendWindow(this.#ungranted);
    this.#ungranted = 0;
  }
}
