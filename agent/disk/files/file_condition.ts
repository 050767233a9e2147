/**
 * How a file on the disk stands to its entry in the manifest, looked at beside any delivery.
 *
 * @module
 */
import { encodeHex, type FileEntry } from "../../../protocol/mod.ts";
import type { FileCondition } from "../../trust/mod.ts";
import { type DiskRoot, placeOf, walkTo, type WayRules } from "../paths/mod.ts";
import type { FileDigests } from "./file_digests.ts";
import type { DeviceTraits } from "./ownership.ts";

/** Where and how files are looked at. */
export interface FileLook {
  /** The folders below which files may be. */
  readonly roots: readonly DiskRoot[];
  /** What may be on the way. */
  readonly rules: WayRules;
  /** What devices keep of owners and modes. */
  readonly traits: DeviceTraits;
  /** What files hold. */
  readonly digests: FileDigests;
}

/**
 * Compares what is at the path of an entry with it. What belongs to the application once it is there
 * (`ENSURE_CREATED`) is intact whatever is in it.
 *
 * Never rejects: what cannot be looked at is not as declared.
 */
export async function compareFile(entry: FileEntry, look: FileLook): Promise<FileCondition> {
  const { roots, rules, traits, digests } = look;
  try {
    const { target, info } = walkTo(placeOf(entry.path, roots), rules);
    if (info === null) return "missing";
    if (entry.strategy === "ENSURE_CREATED") return "intact";
    if (info.size !== entry.size || traits.differs(info, entry)) return "changed";
    const digest = await digests.of(target, info);
    return encodeHex(digest) === entry.digest ? "intact" : "changed";
  } catch {
    return "changed";
  }
}
