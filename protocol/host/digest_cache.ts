/**
 * The digests of files that have not changed since they were hashed.
 *
 * @module
 */
import type { Bytes } from "../bytes.ts";

/**
 * How long a file must have been left alone before it was hashed, in milliseconds, for its digest to
 * be remembered.
 *
 * The clocks of file systems are coarse, that of FAT by two seconds: a file that was written a moment
 * ago can be written again without a difference in its times.
 */
export const SETTLED_FILE_MS = 2_000;

/** What tells one state of a file from another without reading it. */
export type FileStamp = Pick<Deno.FileInfo, "dev" | "ino" | "size" | "mtime" | "ctime">;

/** Tells whether two stamps are of the same state of the same file. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size &&
    a.mtime?.getTime() === b.mtime?.getTime() && a.ctime?.getTime() === b.ctime?.getTime();
}

/** A file that was hashed. */
export interface HashedFile {
  /** The SHA-256 of its contents; 32 bytes. */
  readonly digest: Bytes;
  /** Its stamp before it was hashed. */
  readonly before: FileStamp;
  /** Its stamp after it was hashed. */
  readonly after: FileStamp;
  /** When the hashing began, in Unix milliseconds. */
  readonly startedMs: number;
}

/** The units of the digits of lower-case hex. */
const HEX_UNITS = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** A hashed file in little room: there may be a hundred thousand of them. */
interface KnownFile {
  readonly dev: number;
  readonly ino: number | null;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** A character for each byte. */
  readonly digest: string;
}

/** Remembers digests by path. */
export class DigestCache {
  readonly #known = new Map<string, KnownFile>();

  /** Returns the digest of a file in this state, or `null` where it has to be hashed. */
  get(path: string, stamp: FileStamp): Bytes | null {
    const known = this.#known.get(path);
    return known !== undefined && isOfState(known, stamp) ? bytesOf(known.digest) : null;
  }

  /**
   * Tells whether a file in this state has a digest, in lower-case hex; `null` where it has to be hashed.
   */
  holds(path: string, stamp: FileStamp, digest: string): boolean | null {
    const known = this.#known.get(path);
    if (known === undefined || !isOfState(known, stamp)) return null;
    return isHexOf(known.digest, digest);
  }

  /** Remembers the digest of a file, if it is sure to be that of its state. */
  set(path: string, { digest, before, after, startedMs }: HashedFile): void {
    // Of a file without times nothing is sure.
    const changedMs = Math.max(after.mtime?.getTime() ?? Infinity, after.ctime?.getTime() ?? 0);
    const isSettled = startedMs - changedMs >= SETTLED_FILE_MS;
    if (!isSettled || !isSameStamp(before, after)) return void this.#known.delete(path);
    const { dev, ino, size } = after;
    this.#known.set(path, {
      ...{ dev, ino, size },
      mtimeMs: timeOf(after.mtime),
      ctimeMs: timeOf(after.ctime),
      // To spread it takes seven times as long.
      digest: Reflect.apply(String.fromCharCode, null, digest),
    });
  }

  /** Forgets all paths but these. */
  retain(paths: { has(path: string): boolean }): void {
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
  }

  /** Forgets a path. */
  delete(path: string): void {
    this.#known.delete(path);
  }
}

function isOfState(known: KnownFile, stamp: FileStamp): boolean {
  return known.dev === stamp.dev && known.ino === stamp.ino && known.size === stamp.size &&
    known.mtimeMs === timeOf(stamp.mtime) && known.ctimeMs === timeOf(stamp.ctime);
}

function timeOf(time: Date | null): number {
  return time?.getTime() ?? -Infinity;
}

/** Compares without making either text into the other. */
function isHexOf(digest: string, hex: string): boolean {
  if (hex.length !== 2 * digest.length) return false;
  for (let i = 0; i < digest.length; i++) {
    const byte = digest.charCodeAt(i);
    const isSame = HEX_UNITS[byte >> 4] === hex.charCodeAt(2 * i) &&
      HEX_UNITS[byte & 15] === hex.charCodeAt(2 * i + 1);
    if (!isSame) return false;
  }
  return true;
}

function bytesOf(digest: string): Bytes {
  const bytes = new Uint8Array(digest.length);
  for (let i = 0; i < digest.length; i++) bytes[i] = digest.charCodeAt(i);
  return bytes;
}
