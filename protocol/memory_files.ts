/**
 * Files and folders in memory, by their paths: what is a file is no folder.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { StorageError } from "./errors.ts";

/** Yields the folders on the way to a path, the nearest first. */
export function* foldersAbove(path: string): Generator<string, void, undefined> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    yield path.slice(0, end);
  }
}

/** Holds files, and folders that are there without one. */
export class MemoryFiles {
  readonly #files = new Map<string, Bytes>();
  readonly #folders = new Set<string>();
  /** How many names there are below each folder. */
  readonly #below = new Map<string, number>();

  /** The paths of all files, in the order in which they came. */
  get files(): Iterable<string> {
    return this.#files.keys();
  }

  /** The paths of the folders that were made. */
  get folders(): Iterable<string> {
    return this.#folders;
  }

  /** Returns the contents of a file, or `undefined` where there is none. */
  read(path: string): Bytes | undefined {
    return this.#files.get(path);
  }

  /** Tells whether there is a folder, be it that it was made or that something is in it. */
  isFolder(path: string): boolean {
    return this.#folders.has(path) || this.#below.has(path);
  }

  /** Returns the path of a file that is where a path needs a folder, or `null`. */
  findFileAbove(path: string): string | null {
    for (const folder of foldersAbove(path)) if (this.#files.has(folder)) return folder;
    return null;
  }

  /**
   * Puts a file in place.
   *
   * @throws {StorageError} `not-a-file` where a folder is, or a file on the way.
   */
  write(path: string, bytes: Bytes): void {
    if (this.isFolder(path) || this.findFileAbove(path) !== null) throw occupied(path);
    if (!this.#files.has(path)) this.#count(path, 1);
    this.#files.set(path, bytes);
  }

  /**
   * Makes a folder, unless it is there.
   *
   * @throws {StorageError} `not-a-file` where a file is, or on the way.
   */
  makeFolder(path: string): void {
    if (this.#files.has(path) || this.findFileAbove(path) !== null) throw occupied(path);
    if (this.#folders.has(path)) return;
    this.#count(path, 1);
    this.#folders.add(path);
  }

  /** Removes what is at a path, with all that is in it; returns the paths of what is gone. */
  remove(path: string): string[] {
    const names = [this.#files, this.#folders];
    const gone = names.flatMap((each) => each.has(path) ? [path] : []);
    if (this.#below.has(path)) {
      for (const each of names) {
        for (const name of each.keys()) if (name.startsWith(`${path}/`)) gone.push(name);
      }
    }
    for (const name of gone) {
      this.#count(name, -1);
      for (const each of names) each.delete(name);
    }
    return gone;
  }

  #count(path: string, change: number): void {
    for (const folder of foldersAbove(path)) {
      const count = (this.#below.get(folder) ?? 0) + change;
      if (count === 0) this.#below.delete(folder);
      else this.#below.set(folder, count);
    }
  }
}

function occupied(path: string): StorageError {
  return new StorageError("not-a-file", `something else is at ${JSON.stringify(path)}`);
}
