/**
 * The digests of files that have not changed since they were hashed.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import { SETTLED_FILE_MS } from "../limits.ts";

/** What tells a file that was changed from one that was not. */
export interface FileState {
  /** The device that it is on. */
  readonly dev: number;
  /** Its inode, or `null` on systems that have none. */
  readonly ino: number | null;
  /** Its length in bytes. */
  readonly size: number;
  /** When its contents were last written. */
  readonly mtime: Date | null;
  /** When anything about it last changed; it cannot be set back. */
  readonly ctime: Date | null;
}

interface Known {
  readonly state: string;
  readonly digest: Bytes;
}

/** Remembers digests by path. */
export class DigestCache {
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;

  /** Starts empty; `now` is in Unix milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Returns the digest of a file in this state, or `null` where it must be hashed. */
  get(path: string, state: FileState): Bytes | null {
    const known = this.#known.get(path);
    return known !== undefined && known.state === stateKey(state) ? known.digest : null;
  }

  /**
   * Remembers a digest, if it is safe to.
   *
   * A file that was written moments ago can be written again without a difference in its times, which
   * file systems keep coarsely; it is hashed again when it is next asked for.
   *
   * @param states The file before and after it was hashed.
   */
  set(
    path: string,
    digest: Bytes,
    states: { readonly before: FileState; readonly after: FileState },
  ): void {
    const state = stateKey(states.after);
    const changedMs = lastChangeMs(states.after);
    const isSettled = changedMs !== null && this.#now() - changedMs >= SETTLED_FILE_MS;
    if (isSettled && stateKey(states.before) === state) this.#known.set(path, { state, digest });
    else this.#known.delete(path);
  }

  /** Forgets all paths but these. */
  retain(paths: ReadonlyMap<string, unknown>): void {
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
  }

  /** Forgets a path. */
  delete(path: string): void {
    this.#known.delete(path);
  }
}

function stateKey({ dev, ino, size, mtime, ctime }: FileState): string {
  return `${dev}:${ino}:${size}:${mtime?.getTime()}:${ctime?.getTime()}`;
}

function lastChangeMs({ mtime, ctime }: FileState): number | null {
  if (mtime === null) return null;
  // ctime has whole seconds only: the change may have come up to a second after it.
  return Math.max(mtime.getTime(), ctime === null ? 0 : ctime.getTime());
}
