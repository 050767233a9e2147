/**
 * The digests of files on the disk, worked out once for each state of a file.
 *
 * @module
 */
import { type Bytes, type HasherFactory, StorageError } from "../../../protocol/mod.ts";
import { createNodeHasher, DigestCache, storageError } from "../../../protocol/host/mod.ts";
import { HASH_PIECE_BYTES, MAX_READ_AT_ONCE_BYTES } from "../../limits.ts";
import { inodeKey } from "../paths/mod.ts";
import { type NodeFs, nodeFs } from "./node_fs.ts";

/** Works out digests, and remembers those that are sure. */
export class FileDigests {
  readonly #cache = new DigestCache();
  readonly #createHasher: HasherFactory;
  readonly #small = new Uint8Array(MAX_READ_AT_ONCE_BYTES);

  /** Takes what makes hashers. */
  constructor(createHasher: HasherFactory = createNodeHasher) {
    this.#createHasher = createHasher;
  }

  /**
   * Returns the SHA-256 of a regular file that was looked at: 32 bytes.
   *
   * @throws {StorageError} `file-changed` if something else is there meanwhile; or what the file
   * system said.
   */
  async of(at: string, info: Deno.FileInfo): Promise<Bytes> {
    return this.#cache.get(at, info) ?? await this.#hash(at, info);
  }

  /**
   * Tells whether a regular file that was looked at has a SHA-256, in lower-case hex; `null` where that
   * takes reading it.
   */
  holds(at: string, info: Deno.FileInfo, digest: string): boolean | null {
    return this.#cache.holds(at, info, digest);
  }

  /** Forgets a file. */
  delete(at: string): void {
    this.#cache.delete(at);
  }

  /** Forgets all files but these. */
  retain(files: { has(at: string): boolean }): void {
    this.#cache.retain(files);
  }

  async #hash(at: string, before: Deno.FileInfo): Promise<Bytes> {
    const startedMs = Date.now();
    try {
      const digest = before.size <= MAX_READ_AT_ONCE_BYTES
        ? await this.#hashAtOnce(at, before)
        : await this.#hashPieces(at, before);
      this.#cache.set(at, { digest, before, after: Deno.lstatSync(at), startedMs });
      return digest;
    } catch (error) {
      throw storageError(error, `read ${JSON.stringify(at)}`);
    }
  }

  /** A small file: waiting for each step of it would take longer than all of them. */
  async #hashAtOnce(at: string, before: Deno.FileInfo): Promise<Bytes> {
    const fs = await nodeFs();
    const hasher = await this.#createHasher();
    const { descriptor, size } = openForReading(at, { before, fs });
    try {
      let total = 0;
      for (let length; (length = fs.readSync(descriptor, this.#small)) > 0;) {
        checkLength(at, { size, length: total += length });
        hasher.update(this.#small.subarray(0, length));
      }
      return hasher.digest();
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async #hashPieces(at: string, before: Deno.FileInfo): Promise<Bytes> {
    const hasher = await this.#createHasher();
    for await (const piece of unchangedPieces(at, before)) hasher.update(piece);
    return hasher.digest();
  }
}

/**
 * Opens a regular file that was looked at before, for reading and writing: that waits for no pipe.
 *
 * @throws {StorageError} `file-changed` if something else is there; and what the file system said, as
 * it said it.
 */
export async function openUnchanged(at: string, before: Deno.FileInfo): Promise<Deno.FsFile> {
  const file = await Deno.open(at, { read: true, write: true });
  try {
    checkUnchanged(at, { before, opened: file.statSync() });
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkUnchanged(
  at: string,
  { before, opened }: {
    readonly before: Deno.FileInfo;
    readonly opened: Pick<Deno.FileInfo, "dev" | "ino" | "isFile">;
  },
): void {
  const inode = inodeKey(before);
  if (opened.isFile && (inode === null || inodeKey(opened) === inode)) return;
  throw new StorageError("file-changed", `${JSON.stringify(at)} was exchanged`);
}

/** A file that somebody goes on to write would have no end. */
function checkLength(
  at: string,
  { size, length }: { readonly size: number; readonly length: number },
): void {
  if (length <= size) return;
  throw new StorageError("file-changed", `${JSON.stringify(at)} grows while it is read`);
}

function openForReading(
  at: string,
  { before, fs }: { readonly before: Deno.FileInfo; readonly fs: NodeFs },
): { readonly descriptor: number; readonly size: number } {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;
  // A pipe in its place would otherwise make everything wait for ever.
  const descriptor = fs.openSync(at, O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0));
  try {
    const opened = fs.fstatSync(descriptor);
    const { dev, ino, size } = opened;
    checkUnchanged(at, { before, opened: { dev, ino, isFile: opened.isFile() } });
    return { descriptor, size };
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

async function* unchangedPieces(
  at: string,
  before: Deno.FileInfo,
): AsyncGenerator<Bytes, void, undefined> {
  const fs = await nodeFs();
  const { descriptor, size } = openForReading(at, { before, fs });
  try {
    const buffer = new Uint8Array(Math.min(size + 1, HASH_PIECE_BYTES));
    let total = 0;
    for (let length; (length = await readSome(descriptor, { buffer, fs })) > 0;) {
      checkLength(at, { size, length: total += length });
      yield buffer.subarray(0, length);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

function readSome(
  descriptor: number,
  { buffer, fs }: { readonly buffer: Bytes; readonly fs: NodeFs },
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, buffer, 0, buffer.length, null, (error, length) => {
      if (error === null) resolve(length);
      else reject(error);
    });
  });
}

/**
 * Opens and reads a file once somebody asks for its first piece.
 *
 * @throws {StorageError} `file-changed` if it is another than was looked at, or grows; or what the file
 * system said.
 */
export async function* readPieces(
  at: string,
  before: Deno.FileInfo,
): AsyncGenerator<Bytes, void, undefined> {
  try {
    yield* unchangedPieces(at, before);
  } catch (error) {
    throw storageError(error, `read ${JSON.stringify(at)}`);
  }
}
