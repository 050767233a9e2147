/**
 * The secret files as the application is given them: by their contents, or opened.
 *
 * They are found where an agent puts them, through no symbolic link but the one by which files that
 * belong together are exchanged at once.
 *
 * @module
 */
import { type Bytes, StorageError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import { type NodeFs, nodeFs } from "../disk/files/mod.ts";
import { type DiskRoots, inodeKey, placeOf, walkTo } from "../disk/paths/mod.ts";

/** Opens and reads what an agent has put in place. */
export class DeliveredFiles {
  readonly #disk: DiskRoots;

  /** Looks into these folders. */
  constructor(disk: DiskRoots) {
    this.#disk = disk;
  }

  /**
   * Opens a file for reading.
   *
   * @returns The number of the descriptor, for the caller to close.
   * @throws {StorageError} where there is no such file, the path is refused, or what the system said.
   */
  async open(path: string): Promise<number> {
    return this.#openNow(path, await nodeFs());
  }

  /**
   * Reads a whole file.
   *
   * @returns `null` where it has more bytes than may be.
   * @throws {StorageError} as {@linkcode DeliveredFiles.open} does.
   */
  async read(path: string, maxBytes: number): Promise<Bytes | null> {
    const { closeSync, readSync } = await nodeFs();
    const descriptor = await this.open(path);
    try {
      const bytes = new Uint8Array(maxBytes + 1);
      let length = 0;
      while (length < bytes.length) {
        const count = readSync(descriptor, bytes, length, bytes.length - length, null);
        if (count === 0) return bytes.slice(0, length);
        length += count;
      }
      return null;
    } catch (error) {
      throw storageError(error, `read ${JSON.stringify(path)}`);
    } finally {
      closeSync(descriptor);
    }
  }

  #openNow(path: string, { closeSync, constants, fstatSync, openSync }: NodeFs): number {
    const { target, info } = walkTo(placeOf(path, this.#disk.roots), this.#disk.rules);
    const quoted = JSON.stringify(path);
    if (info === null) throw new StorageError("file-missing", `there is no file ${quoted}`);
    let descriptor: number | null = null;
    try {
      const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
      // A pipe in its place would otherwise make everything wait for ever.
      descriptor = openSync(target, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
      const opened = fstatSync(descriptor);
      if (opened.isFile() && inodeKey(opened) === inodeKey(info)) return descriptor;
      throw new StorageError("file-changed", `${quoted} was exchanged while it was opened`);
    } catch (error) {
      if (descriptor !== null) closeSync(descriptor);
      throw storageError(error, `open ${quoted}`);
    }
  }
}
