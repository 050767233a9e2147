/**
 * Sealed frames on a transport, and on them messages and streams: sections 5 and 7. Without the
 * clocks: nothing here times out, and pings are answered but sent only when asked for.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";
import { decodeFrame, encodeFrame, type Frame, MAX_BODY_BYTES, MAX_SEALED_BYTES } from "./frame.ts";
import { type Fields, isAbsent, MAX_UINT32, numberOf, textOf, truthOf } from "./json.ts";
import type { Direction, KeySchedule } from "./key_schedule.ts";
import type { Cutter, Transport } from "./transport.ts";

const WINDOW_BYTES = 524_288;
const MAX_WINDOW_BYTES = 2 ** 31 - 1;
const MAX_STREAMS = 256;
const MAX_MESSAGES = 1024;
const MAX_STREAM_BYTES = 2 ** 40;

/** A stream that comes in. */
class Incoming {
  readonly pieces: Buffer[] = [];
  received = 0;
  ungranted = 0;
  ended = false;
  reset: number | null = null;
  constructor(readonly size: number, readonly isOpenEnded: boolean) {}
}

/** A stream that goes out. */
class Outgoing {
  credit = WINDOW_BYTES;
  ended = false;
  reset: number | null = null;
}

/** The parts of a session. */
export interface SessionParts {
  /** What carries it. */
  readonly transport: Transport;
  /** What cuts its incoming bytes. */
  readonly cutter: Cutter;
  /** The keys of both sides. */
  readonly schedule: KeySchedule;
  /** Seals what this side sends. */
  readonly outgoing: Direction;
  /** Opens what the other side sent. */
  readonly incoming: Direction;
  /** Which side this is. */
  readonly role: "agent" | "keeper";
}

/** One end of a session, handshake included. */
export class Session {
  /** The keys, for the exporter. */
  readonly schedule: KeySchedule;
  /** How many frames came in. */
  framesReceived = 0;
  /** The frames of kind 7 that came in. */
  pongs = 0;
  readonly #parts: SessionParts;
  readonly #messages: Fields[] = [];
  readonly #in = new Map<number, Incoming>();
  readonly #out = new Map<number, Outgoing>();
  #nextOut: number;
  #leastIn: number;
  #ready = false;
  #complete = false;
  #failure: Failure | null = null;
  #wake: (() => void)[] = [];
  #taker: ((fields: Fields) => boolean) | null = null;
  #pump: Promise<void> | null = null;

  /** Starts in the handshake: frames are read one by one. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.schedule = parts.schedule;
    this.#nextOut = parts.role === "agent" ? 0 : 1;
    this.#leastIn = 1 - this.#nextOut;
  }

  /** Both sides are known: from now on frames of all kinds are read as they come. */
  start(): void {
    this.#ready = true;
    this.#pump = this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (await this.#readFrame());
      if (!this.#complete) throw new Failure("truncated");
    } catch (error) {
      this.#failure = error instanceof Failure ? error : new Failure("connection-lost", `${error}`);
      await this.#say(this.#failure);
    }
    this.#notify();
  }

  async #readFrame(): Promise<boolean> {
    const header = await this.#parts.cutter.bytes(4);
    if (header === null) return false;
    const length = header.readUInt32BE();
    const max = MAX_SEALED_BYTES[this.#ready ? "session" : "handshake"];
    require(length >= 17, "frame-malformed");
    require(length <= max, "frame-too-large");
    const sealed = await this.#parts.cutter.bytes(length);
    require(sealed !== null, "truncated");
    const frame = decodeFrame(this.#parts.incoming.open(header, sealed));
    require(this.#ready || frame.kind === "message", "message-unexpected");
    this.framesReceived++;
    await this.#act(frame);
    this.#notify();
    return true;
  }

  async #act(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case "message":
        return this.#actOnMessage(frame.fields);
      case "chunk":
        return this.#actOnChunk(frame);
      case "window": {
        const stream = this.#out.get(frame.stream);
        require(stream !== undefined, "stream-malformed", "a grant for no stream");
        if (stream.ended) return;
        stream.credit += frame.granted;
        return require(stream.credit <= MAX_WINDOW_BYTES, "window-exceeded");
      }
      case "reset":
        return await this.#actOnReset(frame.stream, frame.code);
      case "ping":
        return await this.sendFrame({ kind: "pong", data: frame.data });
      case "pong":
        this.pongs++;
    }
  }

  #actOnMessage(fields: Fields): void {
    const isState = /^[A-Z][A-Z-]{0,63}$/.test(textOf(fields, "State"));
    require(isState, "message-malformed", "State");
    if (fields.State === "FAILED") {
      throw new Failure(textOf(fields, "Code"), "said the other side", true);
    }
    if (this.#ready && fields.Stream !== undefined) {
      const id = numberOf(fields, "Stream", MAX_UINT32);
      const isOpenEnded = !isAbsent(fields.StreamOpen) && truthOf(fields, "StreamOpen");
      const hasBoth = isOpenEnded && fields.StreamSize !== undefined;
      require(!hasBoth, "message-malformed", "a size and none");
      const size = isOpenEnded
        ? MAX_STREAM_BYTES
        : numberOf(fields, "StreamSize", MAX_STREAM_BYTES);
      const fits = id >= this.#leastIn && id % 2 === this.#leastIn % 2;
      require(fits, "stream-malformed", "stream id");
      const open = [...this.#in.values()].filter((stream) => !stream.ended);
      require(open.length < MAX_STREAMS, "too-many-streams");
      this.#leastIn = id + 2;
      this.#in.set(id, new Incoming(size, isOpenEnded));
    }
    if (this.#taker?.(fields) === true) return;
    require(this.#messages.length < MAX_MESSAGES, "too-many-messages");
    this.#messages.push(fields);
  }

  async #actOnChunk(frame: Frame & { kind: "chunk" }): Promise<void> {
    const stream = this.#in.get(frame.stream);
    require(stream !== undefined && !stream.ended, "stream-malformed", "no such stream");
    stream.received += frame.data.length;
    require(stream.received <= stream.size, "stream-malformed", "beyond its size");
    const isDue = stream.isOpenEnded || (stream.received === stream.size) === frame.last;
    require(isDue, "stream-malformed", "its end");
    stream.pieces.push(frame.data);
    stream.ended = frame.last;
    stream.ungranted += frame.data.length;
    if (stream.ended || stream.ungranted < WINDOW_BYTES / 2) return;
    await this.sendFrame({ kind: "window", stream: frame.stream, granted: stream.ungranted });
    stream.ungranted = 0;
  }

  async #actOnReset(id: number, code: number): Promise<void> {
    const incoming = this.#in.get(id);
    const outgoing = this.#out.get(id);
    require(incoming !== undefined || outgoing !== undefined, "stream-malformed", "reset of none");
    if (incoming !== undefined && !incoming.ended) {
      incoming.ended = true;
      incoming.reset = code;
    }
    if (outgoing === undefined || outgoing.ended) return;
    outgoing.ended = true;
    outgoing.reset = code;
    await this.sendFrame({ kind: "reset", stream: id, code });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Takes the next message; with a state it has to be that one. */
  async message(state?: string): Promise<Fields> {
    if (!this.#ready) require(await this.#readFrame(), "truncated");
    const fields = await this.#until(() => this.#messages.shift());
    const code = this.#ready ? "message-unexpected" : "message-malformed";
    require(state === undefined || fields.State === state, code, `${fields.State} is not due`);
    return fields;
  }

  /** Lets somebody see every message first, those too that wait; returns whether it was taken. */
  divert(taker: (fields: Fields) => boolean): void {
    this.#taker = taker;
    for (const fields of this.#messages.splice(0)) if (!taker(fields)) this.#messages.push(fields);
  }

  /** Waits until something is so, looking again whenever a frame has come. */
  async until(isSo: () => boolean): Promise<void> {
    await this.#until(() => isSo() ? true : undefined);
  }

  /** Looks again at what is waited for. */
  look(): void {
    this.#notify();
  }

  /** Waits until so many pongs came in: a peer need not keep more than 4,096 answers waiting. */
  async awaitPongs(count: number): Promise<void> {
    await this.#until(() => this.pongs >= count ? true : undefined);
  }

  /** Takes all bytes of the stream that a message opened; fails with `reset` if it is given up. */
  async stream(message: Fields): Promise<Buffer> {
    const stream = this.#in.get(numberOf(message, "Stream", MAX_UINT32)) as Incoming;
    await this.#until(() => stream.ended ? true : undefined);
    require(stream.reset === null, "reset", `with code ${stream.reset}`);
    return Buffer.concat(stream.pieces);
  }

  /** Gives a stream of the other side up. */
  async giveUp(message: Fields): Promise<void> {
    const id = numberOf(message, "Stream", MAX_UINT32);
    const stream = this.#in.get(id) as Incoming;
    if (stream.ended || stream.reset !== null) return;
    stream.reset = 1;
    await this.sendFrame({ kind: "reset", stream: id, code: 1 });
  }

  /** Whether a stream of the other side has come to its end, or was given up. */
  isOver(message: Fields): boolean {
    const stream = this.#in.get(numberOf(message, "Stream", MAX_UINT32)) as Incoming;
    return stream.ended || stream.reset !== null;
  }

  /** Sends a frame; frames leave in the order of the calls. */
  sendFrame(frame: Frame): Promise<void> {
    return this.#parts.transport.write(this.#parts.outgoing.seal(encodeFrame(frame)));
  }

  /** Sends a message. */
  send(fields: Fields): Promise<void> {
    return this.sendFrame({ kind: "message", fields });
  }

  /** Sends a message that opens a stream, and its bytes. */
  async sendWithStream(fields: Fields, bytes: Buffer, pieceBytes = MAX_BODY_BYTES): Promise<void> {
    const id = this.#nextOut;
    this.#nextOut += 2;
    const stream = new Outgoing();
    this.#out.set(id, stream);
    await this.send({ ...fields, Stream: id, StreamSize: bytes.length });
    let at = 0;
    while (!stream.ended) {
      await this.#until(() => stream.credit > 0 || stream.ended ? true : undefined);
      if (stream.ended) return;
      const length = Math.min(pieceBytes, stream.credit, bytes.length - at);
      const data = bytes.subarray(at, at + length);
      at += length;
      stream.credit -= length;
      stream.ended = at === bytes.length;
      await this.sendFrame({ kind: "chunk", stream: id, data, last: stream.ended });
    }
  }

  /** Sends a message that opens a stream without a size, and its bytes as they come. */
  async sendOpenEnded(fields: Fields, bytes: AsyncIterable<Buffer>): Promise<void> {
    const id = this.#nextOut;
    this.#nextOut += 2;
    const stream = new Outgoing();
    this.#out.set(id, stream);
    await this.send({ ...fields, Stream: id, StreamOpen: true });
    for await (const piece of bytes) {
      for (let at = 0; at < piece.length && !stream.ended;) {
        await this.#until(() => stream.credit > 0 || stream.ended ? true : undefined);
        const data = piece.subarray(at, at + Math.min(stream.credit, MAX_BODY_BYTES));
        at += data.length;
        stream.credit -= data.length;
        if (stream.ended) break;
        await this.sendFrame({ kind: "chunk", stream: id, data, last: false });
      }
      if (stream.ended) return;
    }
    if (stream.ended) return;
    stream.ended = true;
    await this.sendFrame({ kind: "chunk", stream: id, data: Buffer.alloc(0), last: true });
  }

  async #say(failure: Failure): Promise<void> {
    const silent = ["open-failed", "truncated", "connection-lost"].includes(failure.code);
    try {
      if (!silent && !failure.fromPeer) await this.send({ State: "FAILED", Code: failure.code });
      await this.#parts.transport.end();
    } catch {
      // The transport is gone, and there is nobody to tell.
    }
  }

  /** Ends the session for a reason: tells the other side where it may be told. */
  async fail(error: unknown): Promise<never> {
    const known = this.#failure;
    if (known === null) {
      const failure = error instanceof Failure ? error : new Failure("cancelled", `${error}`);
      this.#failure = failure;
      await this.#say(failure);
    }
    throw known ?? error;
  }

  /** Ends a session that is complete, and waits until the other side has ended it too. */
  async close(): Promise<void> {
    this.#complete = true;
    await this.#parts.transport.end();
    await this.#pump;
  }
}
