/**
 * Messages over a link: in clear text at first, sealed once the key is agreed (spec, sections 2 and 4).
 *
 * @module
 */
import { type Bytes, encodeHex, encodeUtf8, equalBytes, joinBytes } from "../bytes.ts";
import { ConnectionError, ProtocolError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { EaxKey, EaxStream } from "./eax.ts";
import type { Entropy } from "./entropy.ts";
import { HexReader } from "./hex_reader.ts";
import { JsonScanner, type ScanEvent } from "./json_scanner.ts";
import { encodeJsonObject, type JsonMembers } from "./json_text.ts";
import {
  MAX_MEMBERS_BYTES,
  MAX_NONCE_BYTES,
  MESSAGE_BYTES_PER_S,
  MESSAGE_TIMEOUT_MS,
  PIECE_BYTES,
  TAG_BYTES,
} from "./limits.ts";

/** Takes the text of a member that may be as long as a file; nothing of it is proven yet. */
export type TextSink = (utf8: Uint8Array) => Promise<void>;

/** How one message is read. */
export interface ReadOptions {
  /** What it is, for the message of an error. */
  readonly what: string;
  /** How long it may be as it comes. */
  readonly maxBytes: number;
  /** When it is due, before what is added for its length, in milliseconds. */
  readonly timeoutMs: number;
  /** Which member is handed on in pieces, and to whom. */
  readonly text?: { readonly name: string; readonly sink: TextSink };
}

/** One side's end of a conversation. */
export class Channel {
  readonly #link: Link;
  readonly #entropy: Entropy;
  readonly #writeTimeoutMs: number;
  /** Has arrived and was not used yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #key: EaxKey | null = null;
  readonly #usedNonces = new Set<string>();

  /** Takes over a link; a write that the peer does not take in time ends it. */
  constructor(link: Link, entropy: Entropy, writeTimeoutMs: number = MESSAGE_TIMEOUT_MS) {
    this.#link = link;
    this.#entropy = entropy;
    this.#writeTimeoutMs = writeTimeoutMs;
  }

  /** Seals and opens with this key from now on. */
  set key(key: EaxKey) {
    this.#key = key;
  }

  /** Writes a message in clear text. */
  async writeClear(members: JsonMembers, options: { readonly newline: boolean }): Promise<void> {
    await this.#writeLine(encodeJsonObject(members), options);
  }

  /** Seals a message and writes it, in one write: the original's vault reads only once. */
  async writeSealed(members: JsonMembers, options: SealOptions): Promise<void> {
    const nonce = this.#drawNonce();
    const plaintext = encodeUtf8(encodeJsonObject(members));
    const { ciphertext, tag } = await this.#link.during(this.#needKey().seal(plaintext, { nonce }));
    const envelope = new Map([
      ["nonce", encodeHex(nonce)],
      ["tag", encodeHex(tag)],
      ["ciphertext", encodeHex(ciphertext)],
    ]);
    await this.#writeLine(encodeJsonObject(envelope), options);
  }

  /**
   * Seals a message that comes in pieces of its JSON, and writes it as it comes.
   *
   * The tag can only follow the ciphertext then; a reader of JSON does not mind.
   */
  async writeSealedPieces(json: AsyncIterable<Uint8Array>): Promise<void> {
    const nonce = this.#drawNonce();
    const stream = await this.#needKey().stream({ nonce });
    await this.#write(encodeUtf8(`{"nonce": "${encodeHex(nonce)}", "ciphertext": "`));
    for await (const piece of json) {
      const ciphertext = await this.#link.during(stream.seal(piece));
      await this.#write(encodeUtf8(encodeHex(ciphertext)));
    }
    const tag = encodeHex(await stream.tag());
    await this.#write(encodeUtf8(`", "tag": "${tag}"}\n`));
  }

  async #write(bytes: Bytes): Promise<void> {
    const timeoutMs = this.#writeTimeoutMs + bytes.length / MESSAGE_BYTES_PER_S * 1_000;
    const disarm = this.#limit(timeoutMs, "the peer did not take a message in time");
    await this.#link.write(bytes).finally(disarm);
  }

  /** Ends the link in so many milliseconds, unless the returned function is called before. */
  #limit(timeoutMs: number, problem: string): () => void {
    const timer = setTimeout(() => {
      this.#link.fail(new ConnectionError("timed-out", problem));
    }, timeoutMs);
    return () => clearTimeout(timer);
  }

  async #writeLine(json: string, { newline, maxBytes = Infinity }: SealOptions): Promise<void> {
    const line = encodeUtf8(newline ? `${json}\n` : json);
    if (line.length > maxBytes) {
      throw new ProtocolError("line-too-long", `a message would have more than ${maxBytes} bytes`);
    }
    await this.#write(line);
  }

  #drawNonce(): Bytes {
    const nonce = this.#entropy.nonce();
    this.#usedNonces.add(encodeHex(nonce));
    return nonce;
  }

  #needKey(): EaxKey {
    if (this.#key === null) throw new RangeError("no key was agreed yet");
    return this.#key;
  }

  /** Reads a message in clear text. */
  async readClear(options: ReadOptions): Promise<Map<string, unknown>> {
    const members = new Map<string, unknown>();
    const scanner = new JsonScanner({ what: options.what });
    await this.#scan(scanner, options, (event) => {
      if (event.kind === "member") members.set(event.name, event.value);
      return null;
    });
    return members;
  }

  /** Reads a sealed message. Nothing of it may be acted upon before this resolves. */
  async readSealed(options: ReadOptions): Promise<Map<string, unknown>> {
    const { what } = options;
    const envelope = new SealedReader(this.#needKey(), options);
    const scanner = new JsonScanner({ what, streamed: ["ciphertext"], letters: ["ciphertext"] });
    await this.#scan(scanner, options, (event) => envelope.take(event));
    const { nonce, members } = await this.#link.during(envelope.finish());
    // What was sealed in this session before, by whichever side, is no new message.
    const name = encodeHex(nonce);
    if (this.#usedNonces.has(name)) {
      throw new ProtocolError("open-failed", `${what} was sent before`);
    }
    this.#usedNonces.add(name);
    return members;
  }

  /** Reads up to the end of one object, within a time that grows with its length. */
  async #scan(
    scanner: JsonScanner,
    options: ReadOptions,
    take: (event: ScanEvent) => Promise<void> | null,
  ): Promise<void> {
    const { what, maxBytes, timeoutMs } = options;
    const startedMs = performance.now();
    let total = 0;
    while (!scanner.isDone) {
      if (this.#rest.length === 0) {
        const spentMs = performance.now() - startedMs;
        const leftMs = timeoutMs + total / MESSAGE_BYTES_PER_S * 1_000 - spentMs;
        const disarm = this.#limit(leftMs, `${what} did not come in time`);
        const bytes = await this.#link.readSome().finally(disarm);
        if (bytes === null) {
          throw new ConnectionError("truncated", `the connection ended instead of ${what}`);
        }
        this.#rest = bytes;
      }
      const { events, used } = scanner.feed(this.#rest);
      total += used;
      if (total > maxBytes) {
        throw new ProtocolError("line-too-long", `${what} is longer than ${maxBytes} bytes`);
      }
      this.#rest = this.#rest.subarray(used);
      for (const event of events) {
        const taken = take(event);
        if (taken !== null) await this.#link.during(taken);
      }
    }
  }

  /** Waits until the peer has ended its direction; what it still sends is not looked at. */
  async drain(timeoutMs: number): Promise<void> {
    const disarm = this.#link.deadline(timeoutMs, "the peer's end");
    try {
      while (await this.#link.readSome() !== null);
    } finally {
      disarm();
    }
  }
}

/** How a line is written. */
export interface SealOptions {
  /** Whether it ends in a newline. */
  readonly newline: boolean;
  /** How long it may be. @default {Infinity} */
  readonly maxBytes?: number;
}

/** Opens one sealed message while it comes. */
class SealedReader {
  readonly #key: EaxKey;
  readonly #options: ReadOptions;
  readonly #inner: JsonScanner;
  readonly #hex = new HexReader();
  readonly #members = new Map<string, unknown>();
  readonly #seen = new Set<string>();
  #nonce: Bytes | null = null;
  #tag: Bytes | null = null;
  #stream: EaxStream | null = null;
  /** Letters of a ciphertext that came before its nonce. */
  #early: Bytes[] = [];
  #earlyBytes = 0;
  #hasText = false;
  /** What is wrong inside; told only once the tag has shown that the peer itself wrote it. */
  #innerError: unknown = null;

  constructor(key: EaxKey, options: ReadOptions) {
    this.#key = key;
    this.#options = options;
    const { text, what } = options;
    this.#inner = new JsonScanner({
      what,
      ...(text === undefined ? {} : { streamed: [text.name] }),
    });
  }

  /** Takes what the outer scanner found; `null` where there is nothing to wait for. */
  take(event: ScanEvent): Promise<void> | null {
    if (event.kind === "piece") return this.#takeLetters(event.bytes);
    if (event.kind === "end") return null;
    // A second nonce would pass for the one that the message was opened with.
    if (this.#seen.has(event.name)) this.#fail(`has ${event.name} twice`);
    this.#seen.add(event.name);
    if (event.kind !== "member") return null;
    if (event.name === "nonce") this.#nonce = this.#readHex(event.value, MAX_NONCE_BYTES);
    if (event.name === "tag") this.#tag = this.#readHex(event.value, TAG_BYTES);
    if (event.name === "ciphertext") this.#fail("has no ciphertext");
    return null;
  }

  #fail(reason: string): never {
    throw new ProtocolError("message-malformed", `${this.#options.what} ${reason}`);
  }

  #readHex(value: unknown, maxBytes: number): Bytes {
    const reader = new HexReader();
    if (typeof value !== "string" || value.length === 0 || value.length > 2 * maxBytes) {
      this.#fail("has a nonce or a tag that is none");
    }
    const bytes = reader.decode(encodeUtf8(value));
    if (!reader.isWhole) this.#fail("has a nonce or a tag that is none");
    return bytes.slice();
  }

  async #takeLetters(letters: Uint8Array): Promise<void> {
    if (this.#nonce === null) {
      this.#earlyBytes += letters.length;
      if (this.#earlyBytes > 2 * MAX_MEMBERS_BYTES) this.#fail("is long and has no nonce in front");
      this.#early.push(letters.slice());
      return;
    }
    this.#stream ??= await this.#key.stream({ nonce: this.#nonce });
    // What the transport gives at a time may be much: it is opened in pieces of an even size.
    for (let at = 0; at < letters.length; at += 2 * PIECE_BYTES) {
      const bytes = this.#hex.decode(letters.subarray(at, at + 2 * PIECE_BYTES));
      await this.#takePlaintext(await this.#stream.open(bytes));
    }
  }

  async #takePlaintext(plaintext: Uint8Array): Promise<void> {
    if (this.#innerError !== null) return;
    try {
      const { events, used } = this.#inner.feed(plaintext);
      for (const event of events) await this.#takeInner(event);
      const behind = plaintext.subarray(used);
      if (behind.some((byte) => byte > 0x20)) this.#fail("goes on behind its end");
    } catch (error) {
      this.#innerError = error;
    }
  }

  async #takeInner(event: ScanEvent): Promise<void> {
    const { text } = this.#options;
    if (event.kind === "member") this.#members.set(event.name, event.value);
    if (event.kind === "piece") await text?.sink(event.bytes);
    if (event.kind !== "text-end") return;
    if (this.#hasText) this.#fail(`has ${event.name} twice`);
    this.#hasText = true;
    this.#members.set(event.name, TEXT_WAS_STREAMED);
  }

  /** Compares the tag, and only then says what the message holds. */
  async finish(): Promise<{ readonly nonce: Bytes; readonly members: Map<string, unknown> }> {
    const nonce = this.#nonce;
    if (nonce === null || this.#tag === null) this.#fail("has no nonce or no tag");
    const early = joinBytes(this.#early);
    this.#early = [];
    await this.#takeLetters(early);
    const stream = this.#stream ?? await this.#key.stream({ nonce });
    const isSound = equalBytes(await stream.tag(), this.#tag) && this.#hex.isWhole;
    if (!isSound) {
      throw new ProtocolError("open-failed", `${this.#options.what} cannot be opened`);
    }
    if (this.#innerError !== null) throw this.#innerError;
    if (!this.#inner.isDone) this.#fail("is not a JSON object");
    return { nonce, members: this.#members };
  }
}

/** Stands for the value of a member that was handed on in pieces. */
export const TEXT_WAS_STREAMED: unique symbol = Symbol("text that was handed on in pieces");
