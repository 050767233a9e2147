/**
 * Writes DER, the encoding of certificates.
 *
 * @module
 */
import { type Bytes, concatBytes, encodeUtf8 } from "../bytes.ts";
import { DER_TAGS } from "./der_reader.ts";

/** Writes an element around its parts. */
export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const contents = concatBytes(...parts);
  return concatBytes(new Uint8Array([tag, ...lengthOf(contents.length)]), contents);
}

/** Writes a sequence. */
export function writeSequence(...parts: readonly Uint8Array[]): Bytes {
  return writeDer(DER_TAGS.sequence, ...parts);
}

/** Writes a number that is not negative, given as big-endian bytes. */
export function writeUnsigned(bytes: Uint8Array): Bytes {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const shortest = bytes.subarray(start);
  // A first bit of one would mean a negative number.
  const isPadded = shortest.length === 0 || (shortest[0] ?? 0) >= 0x80;
  return writeDer(DER_TAGS.integer, isPadded ? new Uint8Array(1) : new Uint8Array(0), shortest);
}

/**
 * Writes an object identifier.
 *
 * @throws {TypeError} if the text is not one: at least two numbers with dots between them.
 */
export function writeOid(text: string): Bytes {
  const arcs = text.split(".").map(Number);
  const [first, second, ...others] = arcs;
  const isOid = first !== undefined && second !== undefined && first <= 2 &&
    arcs.every((arc) => Number.isInteger(arc) && arc >= 0 && arc <= 0xffff_ffff) &&
    (first === 2 || second < 40);
  if (!isOid) throw new TypeError(`${JSON.stringify(text)} is no object identifier`);
  const bytes = [40 * first + second, ...others].flatMap(base128Of);
  return writeDer(DER_TAGS.oid, new Uint8Array(bytes));
}

/** Writes a bit string of whole bytes. */
export function writeBitString(bytes: Uint8Array): Bytes {
  return writeDer(DER_TAGS.bitString, new Uint8Array(1), bytes);
}

/** Writes text as UTF-8. */
export function writeUtf8String(text: string): Bytes {
  return writeDer(DER_TAGS.utf8String, encodeUtf8(text));
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 + bytes.length, ...bytes];
}

function base128Of(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 + rest % 128);
  }
  return bytes;
}
