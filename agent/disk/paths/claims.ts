/**
 * Which path of a delivery has which file, so that no two of them overwrite each other.
 *
 * @module
 */
import { refusePath } from "./disk_path.ts";

/** What a file system tells of a file. */
export interface InodeState {
  /** The device that it is on. */
  readonly dev: number;
  /** Its inode, or `null` on systems that have none. */
  readonly ino: number | null;
  /** How many names it has. */
  readonly nlink: number | null;
}

/** The claims of one delivery; of two paths to one file the second is refused. */
export class Claims {
  readonly #targets = new Map<string, string>();
  /** By device and inode. */
  readonly #inodes = new Map<number, Map<number, string>>();

  /** The targets that are claimed. */
  get targets(): ReadonlyMap<string, string> {
    return this.#targets;
  }

  /** Forgets all, for the next delivery. */
  clear(): void {
    this.#targets.clear();
    this.#inodes.clear();
  }

  /**
   * Claims a target by its place: a relative and an absolute path may lead to the same.
   *
   * @throws {StorageError} `path-refused`.
   */
  claimTarget(path: string, target: string): void {
    const owner = this.#targets.get(target) ?? path;
    if (owner !== path) throw refusePath(path, `is the same file as ${JSON.stringify(owner)}`);
    this.#targets.set(target, path);
  }

  /**
   * Claims the file that is there: names may differ in case, or in form, and mean the same one.
   *
   * @throws {StorageError} `path-refused`.
   */
  claimInode(path: string, info: InodeState): void {
    const { dev, ino, nlink } = info;
    // A file with several names is one of them only: the others keep what they have.
    if (ino === null || nlink !== 1) return;
    let owners = this.#inodes.get(dev);
    if (owners === undefined) this.#inodes.set(dev, owners = new Map());
    const owner = owners.get(ino);
    if (owner === undefined) return void owners.set(ino, path);
    if (owner === path) return;
    throw refusePath(path, `is the same file as ${JSON.stringify(owner)} on this file system`);
  }

  /** Gives up the claim to a file that was replaced: its number may be used again. */
  releaseInode(path: string, { dev, ino }: InodeState): void {
    const owners = this.#inodes.get(dev);
    if (ino !== null && owners?.get(ino) === path) owners.delete(ino);
  }
}
