/**
 * Batches of small files: section 8, step 6.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { require } from "./failure.ts";
import { type Fields, isAbsent } from "./json.ts";
import type { EntryLine, FileLine } from "./manifest.ts";

/** How many batches may be open. */
export const MAX_OPEN_BATCHES = 4;
/** How many bytes the files of a batch may have together. */
export const MAX_BATCH_BYTES = 262_144;
const MAX_FILES = 256;
const MAX_ENTRIES = 131_072;

/** A file and its number among the entries of the manifest. */
export type Numbered = readonly [number: number, file: FileLine];

/** Puts files together, as many as a batch may have; files that are too large are left out. */
export function groupFiles(files: readonly Numbered[]): Numbered[][] {
  const groups: Numbered[][] = [];
  let room = 0;
  for (const each of files) {
    const { Size } = each[1];
    if (Size > MAX_BATCH_BYTES) continue;
    const last = groups.at(-1);
    if (last !== undefined && last.length < MAX_FILES && Size <= room) last.push(each);
    else {
      groups.push([each]);
      room = MAX_BATCH_BYTES;
    }
    room -= Size;
  }
  return groups;
}

function numbersOf(fields: Fields, name: string): number[] {
  const list = fields[name];
  require(Array.isArray(list) && list.length <= MAX_FILES, "message-malformed", name);
  for (const [i, number] of list.entries()) {
    const isNumber = Number.isInteger(number) && number >= 0 && number < MAX_ENTRIES;
    require(isNumber && (i === 0 || number > list[i - 1]), "message-malformed", name);
  }
  return list;
}

/** Reads which files a BATCH asks for. */
export function parseBatch(batch: Fields, entries: readonly EntryLine[]): Numbered[] {
  const numbers = numbersOf(batch, "Entries");
  require(numbers.length > 0, "message-malformed", "an empty batch");
  const files = numbers.map((number): Numbered => {
    const entry = entries[number];
    require(entry?.Kind === "file", "message-unexpected", "an entry that is no file");
    return [number, entry];
  });
  const bytes = files.reduce((sum, [, { Size }]) => sum + Size, 0);
  require(bytes <= MAX_BATCH_BYTES, "message-unexpected", "a batch of large files");
  return files;
}

/** Reads which files are not among those that come. */
export function parseChanged(data: Fields, asked: readonly Numbered[]): Set<number> {
  const changed = isAbsent(data.Changed) ? [] : numbersOf(data, "Changed");
  const known = new Set(asked.map(([number]) => number));
  const isAsked = changed.every((number) => known.has(number));
  require(isAsked, "message-unexpected", "a file that was not asked for");
  return new Set(changed);
}

/** Cuts what came into the files that are among it. */
export function cutFiles(bytes: Buffer, files: readonly Numbered[]): [FileLine, Buffer][] {
  let at = 0;
  return files.map(([, file]) => {
    at += file.Size;
    return [file, Buffer.from(bytes.subarray(at - file.Size, at))];
  });
}
