/**
 * Removing the files that no keeper has renewed in time.
 *
 * @module
 */
import { type Logger, StorageError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import { LEASE_RETRY_MS } from "../limits.ts";
import type { DiskMemory } from "./disk_memory.ts";
import {
  type DiskRoot,
  EVERY_SET,
  placeOf,
  saysElsewhere,
  walkTo,
  type WayRules,
} from "./paths/mod.ts";
import { type FileDigests, syncFolders } from "./files/mod.ts";
import type { Declarer, EndedLease } from "./state/mod.ts";
import { isOurFile } from "./survey/mod.ts";

/** What expired, and when the next does. */
export interface ExpiredLeases {
  /** The paths of the files that were removed. */
  readonly expired: readonly string[];
  /** In how many milliseconds the next expires; `null` where none does. */
  readonly nextInMs: number | null;
}

/** Has something done before files are removed, and after. */
export type AroundExpiry = (
  /** What is about to be removed, as far as it is still there. */
  due: readonly EndedLease[],
  /** Removes it, and returns the paths of what was there and is gone. */
  remove: () => Promise<readonly string[]>,
) => Promise<void>;

/** What {@linkcode expireLeases} works with. */
export interface ExpiryParts {
  /** The folders below which files may be. */
  readonly roots: readonly DiskRoot[];
  /** What may be on the way. */
  readonly rules: WayRules;
  /** What files hold. */
  readonly digests: FileDigests;
  /** What was put in place, and when it was renewed. */
  readonly memory: DiskMemory;
  /** Is told of what could not be removed. */
  readonly logger: Logger;
  /** Is called where something is to be removed. @default {removes} */
  readonly around?: AroundExpiry | undefined;
}

/**
 * Removes the files whose lease is over, and says when the next one is. A file that somebody else
 * declared too stays. Never rejects for a file that cannot be removed: it is tried again.
 */
export async function expireLeases(parts: ExpiryParts): Promise<ExpiredLeases> {
  const { memory, around = async (_due, remove) => void await remove() } = parts;
  const { expired: due, nextInMs } = memory.due();
  let removed: Removed = { expired: [], isWhole: true };
  if (due.length > 0) {
    await around(due, async () => {
      removed = await removeDue(due, parts);
      return removed.expired;
    });
  }
  await memory.save();
  const { expired, isWhole } = removed;
  const waits = [nextInMs, isWhole ? null : LEASE_RETRY_MS].filter((waitMs) => waitMs !== null);
  return { expired, nextInMs: waits.length === 0 ? null : Math.min(...waits) };
}

interface Removed {
  readonly expired: readonly string[];
  /** Whether nothing has to be tried again. */
  readonly isWhole: boolean;
}

async function removeDue(due: readonly EndedLease[], parts: ExpiryParts): Promise<Removed> {
  const { memory, logger } = parts;
  const expired: string[] = [];
  const unsettled = new Set<string>();
  let isWhole = true;
  for (const { declarer, path } of due) {
    try {
      if (await removeExpired(path, { declarer, parts, unsettled })) expired.push(path);
      memory.inventory.forget(declarer, path);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (saysElsewhere(error)) {
        memory.inventory.forget(declarer, path);
        continue;
      }
      isWhole = false;
      logger.warn("a file whose lease is over could not be removed", {
        path,
        reason: error.message,
      });
    }
  }
  try {
    await syncFolders(unsettled);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    logger.warn("files whose lease is over may be back after a crash", { reason: error.message });
  }
  // Whoever is told of it may end this process.
  await memory.save();
  return { expired, isWhole };
}

async function removeExpired(
  path: string,
  { declarer, parts, unsettled }: {
    readonly declarer: Declarer;
    readonly parts: ExpiryParts;
    readonly unsettled: Set<string>;
  },
): Promise<boolean> {
  const { roots, rules, digests, memory: { inventory } } = parts;
  const holding = inventory.of(declarer).get(path);
  for (const other of inventory.othersThan(declarer)) if (other === path) return false;
  const place = placeOf(path, roots);
  const { folder, target, info } = walkTo(place, { ...rules, sets: EVERY_SET });
  if (folder === null || info === null || holding === undefined) return false;
  if (!await isOurFile({ at: target, info }, { holding, digests })) return false;
  try {
    await Deno.remove(target);
  } catch (error) {
    throw storageError(error, `remove ${JSON.stringify(target)}`);
  }
  unsettled.add(folder);
  return true;
}
