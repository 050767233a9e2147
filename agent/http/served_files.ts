/**
 * The contents of the files that are served: what the manifest says that they are, or nothing.
 *
 * A small file is read and verified before the first byte of it is served. A large one is verified
 * too, and then served from one descriptor that leads to what was verified and was not written since, so
 * that no exchange of the file gives a mixture.
 *
 * @module
 */
import pLimit from "p-limit";
import {
  type Bytes,
  encodeHex,
  type FileEntry,
  type HasherFactory,
  StorageError,
} from "../../protocol/mod.ts";
import { type FileStamp, isSameStamp } from "../../protocol/host/mod.ts";
import { type NodeFs, nodeFs } from "../disk/files/mod.ts";
import { type Arrival, type DiskRoots, inodeKey, placeOf, walkTo } from "../disk/paths/mod.ts";
import {
  MAX_SERVED_AT_ONCE_BYTES,
  MAX_SERVED_MEMORY_BYTES,
  MAX_SERVED_STREAMS,
  MAX_SHARED_LOOKS,
  SERVED_HASHES_AT_ONCE,
  SERVED_PIECE_BYTES,
  SHARED_LOOK_MS,
} from "../limits.ts";
import type { ByteRange } from "./server/file_response.ts";

/** How long a file must have been left alone before its contents are known by its times alone. */
const SETTLED_MS = 2_000;

/** A file that may be served. */
export interface ServedFile {
  /** Its entry. */
  readonly entry: FileEntry;
  /** The SHA-256 of its contents in lower-case hex. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  /** When it was put in place, in Unix milliseconds. */
  readonly modifiedMs: number;
  /** All of a small file. */
  readonly bytes: Bytes | null;
  /**
   * Yields pieces of a large file, once. Each is overwritten with the next: whoever wants it for longer
   * takes a copy. `null` where too many are served at a time.
   *
   * @throws {StorageError} where somebody writes to it meanwhile, before its last piece.
   */
  pieces(range: ByteRange): AsyncGenerator<Bytes, void, undefined> | null;
}

/** A state of a file that was read. */
interface KnownFile {
  readonly stamp: FileStamp;
  readonly digest: string;
  readonly bytes: Bytes | null;
}

/** An open file. */
interface OpenFile {
  readonly fs: NodeFs;
  readonly descriptor: number;
  readonly target: string;
  readonly before: FileStamp;
}

/** The options of {@linkcode ServedFiles}. */
export interface ServedFilesOptions {
  /** Makes what takes the digest of a file. */
  readonly createHasher: HasherFactory;
  /** How long a file must have been left alone to be remembered. @default {2_000} */
  readonly settledMs?: number;
  /** How long a look at the disk may be shared by those who ask for one file. @default {1} */
  readonly lookMs?: number;
  /** The time in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

/** Reads files, and remembers those that are sure. */
export class ServedFiles {
  readonly #disk: DiskRoots;
  readonly #createHasher: HasherFactory;
  readonly #known = new Map<string, KnownFile>();
  readonly #hashing = new Map<string, Promise<string>>();
  readonly #inTurn = pLimit(SERVED_HASHES_AT_ONCE);
  readonly #looks = new Map<string, { readonly arrival: Arrival; readonly atMs: number }>();
  #heldBytes = 0;
  #streams = 0;

  readonly #settledMs: number;
  readonly #lookMs: number;
  readonly #now: () => number;

  /** Looks into these folders. */
  constructor(disk: DiskRoots, options: ServedFilesOptions) {
    this.#disk = disk;
    this.#createHasher = options.createHasher;
    this.#settledMs = options.settledMs ?? SETTLED_MS;
    this.#lookMs = options.lookMs ?? SHARED_LOOK_MS;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Opens what is at the path of these entries, which they share.
   *
   * @returns `null` where there is nothing, or nothing that one of them declares.
   * @throws {StorageError} with what is on the way, or what the file system said.
   */
  async find(entries: readonly FileEntry[]): Promise<ServedFile | null> {
    const [first] = entries;
    if (first === undefined) return null;
    const shared = this.#sharedLook(first.path);
    const found = shared === null ? null : this.#findKnown(entries, shared);
    // What was seen just now is no reason to say that a file is not there, or to read it.
    return found ?? await this.#findFresh(entries, this.#lookAnew(first.path));
  }

  /** Returns what those saw who asked a moment ago; `null` where nobody did. */
  #sharedLook(path: string): Arrival | null {
    const look = this.#looks.get(path);
    return look !== undefined && this.#now() - look.atMs < this.#lookMs ? look.arrival : null;
  }

  #lookAnew(path: string): Arrival {
    const arrival = walkTo(placeOf(path, this.#disk.roots), this.#disk.rules);
    if (this.#looks.size >= MAX_SHARED_LOOKS) this.#looks.clear();
    this.#looks.set(path, { arrival, atMs: this.#now() });
    return arrival;
  }

  #findKnown(entries: readonly FileEntry[], { target, info }: Arrival): ServedFile | null {
    const known = this.#known.get(target);
    if (info === null || known === undefined || !isSameStamp(known.stamp, info)) return null;
    return this.#serve(entries, { target, info, read: known });
  }

  async #findFresh(entries: readonly FileEntry[], arrival: Arrival): Promise<ServedFile | null> {
    const { target, info } = arrival;
    if (info === null) return null;
    const known = this.#known.get(target);
    const read = known !== undefined && isSameStamp(known.stamp, info)
      ? known
      : await this.#read(target, info);
    return this.#serve(entries, { target, info, read });
  }

  #serve(
    entries: readonly FileEntry[],
    { target, info, read }: {
      readonly target: string;
      readonly info: Deno.FileInfo;
      readonly read: KnownFile;
    },
  ): ServedFile | null {
    const entry = entries.find((entry) => isDeclared(entry, read));
    if (entry === undefined) return null;
    const { digest, bytes } = read;
    return {
      entry,
      digest,
      size: info.size,
      modifiedMs: info.mtime?.getTime() ?? 0,
      bytes,
      pieces: (range) => {
        if (this.#streams >= MAX_SERVED_STREAMS) return null;
        return this.#pieces({ target, info: read.stamp, range });
      },
    };
  }

  /** Looks at the file of an entry and not into it; `null` where none of its size is there. */
  look({ path, size, strategy }: FileEntry): { readonly modifiedMs: number } | null {
    try {
      const { info } = walkTo(placeOf(path, this.#disk.roots), this.#disk.rules);
      if (info === null || (strategy === "STRICT" && info.size !== size)) return null;
      return { modifiedMs: info.mtime?.getTime() ?? 0 };
    } catch {
      return null;
    }
  }

  async #read(target: string, info: Deno.FileInfo): Promise<KnownFile> {
    const startedMs = Date.now();
    const stamp = stampOf(info);
    const isSmall = info.size <= MAX_SERVED_AT_ONCE_BYTES;
    const bytes = isSmall ? await this.#readSmall(target, info) : null;
    const digest = bytes === null ? await this.#hashShared(target, info) : await this.#hash(bytes);
    const read = { stamp, digest, bytes };
    const changedMs = Math.max(info.mtime?.getTime() ?? Infinity, info.ctime?.getTime() ?? 0);
    // The clocks of file systems are coarse: what was written just now may change unseen.
    if (startedMs - changedMs >= this.#settledMs) this.#remember(target, read);
    else this.#forget(target);
    return read;
  }

  async #hash(bytes: Bytes): Promise<string> {
    const hasher = await this.#createHasher();
    hasher.update(bytes);
    return encodeHex(hasher.digest());
  }

  async #readSmall(target: string, info: Deno.FileInfo): Promise<Bytes> {
    const { fs, descriptor } = await open(target, info);
    try {
      const bytes = new Uint8Array(info.size + 1);
      let length = 0;
      while (length < bytes.length) {
        const count = fs.readSync(descriptor, bytes, length, bytes.length - length, null);
        if (count === 0) break;
        length += count;
      }
      if (length !== info.size) throw changed(target);
      return bytes.slice(0, length);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /** Of many who ask for one large file at once one has it read. */
  #hashShared(target: string, info: Deno.FileInfo): Promise<string> {
    const key = JSON.stringify([target, inodeKey(info), info.size, info.mtime, info.ctime]);
    const underWay = this.#hashing.get(key);
    if (underWay !== undefined) return underWay;
    const hashing = this.#inTurn(() => this.#hashLarge(target, info))
      .finally(() => this.#hashing.delete(key));
    this.#hashing.set(key, hashing);
    return hashing;
  }

  async #hashLarge(target: string, info: Deno.FileInfo): Promise<string> {
    const file = await open(target, info);
    try {
      const hasher = await this.#createHasher();
      for await (const piece of piecesOf(file, { start: 0, end: info.size })) hasher.update(piece);
      return encodeHex(hasher.digest());
    } finally {
      file.fs.closeSync(file.descriptor);
    }
  }

  async *#pieces(
    { target, info, range }: {
      readonly target: string;
      readonly info: FileStamp;
      readonly range: ByteRange;
    },
  ): AsyncGenerator<Bytes, void, undefined> {
    // Counted here: pieces that nobody begins to take have no end, either.
    if (this.#streams >= MAX_SERVED_STREAMS) {
      throw new StorageError("io-failed", "too many large files are served at once");
    }
    this.#streams++;
    try {
      const file = await open(target, info);
      try {
        yield* piecesOf(file, range);
      } finally {
        file.fs.closeSync(file.descriptor);
      }
    } finally {
      this.#streams--;
    }
  }

  #remember(target: string, read: KnownFile): void {
    this.#forget(target);
    this.#known.set(target, read);
    this.#heldBytes += weightOf(read);
    for (const oldest of this.#known.keys()) {
      if (this.#heldBytes <= MAX_SERVED_MEMORY_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(target: string): void {
    const known = this.#known.get(target);
    if (known === undefined) return;
    this.#known.delete(target);
    this.#heldBytes -= weightOf(known);
  }
}

/** What is remembered of a file beside its contents has its weight too. */
function weightOf({ bytes }: KnownFile): number {
  return 512 + (bytes?.length ?? 0);
}

function isDeclared(entry: FileEntry, { digest, stamp }: KnownFile): boolean {
  if (entry.strategy === "ENSURE_CREATED") return true;
  return entry.size === stamp.size && entry.digest === digest;
}

function stampOf({ dev, ino, size, mtime, ctime }: FileStamp): FileStamp {
  return { dev, ino, size, mtime, ctime };
}

function changed(target: string): StorageError {
  return new StorageError("file-changed", `${JSON.stringify(target)} was exchanged`);
}

/** Opens a file that was looked at before, and no other. */
async function open(target: string, before: FileStamp): Promise<OpenFile> {
  const fs = await nodeFs();
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;
  // A pipe in its place would otherwise make everything wait for ever.
  const descriptor = fs.openSync(target, O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0));
  try {
    const opened = fs.fstatSync(descriptor);
    if (opened.isFile() && isUntouched(opened, before)) return { fs, descriptor, target, before };
    throw changed(target);
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

/** Tells whether an open file is the one that was looked at, and was not written to since. */
function isUntouched(
  opened: { readonly dev: number; readonly ino: number; readonly size: number; mtimeMs: number },
  before: FileStamp,
): boolean {
  const inode = inodeKey(before);
  if (inode !== null && inodeKey(opened) !== inode) return false;
  const mtimeMs = before.mtime?.getTime() ?? NaN;
  return opened.size === before.size && Math.abs(opened.mtimeMs - mtimeMs) < 1;
}

/**
 * Yields the bytes of a range, each piece in the place of the one before; before the last of them it is
 * made sure that nobody has written.
 */
async function* piecesOf(file: OpenFile, range: ByteRange): AsyncGenerator<Bytes, void, undefined> {
  const { fs, descriptor, target, before } = file;
  // The runtime gives back late what it took for pieces that are done with.
  const buffer = new Uint8Array(Math.min(SERVED_PIECE_BYTES, range.end - range.start));
  for (let at = range.start; at < range.end;) {
    const piece = buffer.subarray(0, Math.min(buffer.length, range.end - at));
    const length = await readSome(file, piece, at);
    at += length;
    const isLast = length === 0 || at >= range.end;
    if (isLast && (length === 0 || !isUntouched(fs.fstatSync(descriptor), before))) {
      throw changed(target);
    }
    yield piece.subarray(0, length);
  }
}

function readSome({ fs, descriptor }: OpenFile, piece: Bytes, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, piece, 0, piece.length, at, (error, length) => {
      if (error === null) resolve(length);
      else reject(error);
    });
  });
}
