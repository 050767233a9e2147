/**
 * The files that hooks use: the one that is touched, and the one that holds the number of a process.
 *
 * They lie where secret files may lie, are found as those are, and are none of them.
 *
 * @module
 */
import { decodeUtf8, type Manifest, StorageError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import {
  type DiskPlace,
  type DiskRoot,
  inodeKey,
  makeFolders,
  placeOf,
  refusePath,
  walkTo,
  type WayRules,
} from "../disk/disk_path.ts";
import type { DiskRoots } from "../disk/disk_roots.ts";
import { MAX_PID_FILE_BYTES } from "../limits.ts";

/** Empty for whoever watches it: it may be seen by all. */
const TOUCHED_FILE_MODE = 0o644;

/** Touches files, and reads the numbers of processes. */
export class HookFiles {
  readonly #roots: readonly DiskRoot[];
  readonly #rules: WayRules;

  /** Works in these folders. */
  constructor({ roots, rules }: DiskRoots) {
    this.#roots = roots;
    this.#rules = rules;
  }

  /**
   * Makes an empty file, or sets the time of the one that is there.
   *
   * @throws {StorageError} where the path is refused, or declared, or what the system said.
   */
  async touch(path: string, manifest: Manifest): Promise<void> {
    const place = this.#placeOf(path, manifest);
    try {
      const { folder, target, info } = walkTo(place, this.#rules);
      if (info === null) {
        if (folder === null) await makeFolders(place, this.#rules);
        const options = { write: true, createNew: true, mode: TOUCHED_FILE_MODE };
        (await Deno.open(target, options)).close();
      } else {
        // Whoever waits for a file that is closed after it was written is told as well.
        using file = await openSame(target, info, { write: true });
        const now = new Date();
        await file.utime(now, now);
      }
    } catch (error) {
      throw storageError(error, `touch ${JSON.stringify(path)}`);
    }
  }

  /**
   * Reads the number of a process.
   *
   * @returns `null` where there is no such file, or no number in it.
   * @throws {StorageError} where the path is refused, or declared, or what the system said.
   */
  async readPid(path: string, manifest: Manifest): Promise<number | null> {
    const place = this.#placeOf(path, manifest);
    try {
      const { target, info } = walkTo(place, this.#rules);
      if (info === null || info.size > MAX_PID_FILE_BYTES) return null;
      using file = await openSame(target, info, { read: true });
      const bytes = new Uint8Array(MAX_PID_FILE_BYTES);
      const length = await file.read(bytes) ?? 0;
      const digits = /^\s*(\d{1,10})\s*$/.exec(decodeUtf8(bytes.subarray(0, length)))?.[1];
      return digits === undefined ? null : Number(digits);
    } catch (error) {
      throw storageError(error, `read ${JSON.stringify(path)}`);
    }
  }

  #placeOf(path: string, { entries }: Manifest): DiskPlace {
    const place = placeOf(path, this.#roots);
    const name = path.slice(path.lastIndexOf("/") + 1);
    for (const { path: declared } of entries) {
      const isBelow = declared.startsWith(`${path}/`);
      const isNamed = declared === name || declared.endsWith(`/${name}`);
      if (!isBelow && !(isNamed && this.#leadsTo(declared, place.target))) continue;
      throw refusePath(path, "is declared by the same manifest");
    }
    return place;
  }

  #leadsTo(declared: string, target: string): boolean {
    try {
      return placeOf(declared, this.#roots).target === target;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }
}

/** Opens the very file that was looked at before. */
async function openSame(
  target: string,
  before: Deno.FileInfo,
  options: Deno.OpenOptions,
): Promise<Deno.FsFile> {
  const file = await Deno.open(target, options);
  if (inodeKey(file.statSync()) === inodeKey(before)) return file;
  file.close();
  throw new StorageError("file-changed", `${JSON.stringify(target)} was exchanged`);
}
