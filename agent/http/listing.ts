/**
 * The list of the files that there are to serve, as JSON.
 *
 * @module
 */
import { type Bytes, encodeUtf8, type FileEntry } from "../../protocol/mod.ts";

/** How a file stands on the disk. */
export interface FileLook {
  /** When it was put in place, in Unix milliseconds. */
  readonly modifiedMs: number;
}

/** How many files are looked at before others get their turn. */
const FILES_AT_ONCE = 256;

/**
 * Writes the list: `{"files":[{"path","size","digest","mode","modified"},...]}`.
 *
 * `modified` is the time at which the file was put in place, or `null` where it is not there.
 *
 * @param look Looks at a file; `null` where it is not there.
 */
export async function* formatListing(
  entries: readonly FileEntry[],
  look: (entry: FileEntry) => FileLook | null,
): AsyncGenerator<Bytes, void, undefined> {
  let text = '{"files":[';
  for (const [i, entry] of entries.entries()) {
    const { path, size, digest, mode } = entry;
    const modifiedMs = look(entry)?.modifiedMs;
    const modified = modifiedMs === undefined ? null : new Date(modifiedMs).toISOString();
    const line = { path, size, digest, mode: mode.toString(8).padStart(4, "0"), modified };
    text += `${i === 0 ? "" : ","}\n${JSON.stringify(line)}`;
    if (i % FILES_AT_ONCE !== FILES_AT_ONCE - 1) continue;
    yield encodeUtf8(text);
    text = "";
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  yield encodeUtf8(`${text}\n]}\n`);
}
