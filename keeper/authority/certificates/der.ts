/**
 * The little of DER that the library for certificates has no class for.
 *
 * @module
 */
import { type Bytes, decodeHex } from "../../../protocol/mod.ts";

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const LONG_LENGTH = 0x80;

/** Writes a value with its tag and its length. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...encodeLength(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let offset = head.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Writes a sequence. */
export function encodeSequence(...parts: readonly Uint8Array[]): Bytes {
  return encodeDer(SEQUENCE, ...parts);
}

/** Writes a whole number that is not negative. */
export function encodeInteger(value: number): Bytes {
  const hex = value.toString(16);
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = decodeHex(digits, digits.length / 2) ?? new Uint8Array(1);
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return encodeDer(INTEGER, ...(isNegative ? [Uint8Array.of(0)] : []), bytes);
}

function encodeLength(length: number): number[] {
  if (length < LONG_LENGTH) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [LONG_LENGTH | bytes.length, ...bytes];
}

/** Tells whether the bytes are one sequence from end to end, with the shortest length that says so. */
export function isWholeSequence(bytes: Uint8Array): boolean {
  if (bytes[0] !== SEQUENCE) return false;
  const first = bytes[1] ?? 0;
  const count = first < LONG_LENGTH ? 0 : first & 0x7f;
  if (count > 4 || (first >= LONG_LENGTH && count === 0)) return false;
  const length = count === 0
    ? first
    : bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  const head = [SEQUENCE, ...encodeLength(length)];
  return head.length + length === bytes.length && head.every((byte, at) => bytes[at] === byte);
}
