/**
 * What is compressed on its way: section 8, "Compression".
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { Failure, require } from "./failure.ts";
import { type Fields, isAbsent, numberOf, wordOf } from "./json.ts";
import type { Session } from "./session.ts";

const ENCODING = "deflate-raw";

/** What a message carries that accepts what is compressed. */
export const ACCEPT = { Accept: ENCODING } as const;

/** Whether a message accepts what is compressed. */
export function accepts(fields: Fields): boolean {
  return fields.Accept === ENCODING;
}

/** Compresses where that helps; returns what is sent, and what the message says of it. */
export function pack(bytes: Buffer): readonly [sent: Buffer, members: Fields] {
  const packed = deflateRawSync(bytes);
  if (packed.length >= bytes.length) return [bytes, {}];
  return [packed, { Encoding: ENCODING, PlainSize: bytes.length }];
}

/** Restores so many bytes. */
export function unpack(bytes: Buffer, size: number): Buffer {
  try {
    const plain = inflateRawSync(bytes, { maxOutputLength: size });
    require(plain.length === size, "digest-mismatch", "another length");
    return plain;
  } catch (error) {
    throw new Failure("digest-mismatch", `${error}`);
  }
}

/** How a message says that something comes. */
export interface Coming {
  /** How many bytes there are in the end. */
  readonly size: number;
  /** Whether they come compressed. */
  readonly isPacked: boolean;
}

/** Reads how many bytes come, and refuses what is compressed unasked or no shorter. */
export function readComing(fields: Fields, max: number, isAccepted: boolean): Coming {
  const sent = numberOf(fields, "StreamSize", max);
  if (isAbsent(fields.Encoding)) return { size: sent, isPacked: false };
  wordOf(fields, "Encoding", [ENCODING]);
  const size = numberOf(fields, "PlainSize", max);
  require(isAccepted && sent < size, "message-unexpected", "compressed unasked, or no shorter");
  return { size, isPacked: true };
}

/** Takes what a message says that comes, restored. */
export async function takeComing(
  session: Session,
  fields: Fields,
  { size, isPacked }: Coming,
): Promise<Buffer> {
  const bytes = await session.stream(fields);
  return isPacked ? unpack(bytes, size) : bytes;
}
