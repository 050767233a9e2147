/**
 * Decodes the text of one JSON string that comes in pieces, cut anywhere (spec, section 2).
 *
 * @module
 */
import { encodeUtf8 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";

const BLANK = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Short escapes and what they stand for. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"].map((pair) => [
    pair.charCodeAt(0),
    pair.charCodeAt(1),
  ]),
);

/** How one piece is decoded. */
export interface DecodeOptions {
  /** From which byte of the piece on. */
  readonly start: number;
  /** Takes text in UTF-8, which may be cut within a character. */
  readonly take: (text: Uint8Array) => void;
}

/** Decodes what stands between the quotes. */
export class JsonStringDecoder {
  readonly #what: string;
  /** An escape that is not whole yet. */
  #escape: number[] = [];
  #highSurrogate = 0;
  #isBeyondAscii = false;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  /** Starts behind the opening quote; `what` is for the message of an error. */
  constructor(what: string) {
    this.#what = what;
  }

  /**
   * Decodes up to the closing quote, or to the end of the piece.
   *
   * @returns The place behind what was read, and whether that was the closing quote.
   * @throws {ProtocolError} `message-malformed`.
   */
  decode(
    bytes: Uint8Array,
    { start, take }: DecodeOptions,
  ): { readonly at: number; readonly isEnd: boolean } {
    let at = start;
    while (at < bytes.length) {
      if (this.#escape.length > 0 || bytes[at] === BACKSLASH) {
        at = this.#readEscapes(bytes, { start: at, take });
        continue;
      }
      const end = this.#runEnd(bytes, at);
      if (end === at) return { at: this.#end(bytes[at], at), isEnd: true };
      this.#refuseLoneSurrogate();
      this.#pass(bytes.subarray(at, end), take);
      at = end;
    }
    return { at, isEnd: false };
  }

  #fail(reason: string): never {
    throw new ProtocolError("message-malformed", `${this.#what} ${reason}`);
  }

  #end(byte: number | undefined, at: number): number {
    if (byte !== QUOTE) this.#fail("has a control character in a text");
    this.#refuseLoneSurrogate();
    this.#checkUtf8();
    return at + 1;
  }

  /** Returns where a run of bytes that stand for themselves ends. */
  #runEnd(bytes: Uint8Array, start: number): number {
    let at = start;
    let all = 0;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE || byte === BACKSLASH || byte < BLANK) break;
      all |= byte;
    }
    if (all >= 0x80) this.#isBeyondAscii = true;
    return at;
  }

  #pass(text: Uint8Array, take: (text: Uint8Array) => void): void {
    if (text.length === 0) return;
    // ASCII needs no check, and most texts are nothing else.
    if (this.#isBeyondAscii) this.#checkUtf8(text);
    take(text);
  }

  #checkUtf8(bytes?: Uint8Array): void {
    try {
      this.#utf8.decode(bytes, { stream: bytes !== undefined });
    } catch {
      this.#fail("is not JSON in UTF-8");
    }
  }

  #refuseLoneSurrogate(): void {
    if (this.#highSurrogate !== 0) this.#fail("holds a lone surrogate");
  }

  /**
   * Decodes from an escape up to where a long run without any begins.
   *
   * Text has an escape at least in every line, so short runs between escapes go into one piece.
   */
  #readEscapes(bytes: Uint8Array, { start, take }: DecodeOptions): number {
    // Nothing grows: an escape has two bytes or more a byte that it stands for. Of an escape that
    // began in an earlier piece up to eleven bytes are not among these.
    const out = new Uint8Array(bytes.length - start + 12);
    let length = 0;
    let all = 0;
    let at = start;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#escape.length > 0 || byte === BACKSLASH) {
        this.#escape.push(byte);
        length = this.#decodeEscape(out, length);
      } else if (byte === QUOTE || byte < BLANK) {
        break;
      } else {
        this.#refuseLoneSurrogate();
        out[length++] = byte;
        all |= byte;
      }
    }
    if (all >= 0x80) this.#isBeyondAscii = true;
    this.#pass(out.subarray(0, length), take);
    return at;
  }

  /** Writes what the escape stands for, once it is whole; returns the new length. */
  #decodeEscape(out: Uint8Array, length: number): number {
    const [, letter, ...digits] = this.#escape;
    if (letter === undefined) return length;
    if (letter !== LETTER_U) {
      const byte = ESCAPES.get(letter);
      if (byte === undefined) this.#fail("has an escape that JSON does not know");
      this.#refuseLoneSurrogate();
      this.#escape = [];
      out[length] = byte;
      return length + 1;
    }
    if (digits.length < 4) return length;
    const text = String.fromCharCode(...digits);
    if (!/^[0-9a-fA-F]{4}$/.test(text)) this.#fail("has an escape that JSON does not know");
    this.#escape = [];
    const unit = parseInt(text, 16);
    if (unit >= 0xd800 && unit < 0xdc00) {
      this.#refuseLoneSurrogate();
      this.#highSurrogate = unit;
      return length;
    }
    const isLow = unit >= 0xdc00 && unit < 0xe000;
    if (isLow !== (this.#highSurrogate !== 0)) this.#fail("holds a lone surrogate");
    const encoded = encodeUtf8(
      isLow ? String.fromCharCode(this.#highSurrogate, unit) : String.fromCharCode(unit),
    );
    this.#highSurrogate = 0;
    out.set(encoded, length);
    return length + encoded.length;
  }
}
