/**
 * Byte strings: the one type that crosses a crypto boundary, and the few operations on it.
 *
 * @module
 */
import { hex } from "@scure/base";

/**
 * A byte string that owns plain memory.
 *
 * Web Crypto refuses views over shared memory, so every function of this library that feeds it takes
 * this narrower type.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Encodes text as UTF-8.
 *
 * @example
 * ```ts
 * import { encodeUtf8 } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(encodeUtf8("horse").length === 5);
 * ```
 */
export function encodeUtf8(text: string): Bytes {
  return ENCODER.encode(text);
}

/**
 * Decodes strict UTF-8; a byte order mark is kept as the character that it is.
 *
 * @throws {TypeError} if the bytes are not well-formed UTF-8.
 *
 * @example
 * ```ts
 * import { decodeUtf8, encodeUtf8 } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(decodeUtf8(encodeUtf8("correct horse")) === "correct horse");
 * ```
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/**
 * Encodes bytes as lower-case hex, two characters a byte.
 *
 * @example
 * ```ts
 * import { encodeHex } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(encodeHex(new Uint8Array([0, 255])) === "00ff");
 * ```
 */
export function encodeHex(bytes: Uint8Array): string {
  return hex.encode(bytes);
}

const HEX = /^(?:[0-9a-f]{2})*$/;

/**
 * Decodes lower-case hex of an exact length.
 *
 * @param byteLength The number of bytes that must come out.
 * @returns The bytes, or `null` where the text is anything but lower-case hex of that length.
 *
 * @example
 * ```ts
 * import { decodeHex } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(decodeHex("00ff", 2)?.[1] === 255);
 * console.assert(decodeHex("00FF", 2) === null && decodeHex("00ff", 3) === null);
 * ```
 */
export function decodeHex(text: unknown, byteLength: number): Bytes | null {
  if (typeof text !== "string" || text.length !== byteLength * 2 || !HEX.test(text)) return null;
  return copyBytes(hex.decode(text));
}

/** Returns a copy that owns its memory. */
export function copyBytes(bytes: Uint8Array): Bytes {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Joins the given byte strings into one. */
export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  return joinBytes(parts);
}

/** Joins a list of byte strings, however long, into one. */
export function joinBytes(parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Compares two byte strings without stopping at the first difference.
 *
 * The time depends on the lengths alone, which are public wherever this is called.
 *
 * @example
 * ```ts
 * import { equalBytes } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2])));
 * ```
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/**
 * Returns `length` fresh bytes from the platform's secure generator; at most 65,536 at a time.
 *
 * @example
 * ```ts
 * import { randomBytes } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(randomBytes(16).length === 16);
 * ```
 */
export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Reads a 32-bit big-endian number. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

/** Writes a 32-bit big-endian number. */
export function writeUint32(bytes: Uint8Array, options: { offset: number; value: number }): void {
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .setUint32(options.offset, options.value);
}
