/**
 * Removes what an earlier process left beside the files: what it staged and never put in place, states
 * of sets that are no longer used, and parts of files whose rest did not come.
 *
 * @module
 */
import { basename, join } from "../../protocol/host/mod.ts";
import { RESERVED_PREFIX, STAGE_PREFIX } from "../../protocol/mod.ts";
import { MAX_SWEPT_DEPTH, MAX_SWEPT_ENTRIES } from "../limits.ts";
import {
  generationOf,
  isGenerationName,
  isLinkName,
  lookAt,
  nameBefore,
  type WayRules,
} from "./paths/mod.ts";
import { isPartName, isStale, removeTree, restoreFormer } from "./files/mod.ts";

/** The options of {@linkcode sweepStages}. */
export interface SweepOptions {
  /** What was written from this Unix time on is this process's own work, in milliseconds. */
  readonly beforeMs: number;
  /** How many folders deep to go; 0 looks at the folder alone. @default {32} */
  readonly maxDepth?: number;
  /** How many entries to look at. @default {200_000} */
  readonly maxEntries?: number;
  /** Is told of the parts of files that are kept, and since when, in Unix milliseconds. */
  readonly onPart?: (path: string, keptMs: number) => void;
}

/** What a sweep did. */
export interface SweepReport {
  /** How many things were removed. */
  readonly removed: number;
  /** Whether everything was looked at. */
  readonly isWhole: boolean;
}

const NO_RULES: WayRules = { inodes: new Set(), sets: new Set() };

/**
 * Removes stale left-overs below a folder; follows no symbolic link.
 *
 * What cannot be read or removed is left alone: a sweep is a courtesy. Never rejects.
 */
export async function sweepStages(folder: string, options: SweepOptions): Promise<SweepReport> {
  const { maxDepth = MAX_SWEPT_DEPTH, maxEntries = MAX_SWEPT_ENTRIES } = options;
  const waiting = [{ path: folder, depth: 0 }];
  let left = maxEntries;
  let removed = 0;
  let isWhole = true;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const ours: string[] = [];
    const links: string[] = [];
    let isListed = false;
    try {
      for await (const { name, isDirectory, isSymlink } of Deno.readDir(next.path)) {
        if (--left < 0) break;
        const path = join(next.path, name);
        if (isSymlink && !isLinkName(name)) links.push(path);
        if (name.startsWith(RESERVED_PREFIX)) ours.push(path);
        else if (isDirectory && next.depth < maxDepth) {
          waiting.push({ path, depth: next.depth + 1 });
        } else if (isDirectory) isWhole = false;
      }
      isListed = left >= 0;
    } catch {
      isWhole = false;
    }
    // Whatever is put in place meanwhile is newer than what is swept.
    const used = isListed && ours.length > 0 ? new Set(links.map(generationOf)) : null;
    for (const path of ours) if (await sweepOne(path, { ...options, used })) removed++;
    if (left < 0) return { removed, isWhole: false };
  }
  return { removed, isWhole };
}

/** What the left-overs of one folder are told by. */
interface FolderSweep extends SweepOptions {
  /** The generations to which a link leads that is in place, or was; `null` where not all are known. */
  readonly used: ReadonlySet<string | null> | null;
}

async function sweepOne(path: string, sweep: FolderSweep): Promise<boolean> {
  try {
    const info = lookAt(path);
    if (info === null || !isLeftOver(path, { info, sweep })) return false;
    await removeTree(path, { info, rules: NO_RULES });
    return true;
  } catch {
    return false;
  }
}

function isLeftOver(
  path: string,
  { info, sweep }: { readonly info: Deno.FileInfo; readonly sweep: FolderSweep },
): boolean {
  const name = basename(path);
  const folder = join(path, "..");
  const writtenMs = info.mtime?.getTime() ?? 0;
  const isOlder = writtenMs < sweep.beforeMs;
  const before = nameBefore(name);
  if (before !== null) return !restoreFormer(folder, before) && isOlder;
  if (isPartName(name)) {
    if (!info.isFile) return false;
    if (isStale(info, Date.now())) return true;
    sweep.onPart?.(path, writtenMs);
    return false;
  }
  if (isGenerationName(name)) return info.isDirectory && isOlder && sweep.used?.has(path) === false;
  if (isLinkName(name)) return info.isSymlink && isOlder;
  return name.startsWith(STAGE_PREFIX) && !info.isSymlink && isOlder;
}
