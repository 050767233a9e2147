/**
 * Small files of a vault on this machine, read and hashed in one go: to wait for each step of it would
 * take longer than all of them.
 *
 * @module
 */
import { type Bytes, StorageError } from "../../protocol/mod.ts";
import { errnoOf, type FileStamp, isSameStamp } from "../../protocol/host/mod.ts";
import { READ_BUFFER_BYTES } from "../limits.ts";

/** Up to which size a file is small, in bytes. */
export const MAX_SMALL_FILE_BYTES = READ_BUFFER_BYTES;

/** Reads small files. */
export interface SmallFiles {
  /**
   * Reads a file.
   *
   * @returns Memory of its own.
   * @throws {StorageError} `file-changed` if it is not as its stamp says to the end; and what the
   * system said, as it said it.
   */
  read(path: string, stamp: FileStamp): Bytes;
  /**
   * Hashes a file.
   *
   * @returns Its SHA-256; 32 bytes.
   * @throws {StorageError} as {@linkcode SmallFiles.read}.
   */
  hash(path: string, stamp: FileStamp): Bytes;
}

/** Reads all of a file that was found in a state into a buffer of the length of that state. */
type ReadAll = (path: string, options: { stamp: FileStamp; into: Bytes }) => void;

/** What the system says of links, folders, sockets and pipes, and of no regular file. */
const OF_OTHER_KINDS: ReadonlySet<string> = new Set(["ELOOP", "EISDIR", "ENXIO", "EAGAIN"]);

let loading: Promise<SmallFiles> | null = null;

/** Loads what it takes, with its first use. */
export function smallFiles(): Promise<SmallFiles> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SmallFiles> {
  const { createHash } = await import("node:crypto");
  const readAll = Deno.build.os === "windows" ? readByHandle : await readByNumber();
  const buffer = new Uint8Array(MAX_SMALL_FILE_BYTES);
  return {
    read(path, stamp) {
      const into = new Uint8Array(stamp.size);
      readAll(path, { stamp, into });
      return into;
    },
    hash(path, stamp) {
      const into = buffer.subarray(0, stamp.size);
      readAll(path, { stamp, into });
      return new Uint8Array(createHash("sha256").update(into).digest());
    },
  };
}

/**
 * By its number an open file is told apart in two thirds of the time. A pipe that took the place of the
 * file is not waited for; the look after the reading tells of all that came between.
 */
async function readByNumber(): Promise<ReadAll> {
  const { closeSync, constants, fstatSync, openSync, readSync } = await import("node:fs");
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const read = (path: string, { stamp, into }: Parameters<ReadAll>[1]) => {
    const number = openSync(path, flags);
    try {
      fill(path, { into, read: (rest) => readSync(number, rest) });
      if (!isSameStamp(fstatSync(number), stamp)) throw changed(path);
    } finally {
      closeSync(number);
    }
  };
  return (path, options) => {
    try {
      read(path, options);
    } catch (error) {
      throw OF_OTHER_KINDS.has(errnoOf(error) ?? "") ? changed(path) : error;
    }
  };
}

/** To open a pipe would wait for ever here, so that a file is looked at before. */
function readByHandle(path: string, { stamp, into }: Parameters<ReadAll>[1]): void {
  if (!isSameStamp(Deno.lstatSync(path), stamp)) throw changed(path);
  using file = Deno.openSync(path, { read: true });
  fill(path, { into, read: (rest) => file.readSync(rest) ?? 0 });
  if (!isSameStamp(file.statSync(), stamp)) throw changed(path);
}

function fill(
  path: string,
  { into, read }: { readonly into: Bytes; readonly read: (rest: Bytes) => number },
): void {
  for (let length = 0; length < into.length;) {
    const more = read(length === 0 ? into : into.subarray(length));
    if (more === 0) throw changed(path);
    length += more;
  }
}

/** Makes the error for a file that is not what it was when it was found. */
export function changed(path: string): StorageError {
  return new StorageError("file-changed", `${JSON.stringify(path)} changed while it was read`);
}
