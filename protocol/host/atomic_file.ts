/**
 * Small files of state that are either the old ones or the new ones, whatever happens meanwhile.
 *
 * @module
 */
import { type Bytes, encodeHex, randomBytes } from "../bytes.ts";
import { StorageError } from "../errors.ts";
import { dirname, join } from "./file_path.ts";
import { errnoOf, storageError } from "./storage_error.ts";

/** The end of the name of every temporary file, so that a sweep can tell one from a user's file. */
export const TEMPORARY_SUFFIX = ".fluxvault-tmp";

/** The permission bits that a file of state gets: its owner alone. */
export const PRIVATE_FILE_MODE = 0o600;

/** The options of {@linkcode writeFileAtomically}. */
export interface AtomicFileOptions {
  /**
   * The permission bits of the file, set before anything is in it; Windows has none.
   *
   * @default 0o600
   */
  readonly mode?: number;
}

/**
 * Puts a file in place so that a reader sees all of the old one or all of the new one.
 *
 * The content is synced before the rename and the folder after it, so a crash does not undo what was
 * reported as written. A symbolic link at `path` is replaced, not followed. On failure the temporary
 * file is removed and what was there is untouched.
 *
 * @throws {StorageError} with the code of what the file system said.
 */
export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array,
  options: AtomicFileOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName());
  try {
    await writeNewFile(temporary, bytes, options);
    await Deno.rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await removeQuietly(temporary);
    throw storageError(error, `write ${JSON.stringify(path)}`);
  }
}

/** Makes a hidden name that no other writer uses, short enough for any file system. */
export function temporaryName(): string {
  return `.${encodeHex(randomBytes(8))}${TEMPORARY_SUFFIX}`;
}

const TEMPORARY_NAME = /^\.[0-9a-f]{16}\.fluxvault-tmp$/;

/**
 * Removes the temporary files of writes that a killed process did not come to the end of; not those in
 * folders below. What cannot be read or removed is left alone: never throws.
 *
 * @param beforeMs The Unix time in milliseconds before which a file was written to that goes; by default
 * all go, as is right where no other process writes to the folder.
 * @returns How many were removed.
 */
export function removeTemporaries(folder: string, beforeMs: number = Infinity): number {
  let removed = 0;
  try {
    for (const { name, isFile } of [...Deno.readDirSync(folder)]) {
      if (!isFile || !TEMPORARY_NAME.test(name)) continue;
      if (removeOlder(join(folder, name), beforeMs)) removed++;
    }
  } catch {
    // There is no such folder yet, or it cannot be listed.
  }
  return removed;
}

function removeOlder(path: string, beforeMs: number): boolean {
  try {
    const writtenMs = Deno.lstatSync(path).mtime?.getTime() ?? Infinity;
    if (beforeMs !== Infinity && writtenMs >= beforeMs) return false;
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}

async function writeNewFile(
  path: string,
  bytes: Uint8Array,
  { mode = PRIVATE_FILE_MODE }: AtomicFileOptions,
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: PRIVATE_FILE_MODE });
  // The mode given to open() is cut by the umask.
  if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
  for (let offset = 0; offset < bytes.length;) {
    offset += await file.write(bytes.subarray(offset));
  }
  await file.sync();
}

/**
 * Makes the renames in a folder outlast a crash; does nothing where the system has no such call.
 *
 * @throws what the file system said.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder);
  try {
    await handle.sync();
  } catch (error) {
    // Some network and overlay file systems know no sync of a folder.
    if (!["EINVAL", "ENOTSUP", "EBADF"].includes(errnoOf(error) ?? "")) throw error;
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // Never made, or already renamed: the first failure is the one to report.
  }
}

/** The options of {@linkcode readOptionalFile}. */
export interface OptionalFileOptions {
  /**
   * The size in bytes from which on the file is refused, so that a mistaken path fills no memory.
   *
   * @default 16 MiB
   */
  readonly maxBytes?: number;
}

const MAX_STATE_FILE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a whole file.
 *
 * @returns The bytes, or `null` where there is no such file.
 * @throws {StorageError} if it is there and cannot be read, is not a regular file, or is too large.
 */
export async function readOptionalFile(
  path: string,
  options: OptionalFileOptions = {},
): Promise<Bytes | null> {
  const maxBytes = options.maxBytes ?? MAX_STATE_FILE_BYTES;
  const quoted = JSON.stringify(path);
  try {
    const info = await Deno.stat(path);
    if (!info.isFile) {
      throw new StorageError("not-a-file", `cannot read ${quoted}: it is not a regular file`);
    }
    if (info.size > maxBytes) {
      throw new StorageError("io-failed", `cannot read ${quoted}: it has over ${maxBytes} bytes`);
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw storageError(error, `read ${quoted}`);
  }
}
