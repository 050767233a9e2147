/**
 * Files that are mounts of their own, as a container's are into which a single file is mounted: nothing
 * can be put in their place.
 *
 * No call says so; the attempt does, which comes when all of the file is here. What was found out is
 * remembered, and for a large file it is found out before.
 *
 * @module
 */
import { errnoOf, join } from "../../protocol/host/mod.ts";
import { MOUNT_CHECK_BYTES } from "../limits.ts";
import { type InodeKey, inodeKey } from "./paths/mod.ts";
import { mountError, stageName } from "./files/mod.ts";

/** A file that is to be replaced. */
export interface ReplacedFile {
  /** What is known of it. */
  readonly info: Deno.FileInfo;
  /** Its folder. */
  readonly folder: string;
  /** The length of what takes its place in bytes, or `null` where it is not known. */
  readonly size: number | null;
}

/** Remembers which files are mounts. */
export class MountMemory {
  readonly #known = new Map<string, InodeKey | null>();

  /** Tells whether a file was found to be a mount, and was not replaced since. */
  isKnown(at: string, info: Deno.FileInfo): boolean {
    const inode = this.#known.get(at);
    if (inode === undefined) return false;
    if (inode === inodeKey(info)) return true;
    this.#known.delete(at);
    return false;
  }

  /** Notes that a file is a mount. */
  note(at: string, info: Deno.FileInfo): void {
    this.#known.set(at, inodeKey(info));
  }

  /**
   * Finds out whether a file is a mount, where what is to replace it is large.
   *
   * @throws {StorageError} `file-mounted`.
   */
  check(at: string, { info, folder, size }: ReplacedFile): void {
    if (size !== null && size < MOUNT_CHECK_BYTES) return;
    const probe = join(folder, stageName());
    try {
      // A second name cannot be on another mount than the first.
      Deno.linkSync(at, probe);
      Deno.removeSync(probe);
    } catch (error) {
      // Many things forbid a second name; one says that it would be on another mount.
      if (errnoOf(error) !== "EXDEV") return;
      this.note(at, info);
      throw mountError(at, error);
    }
  }
}
