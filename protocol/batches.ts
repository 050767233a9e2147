/**
 * How small files are put together to be asked for at once (spec, section 8).
 *
 * @module
 */
import { MAX_BATCH_BYTES, MAX_BATCH_FILES, MAX_BATCHED_FILE_BYTES } from "./limits.ts";
import type { FileEntry } from "./manifest_entry.ts";

/** A file of the manifest. */
export interface NumberedFile {
  /** Which entry of the manifest it is, counted from 0. */
  readonly number: number;
  /** What the manifest declares. */
  readonly entry: FileEntry;
}

/** Tells whether a file is small enough to come with others. */
export function isBatched({ size }: FileEntry): boolean {
  return size <= MAX_BATCHED_FILE_BYTES;
}

/**
 * Puts files together in their order, as many as a batch may have.
 *
 * @param files Each small enough, in ascending order of their numbers.
 */
export function* cutBatches(
  files: Iterable<NumberedFile>,
): Generator<readonly NumberedFile[], void, undefined> {
  let batch: NumberedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    const { size } = file.entry;
    if (batch.length === MAX_BATCH_FILES || bytes + size > MAX_BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
