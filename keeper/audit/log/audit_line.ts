/**
 * A line of the audit log: a JSON object that names the line before it by its hash.
 *
 * @module
 */
import { type Bytes, encodeHex, encodeUtf8, sha256Digest } from "../../../protocol/mod.ts";
import { MAX_LINE_BYTES } from "../limits.ts";

/** What the first line names in the place of a line before it: 64 zeros. */
export const NO_LINE_HASH = "0".repeat(64);

/** Something that goes on record; the members of each kind are in the README of the keeper. */
export interface AuditEvent {
  /** What happened: a word. */
  readonly event: string;
  /** What there is to say of it, as JSON; no secret, no key, no contents. */
  readonly [member: string]: unknown;
}

/** Where a log ends. */
export interface ChainEnd {
  /** The number of the last line, from 1; 0 where there is none. */
  readonly seq: number;
  /** The SHA-256 of the last line in lower-case hex, without its end; {@linkcode NO_LINE_HASH}. */
  readonly hash: string;
}

/** The end of a log without a line. */
export const EMPTY_CHAIN: ChainEnd = Object.freeze({ seq: 0, hash: NO_LINE_HASH });

/** A line as it is read. */
export interface AuditLine extends AuditEvent {
  /** Its number, from 1. */
  readonly seq: number;
  /** When it was written, as ISO 8601 in UTC. */
  readonly time: string;
  /** The hash of the line before it. */
  readonly prev: string;
}

/** Returns the SHA-256 of a line, without its end, in lower-case hex. */
export async function hashLine(line: Bytes): Promise<string> {
  return encodeHex(await sha256Digest(line));
}

/** Where a line goes, and when. */
export interface LinePlace {
  /** Where the log ended before it. */
  readonly before: ChainEnd;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * Writes an event as the line behind others.
 *
 * @returns The line without its end.
 * @throws {RangeError} if the line is longer than 1 MiB.
 */
export function writeAuditLine(event: AuditEvent, { before, nowMs }: LinePlace): Bytes {
  const seq = before.seq + 1;
  const time = new Date(nowMs).toISOString();
  // What the log itself says of a line goes before what an event would, and the hash is its end.
  const { event: name, seq: _seq, time: _time, prev: _prev, ...members } = event;
  const line = encodeUtf8(
    JSON.stringify({ seq, time, event: name, ...members, prev: before.hash }),
  );
  if (line.length > MAX_LINE_BYTES) throw new RangeError("a line of the audit log is too long");
  return line;
}

/**
 * Writes an event as the line behind others, and hashes it.
 *
 * @returns The line without its end, and where the log ends with it.
 * @throws {RangeError} if the line is longer than 1 MiB.
 */
export async function encodeAuditLine(
  event: AuditEvent,
  place: LinePlace,
): Promise<{ readonly line: Bytes; readonly end: ChainEnd }> {
  const line = writeAuditLine(event, place);
  return { line, end: { seq: place.before.seq + 1, hash: await hashLine(line) } };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;

/** Reads a line; `null` where it is none. */
export function decodeAuditLine(bytes: Uint8Array): AuditLine | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { seq, time, event, prev } = value as Record<string, unknown>;
  const isLine = typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 1 &&
    typeof time === "string" && TIME.test(time) && typeof event === "string" &&
    typeof prev === "string" && HASH.test(prev);
  return isLine ? value as AuditLine : null;
}
