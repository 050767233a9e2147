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
  type DiskRoots,
  inodeKey,
  makeFolders,
  placeOf,
  refusePath,
  walkTo,
  type WayRules,
} from "../disk/paths/mod.ts";
import { type NodeFs, nodeFs } from "../disk/files/mod.ts";
import { MAX_PID_FILE_BYTES } from "../limits.ts";

/** Empty for whoever watches it: it may be seen by all. */
const TOUCHED_FILE_MODE = 0o644;
/** No system numbers a process higher; what is higher becomes another number on its way to the system. */
const MAX_PID = 2 ** 31 - 1;

/** The number of a process, and who said so. */
export interface NamedProcess {
  /** The number. */
  readonly pid: number;
  /** The user whom the file belongs to, or `null` on systems that have none. */
  readonly uid: number | null;
}

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
        await withSame(target, { before: info, isWritten: true }, (descriptor, fs) => {
          const now = new Date();
          fs.futimesSync(descriptor, now, now);
        });
      }
    } catch (error) {
      throw storageError(error, `touch ${JSON.stringify(path)}`);
    }
  }

  /**
   * Reads the number of a process.
   *
   * @returns `null` where there is no such file, or no number of a process in it.
   * @throws {StorageError} where the path is refused, or declared, or what the system said.
   */
  async readPid(path: string, manifest: Manifest): Promise<NamedProcess | null> {
    const place = this.#placeOf(path, manifest);
    try {
      const { target, info } = walkTo(place, this.#rules);
      if (info === null || info.size > MAX_PID_FILE_BYTES) return null;
      const bytes = new Uint8Array(MAX_PID_FILE_BYTES);
      const length = await withSame(target, { before: info, isWritten: false }, (file, fs) => {
        return fs.readSync(file, bytes);
      });
      const digits = /^\s*(\d{1,10})\s*$/.exec(decodeUtf8(bytes.subarray(0, length)))?.[1];
      const pid = Number(digits ?? Infinity);
      return pid > MAX_PID ? null : { pid, uid: info.uid };
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

/** Opens the very file that was looked at before, for as long as the work takes. */
async function withSame<T>(
  target: string,
  { before, isWritten }: { readonly before: Deno.FileInfo; readonly isWritten: boolean },
  work: (descriptor: number, fs: NodeFs) => T,
): Promise<T> {
  const fs = await nodeFs();
  const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;
  // A pipe in its place would otherwise make everything wait for ever.
  const flags = (isWritten ? O_WRONLY : O_RDONLY) | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0);
  const descriptor = fs.openSync(target, flags);
  try {
    const opened = fs.fstatSync(descriptor);
    const inode = inodeKey(before);
    if (opened.isFile() && (inode === null || inodeKey(opened) === inode)) {
      return work(descriptor, fs);
    }
    throw new StorageError("file-changed", `${JSON.stringify(target)} was exchanged`);
  } finally {
    fs.closeSync(descriptor);
  }
}
