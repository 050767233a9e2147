/**
 * The members of an authority's indexes: read strictly, so that what is damaged is not taken for less.
 *
 * @module
 */
import { base64 } from "@scure/base";
import { type Bytes, decodeUtf8, encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { REVOCATION_REASONS, type RevocationReason } from "../certificates/revocation_list.ts";

/** The members of an object of JSON. */
export type Members = Readonly<Record<string, unknown>>;

/** The version of both indexes. */
const VERSION = 1;

/** That a certificate was revoked. */
export interface Revocation {
  /** Since when, in Unix milliseconds. */
  readonly revokedMs: number;
  /** Why. */
  readonly reason: RevocationReason;
}

/** A list of revocations that was signed. */
export interface SignedList {
  /** Which key of the issuer signed it, from 1. */
  readonly keyNumber: number;
  /** Its number; it stays when the list is stale, for the next to be higher. */
  readonly number: number;
  /** When it was made, in Unix milliseconds. */
  readonly thisUpdateMs: number;
  /** Until when it counts, in Unix milliseconds. */
  readonly nextUpdateMs: number;
  /** Whether something was revoked since. */
  readonly isStale: boolean;
  /** The list in DER. */
  readonly der: Bytes;
}

/** Writes an index as JSON that a person can read. */
export function encodeIndex(members: Members): Bytes {
  return encodeUtf8(`${JSON.stringify({ version: VERSION, ...members }, null, 2)}\n`);
}

/**
 * Reads the members of an index.
 *
 * @throws {StorageError} `state-malformed` where it is no JSON object of this version.
 */
export function decodeIndex(bytes: Uint8Array): Members {
  let members: unknown;
  try {
    members = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
  const index = membersOf(members, "it");
  if (index["version"] !== VERSION) throw malformed(`it is not of version ${VERSION}`);
  return index;
}

/** Makes the error for an index that is damaged. */
export function malformed(reason: string): StorageError {
  return new StorageError("state-malformed", `this is no index of an authority: ${reason}`);
}

/** Reads an object. */
export function membersOf(value: unknown, what: string): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  throw malformed(`${what} is no object`);
}

/** Reads a list, each item by a function that is told what it is. */
export function listOf<T>(
  value: unknown,
  what: string,
  readItem: (item: unknown, what: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw malformed(`${what} is no list`);
  return value.map((item, index) => readItem(item, `${what}[${index}]`));
}

/** Reads a text. */
export function textOf(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw malformed(`${what} is no text`);
}

/** Reads a text, or `null`. */
export function optionalTextOf(value: unknown, what: string): string | null {
  return value === null ? null : textOf(value, what);
}

/** Reads one of a few words. */
export function wordOf<T extends string>(value: unknown, words: readonly T[], what: string): T {
  const word = words.find((known) => known === value);
  if (word !== undefined) return word;
  throw malformed(`${what} is unknown`);
}

const SERIAL = /^[0-9a-f]{32}$/;

/** Reads a serial number. */
export function serialOf(value: unknown, what: string): string {
  if (typeof value === "string" && SERIAL.test(value)) return value;
  throw malformed(`${what} is no serial number`);
}

/** Reads a whole number from 1. */
export function countOf(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw malformed(`${what} is no number`);
}

/** Writes a time. */
export function encodeTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Reads a time, in Unix milliseconds. */
export function timeOf(value: unknown, what: string): number {
  const ms = typeof value === "string" ? Date.parse(value) : NaN;
  if (Number.isSafeInteger(ms)) return ms;
  throw malformed(`${what} is no time`);
}

/** Writes bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  return base64.encode(bytes);
}

/** Reads bytes. */
export function bytesOf(value: unknown, what: string): Bytes {
  try {
    return Uint8Array.from(base64.decode(textOf(value, what)));
  } catch {
    throw malformed(`${what} is damaged`);
  }
}

/** Writes that a certificate was revoked, or that it was not. */
export function encodeRevocation(revocation: Revocation | null): Members | null {
  if (revocation === null) return null;
  return { at: encodeTime(revocation.revokedMs), reason: revocation.reason };
}

const REASONS = Object.keys(REVOCATION_REASONS) as readonly RevocationReason[];

/** Reads whether a certificate was revoked. */
export function revocationOf(value: unknown, what: string): Revocation | null {
  if (value === null) return null;
  const { at, reason } = membersOf(value, what);
  return { revokedMs: timeOf(at, `${what}.at`), reason: wordOf(reason, REASONS, `${what}.reason`) };
}

/** Writes a list of revocations. */
export function encodeSignedList(list: SignedList | null): Members | null {
  if (list === null) return null;
  return {
    keyNumber: list.keyNumber,
    number: list.number,
    thisUpdate: encodeTime(list.thisUpdateMs),
    nextUpdate: encodeTime(list.nextUpdateMs),
    stale: list.isStale,
    list: encodeBase64(list.der),
  };
}

/** Reads a list of revocations. */
export function signedListOf(value: unknown, what: string): SignedList | null {
  if (value === null) return null;
  const members = membersOf(value, what);
  return {
    keyNumber: countOf(members["keyNumber"], `${what}.keyNumber`),
    number: countOf(members["number"], `${what}.number`),
    thisUpdateMs: timeOf(members["thisUpdate"], `${what}.thisUpdate`),
    nextUpdateMs: timeOf(members["nextUpdate"], `${what}.nextUpdate`),
    // Whatever it says, one list too many does no harm.
    isStale: members["stale"] !== false,
    der: bytesOf(members["list"], `${what}.list`),
  };
}
