/**
 * How a file on the disk stands to its entry in the manifest, looked at beside any delivery.
 *
 * @module
 */
import { type Bytes, encodeHex, type FileEntry } from "../../protocol/mod.ts";
import type { FileCondition } from "../trust/mod.ts";
import { type DiskRoot, type Forbidden, placeOf, walkTo } from "./disk_path.ts";

/** Where and how files are looked at. */
export interface FileLook {
  /** The folders below which files may be. */
  readonly roots: readonly DiskRoot[];
  /** What may not be on the way. */
  readonly forbidden: Forbidden;
  /** Tells whether a file has other permissions than these, where its device keeps any. */
  readonly differsInMode: (info: Deno.FileInfo, mode: number) => boolean;
  /** Works out the digest of a file that was looked at. */
  readonly digestOf: (target: string, info: Deno.FileInfo) => Promise<Bytes>;
}

/**
 * Compares what is at the path of an entry with it. What belongs to the application once it is there
 * (`ENSURE_CREATED`) is intact whatever is in it.
 *
 * Never rejects: what cannot be looked at is not as declared.
 */
export async function compareFile(entry: FileEntry, look: FileLook): Promise<FileCondition> {
  try {
    const place = placeOf(entry.path, look.roots);
    const info = await walkTo(place, look.forbidden);
    if (info === null) return "missing";
    if (entry.strategy === "ENSURE_CREATED") return "intact";
    if (info.size !== entry.size || look.differsInMode(info, entry.mode)) return "changed";
    const digest = await look.digestOf(place.target, info);
    return encodeHex(digest) === entry.digest ? "intact" : "changed";
  } catch {
    return "changed";
  }
}
