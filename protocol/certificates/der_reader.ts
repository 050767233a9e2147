/**
 * Reads DER, the encoding of certificates, and takes nothing that has a second spelling.
 *
 * Only what certificates, requests and revocation lists are made of: tags of one byte, definite lengths
 * in their shortest form, no constructed strings.
 *
 * @module
 */
import { type Bytes, copyBytes } from "../bytes.ts";

/** Tags of DER, as far as they are needed here. */
export const DER_TAGS = Object.freeze({
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
});

/** The longest text that is read: 1 MiB. */
export const MAX_DER_BYTES = 1_048_576;

const MAX_LENGTH_BYTES = 3;
/** The longest integer that is read, in bytes; serial numbers have at most 20. */
const MAX_INTEGER_BYTES = 1_024;

/** What is read is not DER, or not of the form that was expected; never leaves {@linkcode decodeDer}. */
export class DerFault extends Error {}

/** One element: its tag, what is in it, and all of it. */
export interface DerElement {
  /** The tag, one byte. */
  readonly tag: number;
  /** What is in it. */
  readonly contents: Bytes;
  /** Tag, length and contents, as signatures cover them. */
  readonly whole: Bytes;
}

/**
 * Decodes what is DER from the first byte to the last.
 *
 * @param read Reads the only element; whatever is left behind it is a fault.
 * @returns What `read` returned, or `null` where the bytes are anything else.
 */
export function decodeDer<T>(bytes: Uint8Array, read: (reader: DerReader) => T): T | null {
  if (bytes.length > MAX_DER_BYTES) return null;
  try {
    const reader = new DerReader(copyBytes(bytes));
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof DerFault) return null;
    throw error;
  }
}

/** Reads elements one behind the other. */
export class DerReader {
  readonly #bytes: Bytes;
  #offset = 0;

  /** Reads from the first byte on; the memory is shared with all that is read. */
  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /**
   * Reads an element.
   *
   * @param tag The tag that it must have; any by default.
   * @throws {DerFault} if there is none, or another.
   */
  next(tag?: number): DerElement {
    const start = this.#offset;
    const found = this.#byte();
    // All five low bits: a tag of several bytes, which nothing here has.
    if ((found & 0x1f) === 0x1f) throw new DerFault("a tag of several bytes");
    if (tag !== undefined && found !== tag) throw new DerFault(`tag ${found} in place of ${tag}`);
    const length = this.#length();
    const from = this.#offset;
    if (length > this.#bytes.length - from) throw new DerFault("cut off");
    this.#offset = from + length;
    return {
      tag: found,
      contents: this.#bytes.subarray(from, this.#offset),
      whole: this.#bytes.subarray(start, this.#offset),
    };
  }

  /** Reads an element where it has this tag; `null` where another follows, or none. */
  nextIf(tag: number): DerElement | null {
    return this.#bytes[this.#offset] === tag ? this.next(tag) : null;
  }

  /** Reads an element that holds others; the reader of those has to be ended by the caller. */
  enter(tag: number = DER_TAGS.sequence): DerReader {
    return new DerReader(this.next(tag).contents);
  }

  /** @throws {DerFault} if something is left. */
  end(): void {
    if (!this.isAtEnd) throw new DerFault("more than was expected");
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new DerFault("cut off");
    this.#offset++;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first - 0x80;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw new DerFault("a length out of bounds");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    const shortest = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3;
    if (shortest !== count) throw new DerFault("a length with a shorter spelling");
    return length;
  }
}

/**
 * Reads an integer that is not negative.
 *
 * @returns Its bytes without leading zeros, big-endian; one zero for zero.
 */
export function readUnsigned(reader: DerReader): Bytes {
  const { contents } = reader.next(DER_TAGS.integer);
  const [first, second] = contents;
  if (first === undefined || contents.length > MAX_INTEGER_BYTES) throw new DerFault("no integer");
  if (first >= 0x80) throw new DerFault("a negative integer");
  if (first !== 0 || contents.length === 1) return contents;
  if (second === undefined || second < 0x80) {
    throw new DerFault("an integer with a longer spelling");
  }
  return contents.subarray(1);
}

/** Reads a boolean, whose only spellings are 00 and FF. */
export function readBoolean({ contents }: DerElement): boolean {
  const [value] = contents;
  if (contents.length !== 1 || (value !== 0x00 && value !== 0xff)) throw new DerFault("no boolean");
  return value === 0xff;
}

/** Reads an object identifier as numbers with dots. */
export function readOid(reader: DerReader): string {
  const { contents } = reader.next(DER_TAGS.oid);
  const arcs: number[] = [];
  let arc = 0;
  let isInside = false;
  for (const byte of contents) {
    if (!isInside && byte === 0x80) throw new DerFault("an identifier with a longer spelling");
    arc = arc * 128 + (byte & 0x7f);
    if (arc > 0xffff_ffff) throw new DerFault("an identifier out of bounds");
    isInside = byte >= 0x80;
    if (isInside) continue;
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(arc / 40));
      arcs.push(root, arc - 40 * root);
    } else arcs.push(arc);
    arc = 0;
  }
  if (isInside || arcs.length === 0) throw new DerFault("no identifier");
  return arcs.join(".");
}

/** Reads a bit string of whole bytes. */
export function readBitString(reader: DerReader): Bytes {
  const { contents } = reader.next(DER_TAGS.bitString);
  if (contents[0] !== 0) throw new DerFault("a bit string of parts of bytes");
  return contents.subarray(1);
}

/** Reads a time, in Unix milliseconds; always UTC, with seconds, and a day that there is. */
export function readTime(reader: DerReader): number {
  const { tag, contents } = reader.next();
  const text = String.fromCharCode(...contents.subarray(0, 16));
  const isShort = tag === DER_TAGS.utcTime;
  if (!isShort && tag !== DER_TAGS.generalizedTime) throw new DerFault("no time");
  const form = isShort
    ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
    : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
  const match = form.exec(text);
  if (match === null || contents.length !== text.length) throw new DerFault("no time");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(
    Number,
  );
  // RFC 5280, 4.1.2.5: two digits mean 1950 to 2049, and what fits them is written so.
  if (!isShort && year >= 1950 && year < 2050) throw new DerFault("a time with a shorter spelling");
  const full = isShort ? year + (year < 50 ? 2000 : 1900) : year;
  const ms = Date.UTC(full, month - 1, day, hour, minute, second);
  const found = new Date(ms);
  const isReal = full >= 1950 && found.getUTCMonth() === month - 1 && found.getUTCDate() === day &&
    hour < 24 && minute < 60 && second < 60;
  if (!isReal) throw new DerFault("a time that there is not");
  return ms;
}
