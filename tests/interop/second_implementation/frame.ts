/**
 * What stands inside a frame: section 5.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";
import { type Fields, parseObject } from "./json.ts";

/** A frame after it was opened. */
export type Frame =
  | { readonly kind: "message"; readonly fields: Fields }
  | {
    readonly kind: "chunk";
    readonly stream: number;
    readonly data: Buffer;
    readonly last: boolean;
  }
  | { readonly kind: "window"; readonly stream: number; readonly granted: number }
  | { readonly kind: "reset"; readonly stream: number; readonly code: number }
  | { readonly kind: "ping" | "pong"; readonly data: Buffer };

/** The longest message and the longest piece of a stream. */
export const MAX_BODY_BYTES = 65_536;
/** The largest L before READY and after it. */
export const MAX_SEALED_BYTES = { handshake: 4113, session: 65_557 } as const;

/** Composes the plaintext of a frame. */
export function encodeFrame(frame: Frame): Buffer {
  switch (frame.kind) {
    case "message":
      return Buffer.concat([Buffer.from([1]), Buffer.from(JSON.stringify(frame.fields))]);
    case "chunk":
      return Buffer.concat([Buffer.from([frame.last ? 3 : 2]), uint32(frame.stream), frame.data]);
    case "window":
      return Buffer.concat([Buffer.from([4]), uint32(frame.stream), uint32(frame.granted)]);
    case "reset":
      return Buffer.concat([
        Buffer.from([5]),
        uint32(frame.stream),
        uint32(frame.code).subarray(2),
      ]);
    default:
      return Buffer.concat([Buffer.from([frame.kind === "ping" ? 6 : 7]), frame.data]);
  }
}

/** Encodes a number in 4 bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Reads the plaintext of a frame. */
export function decodeFrame(plaintext: Buffer): Frame {
  const kind = plaintext[0];
  const body = plaintext.subarray(1);
  const has = (from: number, to = from): void =>
    require(body.length >= from && body.length <= to, "frame-malformed", `length of kind ${kind}`);
  switch (kind) {
    case 1:
      has(0, MAX_BODY_BYTES);
      return { kind: "message", fields: parseObject(body) };
    case 2:
    case 3: {
      has(kind === 2 ? 5 : 4, 4 + MAX_BODY_BYTES);
      const stream = body.readUInt32BE(0);
      return { kind: "chunk", stream, data: body.subarray(4), last: kind === 3 };
    }
    case 4:
      has(8);
      return { kind: "window", stream: body.readUInt32BE(0), granted: body.readUInt32BE(4) };
    case 5:
      has(6);
      return { kind: "reset", stream: body.readUInt32BE(0), code: body.readUInt16BE(4) };
    case 6:
    case 7:
      has(8);
      return { kind: kind === 6 ? "ping" : "pong", data: body };
    default:
      throw new Failure("frame-malformed", `kind ${kind}`);
  }
}
