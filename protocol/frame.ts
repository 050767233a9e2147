/**
 * The layout of a frame's plaintext (spec, section 5).
 *
 * @module
 */
import { type Bytes, encodeUtf8, readUint32, writeUint32 } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import {
  CHUNK_HEADER_BYTES,
  MAX_CHUNK_BYTES,
  MAX_MESSAGE_BYTES,
  MIN_SEALED_BYTES,
} from "./limits.ts";

/** The kinds of frame. */
export const FRAME_KIND = {
  /** A JSON message. */
  message: 1,
  /** A piece of a stream. */
  chunk: 2,
  /** The last piece of a stream. */
  lastChunk: 3,
  /** A grant of further bytes on a stream. */
  window: 4,
  /** The end of a stream that was given up. */
  reset: 5,
  /** A sign of life that asks for one. */
  ping: 6,
  /** The answer to a ping. */
  pong: 7,
} as const;

/** The length of what a ping carries. */
export const PING_BYTES = 8;
const WINDOW_BYTES = 8;
const RESET_BYTES = 6;

/** One opened frame. */
export type Frame =
  | { readonly kind: "message"; readonly json: Bytes }
  | {
    readonly kind: "chunk";
    readonly streamId: number;
    readonly bytes: Bytes;
    readonly isLast: boolean;
  }
  | { readonly kind: "window"; readonly streamId: number; readonly granted: number }
  | { readonly kind: "reset"; readonly streamId: number; readonly code: number }
  | { readonly kind: "ping"; readonly payload: Bytes }
  | { readonly kind: "pong"; readonly payload: Bytes };

/** Lays out the plaintext of a message frame. */
export function encodeMessageFrame(message: Readonly<Record<string, unknown>>): Bytes {
  const json = encodeUtf8(JSON.stringify(message));
  if (json.length > MAX_MESSAGE_BYTES) {
    throw new RangeError(`a message has at most ${MAX_MESSAGE_BYTES} bytes`);
  }
  const plaintext = new Uint8Array(1 + json.length);
  plaintext[0] = FRAME_KIND.message;
  plaintext.set(json, 1);
  return plaintext;
}

/** Lays out the plaintext of a chunk frame. */
export function encodeChunkFrame(
  bytes: Uint8Array,
  options: { readonly streamId: number; readonly isLast: boolean },
): Bytes {
  if (bytes.length > MAX_CHUNK_BYTES || (bytes.length === 0 && !options.isLast)) {
    throw new RangeError(`a chunk has 1 to ${MAX_CHUNK_BYTES} bytes`);
  }
  const plaintext = new Uint8Array(CHUNK_HEADER_BYTES + bytes.length);
  plaintext[0] = options.isLast ? FRAME_KIND.lastChunk : FRAME_KIND.chunk;
  writeUint32(plaintext, { offset: 1, value: options.streamId });
  plaintext.set(bytes, CHUNK_HEADER_BYTES);
  return plaintext;
}

/** Lays out the plaintext of a window frame. */
export function encodeWindowFrame(streamId: number, granted: number): Bytes {
  const plaintext = new Uint8Array(1 + WINDOW_BYTES);
  plaintext[0] = FRAME_KIND.window;
  writeUint32(plaintext, { offset: 1, value: streamId });
  writeUint32(plaintext, { offset: 5, value: granted });
  return plaintext;
}

/** Lays out the plaintext of a reset frame. */
export function encodeResetFrame(streamId: number, code: number): Bytes {
  const plaintext = new Uint8Array(1 + RESET_BYTES);
  plaintext[0] = FRAME_KIND.reset;
  writeUint32(plaintext, { offset: 1, value: streamId });
  plaintext[5] = code >> 8;
  plaintext[6] = code & 0xff;
  return plaintext;
}

/** Lays out the plaintext of a ping or pong frame around 8 bytes. */
export function encodePingFrame(payload: Bytes, kind: "ping" | "pong"): Bytes {
  if (payload.length !== PING_BYTES) throw new RangeError(`a ping carries ${PING_BYTES} bytes`);
  const plaintext = new Uint8Array(1 + PING_BYTES);
  plaintext[0] = FRAME_KIND[kind];
  plaintext.set(payload, 1);
  return plaintext;
}

function fail(reason: string): never {
  throw new ProtocolError("frame-malformed", `the peer's frame is malformed: ${reason}`);
}

function decodeChunk(plaintext: Bytes, isLast: boolean): Frame {
  const length = plaintext.length - CHUNK_HEADER_BYTES;
  if (length < (isLast ? 0 : 1) || length > MAX_CHUNK_BYTES) fail("size of a chunk");
  return {
    kind: "chunk",
    streamId: readUint32(plaintext, 1),
    bytes: plaintext.subarray(CHUNK_HEADER_BYTES),
    isLast,
  };
}

/**
 * Reads the plaintext of a frame; the result shares its memory.
 *
 * @throws {ProtocolError} `frame-malformed`.
 */
export function decodeFrame(plaintext: Bytes): Frame {
  const bodyBytes = plaintext.length - 1;
  switch (plaintext[0]) {
    case FRAME_KIND.message:
      if (bodyBytes > MAX_MESSAGE_BYTES) fail("size of a message");
      return { kind: "message", json: plaintext.subarray(1) };
    case FRAME_KIND.chunk:
      return decodeChunk(plaintext, false);
    case FRAME_KIND.lastChunk:
      return decodeChunk(plaintext, true);
    case FRAME_KIND.window:
      if (bodyBytes !== WINDOW_BYTES) fail("size of a window");
      return {
        kind: "window",
        streamId: readUint32(plaintext, 1),
        granted: readUint32(plaintext, 5),
      };
    case FRAME_KIND.reset:
      if (bodyBytes !== RESET_BYTES) fail("size of a reset");
      return {
        kind: "reset",
        streamId: readUint32(plaintext, 1),
        code: ((plaintext[5] ?? 0) << 8) | (plaintext[6] ?? 0),
      };
    case FRAME_KIND.ping:
    case FRAME_KIND.pong:
      if (bodyBytes !== PING_BYTES) fail("size of a ping");
      return {
        kind: plaintext[0] === FRAME_KIND.ping ? "ping" : "pong",
        payload: plaintext.subarray(1),
      };
    default:
      return fail("unknown kind");
  }
}

/**
 * Checks the length that a frame states, before its body is read.
 *
 * @throws {ProtocolError} `frame-too-large`, `frame-malformed`.
 */
export function checkSealedLength(sealedBytes: number, maxBytes: number): void {
  if (sealedBytes > maxBytes) {
    throw new ProtocolError("frame-too-large", `the peer's frame is longer than ${maxBytes} bytes`);
  }
  if (sealedBytes < MIN_SEALED_BYTES) fail("too short");
}
