/**
 * What an agent brings again because there was no room for it while other files were on their way.
 *
 * @module
 */
import type { StorageErrorCode } from "./errors.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { FileResult } from "./results.ts";

const DISK_FULL: StorageErrorCode = "disk-full";

/** What {@linkcode bringWhatFits} works with. */
export interface SecondTry {
  /** The entries of the manifest. */
  readonly entries: readonly FileEntry[];
  /** Brings one file; what it throws ends all. */
  readonly bring: (entry: FileEntry) => Promise<FileResult>;
}

/**
 * Brings again what found no room, one by one and the smallest first, up to the one that finds none
 * again. The largest is not tried: it is what there was no room for.
 *
 * @returns The results, with those of the second try in the place of the first.
 */
export async function bringWhatFits(
  results: readonly FileResult[],
  { entries, bring }: SecondTry,
): Promise<FileResult[]> {
  const withoutRoom = new Set(
    results.filter(({ code }) => code === DISK_FULL).map(({ path }) => path),
  );
  const bySize = entries.filter(({ path }) => withoutRoom.has(path))
    .sort((a, b) => a.size - b.size);
  const again = new Map<string, FileResult>();
  for (const entry of bySize.slice(0, -1)) {
    const result = await bring(entry);
    again.set(entry.path, result);
    if (result.code === DISK_FULL) break;
  }
  return results.map((result) => again.get(result.path) ?? result);
}
