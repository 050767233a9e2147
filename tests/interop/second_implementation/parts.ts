/**
 * The parts of a manifest: section 8, steps 2 and 3.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { require } from "./failure.ts";
import { uint32 } from "./frame.ts";
import { sha256 } from "./key_schedule.ts";

const RECORD_BYTES = 36;
const MAX_LINES = 256;

/** FNV-1a of 32 bits. */
function fnv(bytes: Buffer): number {
  let hash = 2_166_136_261n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 16_777_619n) & 0xffff_ffffn;
  return Number(hash);
}

/** Cuts a manifest. */
export function cutManifest(manifest: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  let lines = 0;
  for (let at = 0; at < manifest.length;) {
    const end = manifest.indexOf("\n", at) + 1;
    lines++;
    if (((fnv(manifest.subarray(at, end)) >>> 16) & 63) === 0 || lines === MAX_LINES) {
      parts.push(manifest.subarray(start, end));
      start = end;
      lines = 0;
    }
    at = end;
  }
  if (start < manifest.length) parts.push(manifest.subarray(start));
  return parts;
}

/** The list of the parts. */
export function composeList(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [uint32(part.length), sha256(part)]));
}

/** Whether a list of so many bytes is allowed for a manifest of so many. */
export function isListAllowed(listBytes: number, manifestBytes: number): boolean {
  return listBytes <= RECORD_BYTES * Math.ceil(manifestBytes / 1024);
}

/** A part, by the word of the keeper, and what the agent has of it. */
export interface Part {
  /** Its length. */
  readonly size: number;
  /** Its bytes, if the agent has them. */
  readonly held: Buffer | undefined;
}

/** Reads the list, and finds the parts in the manifest that is held. */
export function parseList(list: Buffer, size: number, held: Buffer): Part[] {
  require(list.length % RECORD_BYTES === 0, "manifest-malformed", "the list of parts");
  const known = new Map(cutManifest(held).map((part) => [sha256(part).toString("hex"), part]));
  const parts: Part[] = [];
  for (let at = 0; at < list.length; at += RECORD_BYTES) {
    const part = known.get(list.subarray(at + 4, at + RECORD_BYTES).toString("hex"));
    const length = list.readUInt32BE(at);
    require(length > 0, "manifest-malformed", "an empty part");
    parts.push({ size: length, held: part?.length === length ? part : undefined });
  }
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  require(total === size, "manifest-malformed", "parts of another manifest");
  return parts;
}

/** Which of the parts are wanted: a bit for each. */
export function composeWants(parts: readonly Part[]): Buffer {
  const bits = parts.map(({ held }) => held === undefined ? "1" : "0").join("");
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte.padEnd(8, "0"), 2)));
}

/** Reads which of so many parts are wanted. */
export function parseWants(bytes: Buffer, count: number): boolean[] {
  require(bytes.length === Math.ceil(count / 8), "message-unexpected", "other bits");
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  require(!bits.slice(count).includes("1"), "message-malformed", "bits of no part");
  return [...bits.slice(0, count)].map((bit) => bit === "1");
}

/** Puts the manifest together. */
export function joinParts(parts: readonly Part[], came: Buffer): Buffer {
  let at = 0;
  return Buffer.concat(parts.map(({ size, held }) => {
    if (held !== undefined) return held;
    at += size;
    return came.subarray(at - size, at);
  }));
}
