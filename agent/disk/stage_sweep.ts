/**
 * Removes what an earlier process staged and never put in place.
 *
 * @module
 */
import { join } from "node:path";
import { STAGE_PREFIX } from "../../protocol/mod.ts";
import { MAX_SWEPT_DEPTH, MAX_SWEPT_ENTRIES } from "../limits.ts";

/** The options of {@linkcode sweepStages}. */
export interface SweepOptions {
  /** Files that were written from this Unix time on are somebody's own work, in milliseconds. */
  readonly beforeMs: number;
  /** How many folders deep to go; 0 looks at the folder alone. @default {32} */
  readonly maxDepth?: number;
  /** How many entries to look at. @default {200_000} */
  readonly maxEntries?: number;
}

/** What a sweep did. */
export interface SweepReport {
  /** How many files were removed. */
  readonly removed: number;
  /** Whether everything was looked at. */
  readonly isWhole: boolean;
}

/**
 * Removes stale staged files below a folder; follows no symbolic link.
 *
 * What cannot be read or removed is left alone: a sweep is a courtesy. Never rejects.
 */
export async function sweepStages(folder: string, options: SweepOptions): Promise<SweepReport> {
  const { beforeMs, maxDepth = MAX_SWEPT_DEPTH, maxEntries = MAX_SWEPT_ENTRIES } = options;
  const waiting = [{ path: folder, depth: 0 }];
  let left = maxEntries;
  let removed = 0;
  let isWhole = true;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    try {
      for await (const entry of Deno.readDir(next.path)) {
        if (--left < 0) return { removed, isWhole: false };
        const path = join(next.path, entry.name);
        if (entry.isDirectory) {
          if (next.depth < maxDepth) waiting.push({ path, depth: next.depth + 1 });
          else isWhole = false;
        } else if (entry.isFile && entry.name.startsWith(STAGE_PREFIX)) {
          if (await removeStale(path, beforeMs)) removed++;
        }
      }
    } catch {
      isWhole = false;
    }
  }
  return { removed, isWhole };
}

async function removeStale(path: string, beforeMs: number): Promise<boolean> {
  const info = await Deno.lstat(path);
  if (!info.isFile || (info.mtime?.getTime() ?? 0) >= beforeMs) return false;
  await Deno.remove(path);
  return true;
}
