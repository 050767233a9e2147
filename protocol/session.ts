/**
 * A session after its handshake: messages in order, streams side by side, signs of life (spec,
 * section 7).
 *
 * @module
 */
import { type Bytes, randomBytes } from "./bytes.ts";
import { encodeFailure, failureCode, throwIfFailed } from "./confirmation.ts";
import { ConnectionError, ProtocolError } from "./errors.ts";
import {
  decodeFrame,
  encodeChunkFrame,
  encodeMessageFrame,
  encodePingFrame,
  encodeResetFrame,
  encodeWindowFrame,
  type Frame,
  PING_BYTES,
} from "./frame.ts";
import type { FrameReader } from "./frame_reader.ts";
import type { FrameWriter } from "./frame_writer.ts";
import {
  FAREWELL_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MAX_FILE_BYTES,
  MAX_OPEN_STREAMS,
  PING_AFTER_MS,
} from "./limits.ts";
import type { Link } from "./link.ts";
import { MessageFields } from "./message_fields.ts";
import { type IncomingMessage, MessageQueue, type MessageTaker } from "./message_queue.ts";
import type { SessionOptions, SessionOrigin, SessionParts } from "./session_parts.ts";
import { ReceiveStream, SendStream, type StreamCarrier, StreamResetError } from "./streams.ts";

const MAX_STREAM_ID = 2 ** 32 - 1;

/**
 * One end of a session.
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
 * // A dialogue of one's own; files are exchanged by `deliverAsKeeper` and `receiveAsAgent`.
 * await keeper.send({ Question: "how warm" });
 * const asked = await agent.receive();
 * console.assert(asked?.fields.text("Question", /^[a-z ]+$/) === "how warm");
 * const closing = keeper.close();
 * console.assert(await agent.receive() === null); // The keeper says no more.
 * await agent.close();
 * await closing;
 * ```
 */
export class Session implements AsyncDisposable {
  /** Which end this is. */
  readonly role: "agent" | "keeper";
  /** How it began. */
  readonly origin: SessionOrigin;
  readonly #link: Link;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #options: SessionOptions;
  readonly #messages = new MessageQueue();
  readonly #sending: Map<number, SendStream> = new Map();
  readonly #receiving: Map<number, ReceiveStream> = new Map();
  readonly #running: Promise<void>;
  /** The first failure, while the peer is still being told and after. */
  #failing: { readonly reason: unknown } | null = null;
  #isClosing = false;
  #taker: MessageTaker | null = null;
  #nextStreamId: number;
  #lastPeerStreamId = -1;
  #lastFrameMs = performance.now();
  #watchdog: ReturnType<typeof setInterval>;

  /** Starts to read; use {@linkcode handshakeAsAgent} or {@linkcode handshakeAsKeeper} instead. */
  constructor(parts: SessionParts, options: SessionOptions = {}) {
    this.role = parts.role;
    this.origin = parts.origin;
    this.#link = parts.link;
    this.#reader = parts.reader;
    this.#writer = parts.writer;
    this.#options = options;
    this.#nextStreamId = parts.role === "agent" ? 0 : 1;
    const { pingAfterMs = PING_AFTER_MS, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
    this.#watchdog = setInterval(() => this.#watch(), Math.min(pingAfterMs, idleTimeoutMs) / 4);
    this.#running = this.#run();
    this.#link.broken.catch(async (error) => {
      // What came before the transport broke may say why it did.
      await this.#running;
      this.#finish(this.#failing === null ? error : this.#failing.reason);
    });
  }

  /**
   * Takes the next message of the peer; one caller at a time.
   *
   * @returns `null` where the peer has ended its direction; whether it may is the caller's question.
   * @throws What ended the session, once and always.
   */
  receive(): Promise<IncomingMessage | null> {
    return this.#messages.take();
  }

  /** Has a taker see each message first, those too that wait already; one for each session. */
  divert(taker: MessageTaker): void {
    this.#taker = taker;
    this.#messages.extract((message) => taker.take(message));
    const { end } = this.#messages;
    if (end !== null) taker.end(end.reason ?? truncated());
  }

  /**
   * Sends a message; resolves when the next may be handed over.
   *
   * @throws What ended the session, once and always.
   */
  async send(message: Readonly<Record<string, unknown>>): Promise<void> {
    this.#throwIfOver();
    // FAILED overtakes what waits for its turn, and nothing may follow it.
    const isWanted = () => this.#failing === null;
    await this.#writer.write(encodeMessageFrame(message), { isWanted });
    if (this.#failing !== null || this.#link.isOver) this.#throwIfOver();
  }

  /**
   * Opens a stream for sending, of a size or, with `null`, an open-ended one; announce it to the peer
   * in a message with `Stream` and `StreamSize` or `StreamOpen` before anything is written to it.
   *
   * @throws {RangeError} if 256 are open already.
   * @throws What ended the session, once and always.
   */
  openStream(size: number | null): SendStream {
    this.#throwIfOver();
    if (this.#sending.size >= MAX_OPEN_STREAMS) throw new RangeError("too many open streams");
    const id = this.#nextStreamId;
    if (id > MAX_STREAM_ID) throw new RangeError("the session has used up its streams");
    this.#nextStreamId += 2;
    const stream: SendStream = new SendStream(id, { size, carrier: this.#carrier(id) });
    this.#sending.set(id, stream);
    return stream;
  }

  /** Whether any stream is open in either direction. */
  get hasOpenStreams(): boolean {
    return this.#sending.size > 0 || this.#receiving.size > 0;
  }

  /** Waits until everything that was sent has left this end. */
  async flush(): Promise<void> {
    await this.#writer.flush();
  }

  /** Ends the session after what was sent, and waits a little for the peer to do the same. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#watchdog);
    if (!this.#link.isOver) {
      const disarm = this.#armFarewell();
      try {
        await this.#writer.flush();
        await this.#link.closeWriting();
        await this.#running;
      } catch {
        // Nobody is left to read what did not leave.
      } finally {
        disarm();
      }
    }
    await this.#link.close();
    this.#finish(new ConnectionError("connection-lost", "the session was closed"));
    await this.#running;
    await this.#writer.settle();
  }

  /** Ends the session because of an error; the peer learns the code, if it may. */
  async fail(error: unknown): Promise<void> {
    if (this.#failing !== null) return;
    this.#failing = { reason: error };
    const code = failureCode(error);
    if (code !== null && !this.#link.isOver) {
      const disarm = this.#armFarewell();
      this.#writer.writeNow(encodeMessageFrame(encodeFailure(code)));
      try {
        await this.#writer.flush();
        await this.#link.closeWriting();
      } catch {
        // The error that is being told is the one that counts.
      } finally {
        disarm();
      }
    }
    this.#link.fail(error);
    this.#finish(error);
  }

  /** Closes the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #armFarewell(): () => void {
    const { farewellTimeoutMs = FAREWELL_TIMEOUT_MS } = this.#options;
    return this.#link.deadline(farewellTimeoutMs, "the farewell");
  }

  #throwIfOver(): void {
    const failure = this.#failing ?? this.#messages.end;
    if (failure !== null && failure.reason !== null) throw failure.reason;
    if (this.#isClosing) throw new ConnectionError("connection-lost", "the session was closed");
  }

  /** Sends a small frame of the session's own, unless this direction is about to end. */
  #writeNow(plaintext: Bytes): void {
    if (this.#failing !== null || this.#link.isOver || this.#isClosing) return;
    this.#writer.writeNow(plaintext);
  }

  async #run(): Promise<void> {
    const onFailure = (error: unknown) => void this.fail(error);
    try {
      await this.#reader.forEach((plaintext) => this.#take(decodeFrame(plaintext)), onFailure);
      this.#finish(null);
    } catch (error) {
      await this.fail(error);
    }
  }

  #take(frame: Frame): void {
    if (this.#failing !== null) return;
    this.#lastFrameMs = performance.now();
    switch (frame.kind) {
      case "message":
        return this.#takeMessage(frame.json);
      case "chunk":
        return this.#takeChunk(frame);
      case "window":
        if (this.#wasOpened(frame.streamId)) {
          this.#sending.get(frame.streamId)?.grant(frame.granted);
        }
        return;
      case "reset":
        return this.#takeReset(frame);
      case "ping":
        return this.#writeNow(encodePingFrame(frame.payload, "pong"));
      case "pong":
        return;
    }
  }

  #takeMessage(json: Bytes): void {
    const fields = MessageFields.parse(json, "a message of the peer");
    throwIfFailed(fields, this.role === "agent" ? "the keeper" : "the agent");
    const stream = fields.has("Stream") ? this.#acceptStream(fields) : null;
    const message: IncomingMessage = { fields, stream };
    if (this.#taker?.take(message) === true) return;
    this.#messages.checkRoom(json.length);
    this.#messages.push(message, json.length);
  }

  #acceptStream(fields: MessageFields): ReceiveStream {
    const id = fields.integer("Stream", { max: MAX_STREAM_ID });
    const isOpenEnded = fields.optionalBoolean("StreamOpen");
    if (isOpenEnded && fields.has("StreamSize")) {
      throw new ProtocolError("message-malformed", "a stream is open-ended and has a size");
    }
    const size = isOpenEnded ? null : fields.integer("StreamSize", { max: MAX_FILE_BYTES });
    const parity = this.role === "agent" ? 1 : 0;
    if (id % 2 !== parity || id <= this.#lastPeerStreamId) {
      throw new ProtocolError("stream-malformed", "a stream has a number that it must not have");
    }
    if (this.#receiving.size >= MAX_OPEN_STREAMS) {
      throw new ProtocolError("too-many-streams", "the peer opens too many streams");
    }
    this.#lastPeerStreamId = id;
    const stream = new ReceiveStream(id, { size, carrier: this.#carrier(id) });
    this.#receiving.set(id, stream);
    return stream;
  }

  #takeChunk(frame: Frame & { readonly kind: "chunk" }): void {
    const stream = this.#receiving.get(frame.streamId);
    if (stream === undefined) {
      throw new ProtocolError("stream-malformed", "a piece of a stream that is not open");
    }
    stream.push(frame.bytes, frame.isLast);
    if (frame.isLast) this.#receiving.delete(frame.streamId);
  }

  #takeReset(frame: Frame & { readonly kind: "reset" }): void {
    const error = new StreamResetError(frame.code);
    const received = this.#receiving.get(frame.streamId);
    if (received !== undefined) {
      this.#receiving.delete(frame.streamId);
      received.fail(error);
      return;
    }
    if (!this.#wasOpened(frame.streamId)) return;
    const sent = this.#sending.get(frame.streamId);
    if (sent === undefined) return;
    // The peer keeps the stream open until it hears that no further piece is on its way.
    sent.fail(error);
    this.#sending.delete(frame.streamId);
    this.#writeNow(encodeResetFrame(frame.streamId, frame.code));
  }

  /** Tells whether a number is one of this end's streams; any other than a past one is fatal. */
  #wasOpened(id: number): boolean {
    const isOwn = id % 2 === this.#nextStreamId % 2;
    if (isOwn ? id < this.#nextStreamId : id <= this.#lastPeerStreamId) return isOwn;
    throw new ProtocolError("stream-malformed", "the peer speaks of a stream that never was");
  }

  #carrier(id: number): StreamCarrier {
    return {
      sendChunk: async (bytes: Uint8Array, isLast: boolean): Promise<void> => {
        this.#throwIfOver();
        const chunk = encodeChunkFrame(bytes, { streamId: id, isLast });
        // A reset may overtake a chunk that waits for its turn; nothing may follow a reset.
        const isWanted = () => this.#sending.has(id) && this.#failing === null;
        await this.#writer.write(chunk, { isWanted });
        if (isLast) this.#sending.delete(id);
      },
      sendWindow: (granted: number): void => {
        this.#writeNow(encodeWindowFrame(id, granted));
      },
      sendReset: (code: number): void => {
        this.#sending.delete(id);
        this.#writeNow(encodeResetFrame(id, code));
      },
    };
  }

  #watch(): void {
    const now = performance.now();
    const { pingAfterMs = PING_AFTER_MS, idleTimeoutMs = IDLE_TIMEOUT_MS } = this.#options;
    if (now - this.#lastFrameMs >= idleTimeoutMs) {
      void this.fail(
        new ConnectionError("timed-out", `the peer was silent for ${idleTimeoutMs / 1_000} s`),
      );
    } else if (now - this.#writer.lastWriteMs >= pingAfterMs) {
      this.#writeNow(encodePingFrame(randomBytes(PING_BYTES), "ping"));
    }
  }

  #finish(reason: unknown): void {
    const { end } = this.#messages;
    if (end !== null && end.reason !== null) return;
    const error = reason ?? truncated();
    for (const stream of this.#receiving.values()) stream.fail(error);
    this.#receiving.clear();
    if (reason !== null) {
      clearInterval(this.#watchdog);
      for (const stream of this.#sending.values()) stream.fail(error);
    }
    this.#messages.finish(reason);
    if (end === null) this.#taker?.end(error);
  }
}

function truncated(): ConnectionError {
  return new ConnectionError("truncated", "the peer ended the session in the middle");
}
