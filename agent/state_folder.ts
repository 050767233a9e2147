/**
 * The folder in which an agent keeps what it must know after a restart.
 *
 * @module
 */
import { StorageError } from "../protocol/mod.ts";
import {
  isAbsolute,
  lockFolder,
  relative,
  removeTemporaries,
  resolve,
  type StateLock,
  storageError,
} from "../protocol/host/mod.ts";

/** A folder of state, locked against a second agent if it can be written. */
export interface StateFolder extends Disposable {
  /** Its real path, or `null` where there is no such folder and none can be made. */
  readonly path: string | null;
  /** Why nothing can be written to it, or `null` where it can. */
  readonly problem: StorageError | null;
}

/** What says that a folder cannot be written, and not that something is wrong with what is there. */
const UNWRITABLE = new Set(["permission-denied", "read-only", "disk-full", "file-missing"]);

/**
 * Opens the folder of state, and makes it (0700) where it is missing; what an agent that was killed had
 * half-written there is removed.
 *
 * A folder that cannot be written is no failure: the agent then keeps everything in memory.
 *
 * @throws {StorageError} `locked` if another agent has it; else what keeps it from being a folder.
 *
 * @example
 * ```ts
 * import { loadIdentity, openStateFolder } from "@fluxvault/fluxvault/agent";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   using state = await openStateFolder(`${folder}/state`);
 *   const { fingerprint } = await loadIdentity(state.path);
 *   console.assert(fingerprint.startsWith("SHA256:"));
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openStateFolder(folder: string): Promise<StateFolder> {
  let path: string | null = null;
  let lock: StateLock | null = null;
  let problem: StorageError | null = null;
  try {
    await makeFolder(folder);
    path = await Deno.realPath(folder);
    lock = await lockFolder(path);
    // Nobody else writes here now: what is half-written is from an agent that was killed.
    removeTemporaries(path);
  } catch (cause) {
    const error = storageError(cause, `use the state folder ${JSON.stringify(folder)}`);
    if (!(error instanceof StorageError) || !UNWRITABLE.has(error.code)) throw error;
    problem = error;
  }
  return {
    path,
    problem,
    [Symbol.dispose](): void {
      lock?.release();
    },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // A folder that is there already counts even where none could be made.
    const info = await Deno.stat(folder).catch(() => null);
    if (info?.isDirectory !== true) throw error;
  }
}

/** Tells whether a path is below a folder, or the folder itself, by its text. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === "" || !(way === ".." || way.startsWith("../") || isAbsolute(way));
}
