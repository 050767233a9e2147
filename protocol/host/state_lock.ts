/**
 * One process at a time in a folder of state.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from "../bytes.ts";
import { StorageError } from "../errors.ts";
import { PRIVATE_FILE_MODE } from "./atomic_file.ts";
import { join } from "./file_path.ts";
import { storageError } from "./storage_error.ts";

/** The name of the file in a folder of state that carries its lock; it stays when unlocked. */
export const LOCK_FILE_NAME = ".lock";

const RETRY_MS = 50;

/** A lock that is held; the operating system frees it too when the process dies. */
export interface StateLock extends Disposable {
  /** The file that carries the lock. */
  readonly path: string;
  /** Frees the lock; further calls do nothing. */
  release(): void;
}

/** The options of {@linkcode lockFile} and {@linkcode lockFolder}. */
export interface StateLockOptions {
  /**
   * How long to wait for another holder in milliseconds; 0 asks once.
   *
   * @default 0
   */
  readonly waitMs?: number;
  /** Ends the wait; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * Takes the exclusive lock of a folder that exists, by a file `.lock` in it.
 *
 * @throws {StorageError} `locked` if another holder has it.
 */
export function lockFolder(folder: string, options: StateLockOptions = {}): Promise<StateLock> {
  return lockFile(join(folder, LOCK_FILE_NAME), options);
}

/**
 * Takes the exclusive lock that a file carries, and makes the file (0600) where it is missing.
 *
 * The lock is advisory (`flock`): it keeps out those who ask for it. Never lock a file that is
 * replaced by rename, since the lock stays with the old one; lock one beside it.
 *
 * @throws {StorageError} `locked` if another holder has it, else what the file system said.
 */
export async function lockFile(path: string, options: StateLockOptions = {}): Promise<StateLock> {
  options.signal?.throwIfAborted();
  const file = await openLockFile(path);
  try {
    const deadline = performance.now() + (options.waitMs ?? 0);
    while (!await file.tryLock(true)) {
      if (performance.now() >= deadline) throw lockedError(path, await readHolder(path));
      await pause(options.signal);
    }
    await noteHolder(file);
  } catch (error) {
    file.close();
    if (options.signal?.aborted && error === options.signal.reason) throw error;
    throw storageError(error, `lock ${JSON.stringify(path)}`);
  }
  return new FileLock(path, file);
}

async function openLockFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { write: true, create: true, mode: PRIVATE_FILE_MODE });
  } catch (error) {
    throw storageError(error, `lock ${JSON.stringify(path)}`);
  }
}

function lockedError(path: string, holder: string | null): StorageError {
  const who = holder === null ? "another process" : `process ${holder}`;
  return new StorageError("locked", `cannot lock ${JSON.stringify(path)}: ${who} holds it`, {
    hint: "Stop the other program, or give this one a state folder of its own.",
  });
}

async function noteHolder(file: Deno.FsFile): Promise<void> {
  await file.truncate(0);
  await file.write(encodeUtf8(`${Deno.pid}\n`));
}

/** Returns the process id that the holder noted, which helps only where the lock is refused. */
async function readHolder(path: string): Promise<string | null> {
  try {
    return decodeUtf8(await Deno.readFile(path)).match(/^([1-9]\d{0,9})\n$/)?.[1] ?? null;
  } catch {
    return null;
  }
}

function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(done, RETRY_MS);
    signal?.addEventListener("abort", aborted, { once: true });
    function done(): void {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }
    function aborted(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
  });
}

class FileLock implements StateLock {
  readonly path: string;
  #file: Deno.FsFile | null;

  constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  release(): void {
    // Closing the only handle frees the lock.
    this.#file?.close();
    this.#file = null;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
