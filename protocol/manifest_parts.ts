/**
 * The parts of a manifest: where an agent holds another one, only those that differ are sent
 * (spec, section 8).
 *
 * Where a part ends depends on its own lines alone, so that a line more or less changes one part and
 * not all behind it. The list of parts says for each its length and digest; whoever reads it need not
 * know how the manifest was cut.
 *
 * @module
 */
import { type Bytes, encodeHex, joinBytes, readUint32, writeUint32 } from "./bytes.ts";
import { DIGEST_BYTES, sha256Digest } from "./digest.ts";
import { ProtocolError } from "./errors.ts";
import { LINES_PER_PART, MAX_MANIFEST_BYTES, MIN_BYTES_PER_PART } from "./limits.ts";

/** What the list says of one part: its length, and its digest. */
export const PART_RECORD_BYTES: number = 4 + DIGEST_BYTES;

const NEWLINE = 0x0a;
const MAX_LINES_PER_PART = 4 * LINES_PER_PART;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Cuts a manifest into parts, each of whole lines. */
export function splitManifest(bytes: Bytes): Bytes[] {
  const parts: Bytes[] = [];
  let start = 0;
  let lines = 0;
  let hash = FNV_OFFSET;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    hash = Math.imul(hash ^ byte, FNV_PRIME);
    if (byte !== NEWLINE) continue;
    lines++;
    // The lowest bits of this hash are its weakest.
    const isEnd = (hash >>> 16) % LINES_PER_PART === 0 || lines === MAX_LINES_PER_PART;
    if (isEnd) {
      parts.push(bytes.subarray(start, i + 1));
      start = i + 1;
      lines = 0;
    }
    hash = FNV_OFFSET;
  }
  if (start < bytes.length) parts.push(bytes.subarray(start));
  return parts;
}

/** Returns how long the list of a manifest's parts may be, in bytes. */
export function maxPartListBytes(manifestSize: number): number {
  return Math.ceil(manifestSize / MIN_BYTES_PER_PART) * PART_RECORD_BYTES;
}

/** Writes the list of parts, in their order. */
export async function encodePartList(parts: readonly Bytes[]): Promise<Bytes> {
  const digests = await Promise.all(parts.map(sha256Digest));
  const list = new Uint8Array(parts.length * PART_RECORD_BYTES);
  parts.forEach(({ length }, i) => {
    writeUint32(list, { offset: i * PART_RECORD_BYTES, value: length });
    list.set(digests[i] ?? new Uint8Array(0), i * PART_RECORD_BYTES + 4);
  });
  return list;
}

/** One part by the word of the keeper. */
export interface PartRecord {
  /** Its length in bytes. */
  readonly size: number;
  /** Its SHA-256 in hex. */
  readonly digest: string;
}

function fail(problem: string): never {
  throw new ProtocolError("manifest-malformed", `the list of a manifest's parts ${problem}`);
}

/**
 * Reads the list of parts of a manifest of a length in bytes.
 *
 * @throws {ProtocolError} `manifest-malformed` where the parts do not make up the manifest.
 */
export function decodePartList(list: Bytes, manifestSize: number): PartRecord[] {
  if (list.length % PART_RECORD_BYTES !== 0) fail("ends within a part");
  if (list.length > maxPartListBytes(manifestSize)) fail("is too long");
  const records: PartRecord[] = [];
  let total = 0;
  for (let at = 0; at < list.length; at += PART_RECORD_BYTES) {
    const size = readUint32(list, at);
    if (size === 0 || size > MAX_MANIFEST_BYTES) fail("has a part of an impossible length");
    total += size;
    records.push({ size, digest: encodeHex(list.subarray(at + 4, at + PART_RECORD_BYTES)) });
  }
  if (total !== manifestSize) fail("does not make up the manifest");
  return records;
}

/** Which parts an agent holds already. */
export interface PartChoice {
  /** For each part what is held of it, or `null` where it has to be sent. */
  readonly held: readonly (Bytes | null)[];
  /** How many bytes have to be sent. */
  readonly missingBytes: number;
}

/** Finds the parts in a manifest that is held. */
export async function chooseParts(
  records: readonly PartRecord[],
  heldManifest: Bytes,
): Promise<PartChoice> {
  const parts = splitManifest(heldManifest);
  const byDigest = new Map<string, Bytes>();
  await Promise.all(parts.map(async (part) => {
    byDigest.set(encodeHex(await sha256Digest(part)), part);
  }));
  let missingBytes = 0;
  const held = records.map(({ size, digest }) => {
    const part = byDigest.get(digest);
    if (part?.length === size) return part;
    missingBytes += size;
    return null;
  });
  return { held, missingBytes };
}

/** Returns how many bytes it takes to say which of so many parts are wanted. */
export function wantsBytes(count: number): number {
  return Math.ceil(count / 8);
}

/** Writes which parts are wanted: a bit for each, the first in the highest bit of the first byte. */
export function encodeWants({ held }: PartChoice): Bytes {
  const bits = new Uint8Array(wantsBytes(held.length));
  held.forEach((part, i) => {
    if (part === null) bits[i >> 3] = (bits[i >> 3] ?? 0) | (0x80 >> (i & 7));
  });
  return bits;
}

/**
 * Picks the parts that are wanted.
 *
 * @throws {ProtocolError} `message-malformed` where the bits are not one for each part.
 */
export function pickWanted(parts: readonly Bytes[], bits: Bytes): Bytes[] {
  const isSound = bits.length === wantsBytes(parts.length) &&
    (parts.length % 8 === 0 || ((bits.at(-1) ?? 0) & (0xff >> (parts.length % 8))) === 0);
  if (!isSound) throw new ProtocolError("message-malformed", "the wanted parts cannot be read");
  return parts.filter((_, i) => ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
}

/** Puts a manifest together from what was held and what came, in the order of its parts. */
export function joinParts(
  records: readonly PartRecord[],
  { held, came }: { readonly held: PartChoice["held"]; readonly came: Bytes },
): Bytes {
  let at = 0;
  return joinBytes(records.map(({ size }, i) => {
    const part = held[i];
    if (part !== null && part !== undefined) return part;
    at += size;
    return came.subarray(at - size, at);
  }));
}
