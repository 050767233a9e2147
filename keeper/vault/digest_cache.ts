/**
 * Remembers digests of files, so that a large one is hashed once a change.
 *
 * @module
 */
import { FRESH_FILE_MS } from "../limits.ts";

/** What tells one state of a file from another without reading it. */
export interface FileStamp {
  /** The device and inode, or the path where the system has none. */
  readonly identity: string;
  /** The length in bytes. */
  readonly size: number;
  /** When the contents changed, in Unix milliseconds. */
  readonly modifiedMs: number;
  /** When contents or attributes changed, in Unix milliseconds; 0 where the system has none. */
  readonly changedMs: number;
}

interface CachedDigest {
  readonly stamp: FileStamp;
  readonly digest: string;
}

/** Tells whether two stamps are of the same state of the same file. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.identity === b.identity && a.size === b.size && a.modifiedMs === b.modifiedMs &&
    a.changedMs === b.changedMs;
}

/**
 * Digests by the stamps of files.
 *
 * A file system's clock is coarse: a file may change again without a new stamp right after it was
 * hashed. So what was written less than two seconds before it was hashed is not remembered.
 */
export class DigestCache {
  readonly #digests = new Map<string, CachedDigest>();

  /** Returns the digest of a file in that state, or `null` where it has to be hashed. */
  get(stamp: FileStamp): string | null {
    const cached = this.#digests.get(stamp.identity);
    return cached !== undefined && isSameStamp(cached.stamp, stamp) ? cached.digest : null;
  }

  /**
   * Takes the digest of a file.
   *
   * @param hashed.atMs When the hashing began, in Unix milliseconds.
   */
  set(stamp: FileStamp, hashed: { readonly digest: string; readonly atMs: number }): void {
    const writtenMs = Math.max(stamp.modifiedMs, stamp.changedMs);
    if (hashed.atMs - writtenMs < FRESH_FILE_MS) this.#digests.delete(stamp.identity);
    else this.#digests.set(stamp.identity, { stamp, digest: hashed.digest });
  }

  /** Forgets the files that are not among these. */
  retain(identities: ReadonlySet<string>): void {
    for (const identity of this.#digests.keys()) {
      if (!identities.has(identity)) this.#digests.delete(identity);
    }
  }
}
