/**
 * A file of a vault on this machine: how it is told from what takes its place, hashed and read.
 *
 * @module
 */
import {
  type Bytes,
  equalBytes,
  type ResumePoint,
  type SecretContent,
} from "../../protocol/mod.ts";
import {
  createNodeHasher,
  type FileStamp,
  isSameStamp,
  storageError,
} from "../../protocol/host/mod.ts";
import { READ_BUFFER_BYTES } from "../limits.ts";
import type { FileLooks } from "./file_looks.ts";
import { changed, MAX_SMALL_FILE_BYTES, type SmallFiles, smallFiles } from "./small_files.ts";
import type { VaultFile } from "./vault.ts";

/** A file that was found, and what it held. */
export interface DiskFile extends VaultFile {
  /** Where it is, with no symbolic link in the place of the file itself. */
  readonly path: string;
  /** Its state when it was hashed. */
  readonly stamp: FileStamp;
  /** Its digest as bytes. */
  readonly sha256: Bytes;
}

/** What reading a file takes. */
interface OpenedFile {
  readonly path: string;
  readonly stamp: FileStamp;
  readonly offset?: number;
}

/** The options of {@linkcode hashFile}. */
export interface HashFileOptions {
  /** The state that it was found in. */
  readonly stamp: FileStamp;
  /** Lets others have their turn. */
  readonly looks: FileLooks;
  /** Ends the work; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hashes a small file at once, where the system answers at once: to wait for it in turn costs ten times
 * as much.
 *
 * @returns Its SHA-256; 32 bytes; `null` where it has to be waited for.
 * @throws {StorageError} as {@linkcode hashFile} rejects.
 */
export function hashSmallFile(
  path: string,
  { stamp, looks, small }: HashFileOptions & { readonly small: SmallFiles },
): Bytes | null {
  if (stamp.size > MAX_SMALL_FILE_BYTES || !looks.isQuick) return null;
  try {
    return looks.workNow(() => small.hash(path, stamp));
  } catch (error) {
    throw storageError(error, `read ${quote(path)}`);
  }
}

/**
 * Hashes a file.
 *
 * @returns Its SHA-256; 32 bytes.
 * @throws {StorageError} if it cannot be read, or is not as its stamp says to the end; the signal's
 * reason.
 */
export async function hashFile(
  path: string,
  { stamp, looks, signal }: HashFileOptions,
): Promise<Bytes> {
  try {
    if (looks.isTired) await looks.rest();
    signal?.throwIfAborted();
    using file = await openUnchanged(path, stamp);
    const hasher = await createNodeHasher();
    for await (const piece of readPieces(file, { path, stamp })) {
      signal?.throwIfAborted();
      hasher.update(piece);
    }
    return hasher.digest();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw storageError(error, `read ${quote(path)}`);
  }
}

/** The options of {@linkcode openFile}. */
export interface OpenFileOptions {
  /** From where the agent wants it. */
  readonly from: ResumePoint;
  /** Tells whether a small file is read at once. */
  readonly looks: FileLooks;
}

/**
 * Opens a file that was hashed, from where an agent wants it.
 *
 * @returns Its contents, or `null` where it is another one now.
 * @throws {StorageError} if it cannot be read.
 */
export async function openFile(
  { path, stamp }: DiskFile,
  { from, looks }: OpenFileOptions,
): Promise<SecretContent | null> {
  try {
    // What fits one piece is read now: to open a file costs more than to read it.
    const isSmall = from.prefix === null && stamp.size <= MAX_SMALL_FILE_BYTES;
    if (isSmall && looks.isQuick) {
      const small = await smallFiles();
      while (looks.isTired) await looks.rest();
      const bytes = looks.workNow(() => small.read(path, stamp));
      return { offset: 0, chunks: yieldAll(bytes.length === 0 ? [] : [bytes]) };
    }
    using file = await openUnchanged(path, stamp);
    const offset = await hasPrefix(file, { path, stamp, from }) ? from.offset : 0;
    const opened = { path, stamp, offset };
    return { offset, chunks: isSmall ? await readNow(file, opened) : contentsOf(opened) };
  } catch (error) {
    const refusal = storageError(error, `read ${quote(path)}`);
    if (refusal.code === "file-changed" || refusal.code === "file-missing") return null;
    throw refusal;
  }
}

/**
 * Yields what is left of a file; each piece is used up before the next is read.
 *
 * It opens the file itself, so that contents which nobody comes to read hold nothing open.
 */
async function* contentsOf(opened: OpenedFile): AsyncGenerator<Uint8Array> {
  const { path, stamp, offset = 0 } = opened;
  try {
    using file = await openUnchanged(path, stamp);
    if (offset > 0) await file.seek(offset, Deno.SeekMode.Start);
    yield* readPieces(file, opened);
  } catch (error) {
    throw storageError(error, `read ${quote(path)}`);
  }
}

/** Reads a small file to its end and returns what will yield it. */
async function readNow(
  file: Deno.FsFile,
  opened: OpenedFile,
): Promise<AsyncGenerator<Uint8Array>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readPieces(file, opened)) pieces.push(piece.slice());
  return yieldAll(pieces);
}

async function* yieldAll(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** Reads a file from where it stands to its end, through one buffer, and checks that it lasted. */
async function* readPieces(
  file: Deno.FsFile,
  opened: OpenedFile,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { path, stamp, offset = 0 } = opened;
  let left = stamp.size - offset;
  const buffer = new Uint8Array(Math.min(left, READ_BUFFER_BYTES));
  while (left > 0) {
    const length = await file.read(left < buffer.length ? buffer.subarray(0, left) : buffer);
    if (length === null) throw changed(path);
    left -= length;
    // The check comes before the last piece, which alone makes the file whole at the other end.
    if (left === 0 && !isSameStamp(file.statSync(), stamp)) throw changed(path);
    yield buffer.subarray(0, length);
  }
}

async function hasPrefix(
  file: Deno.FsFile,
  { path, stamp, from }: OpenedFile & { readonly from: ResumePoint },
): Promise<boolean> {
  if (from.prefix === null || from.offset === 0 || from.offset > stamp.size) return false;
  const hasher = await createNodeHasher();
  const buffer: Bytes = new Uint8Array(Math.min(from.offset, READ_BUFFER_BYTES));
  for (let left = from.offset; left > 0;) {
    const length = await file.read(left < buffer.length ? buffer.subarray(0, left) : buffer);
    if (length === null) throw changed(path);
    hasher.update(buffer.subarray(0, length));
    left -= length;
  }
  return equalBytes(hasher.digest(), from.prefix);
}

/**
 * Opens a file that was looked at before; one that took its place meanwhile is a change.
 *
 * What an open file is like the system knows by heart: to ask for it at once is ten times as cheap.
 */
async function openUnchanged(path: string, stamp: FileStamp): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true });
  try {
    if (isSameStamp(file.statSync(), stamp)) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  throw changed(path);
}

function quote(path: string): string {
  return JSON.stringify(path);
}
