/**
 * Making the names in folders of secret files outlast a crash.
 *
 * Whoever else may write there can have put anything in the place of such a folder.
 *
 * @module
 */
import { errnoOf, storageError } from "../../../protocol/host/mod.ts";
import { type NodeFs, nodeFs } from "./node_fs.ts";

/** How many folders are synced at a time: each is an open file. */
const FOLDERS_SYNCED_AT_ONCE = 16;

/**
 * What says that there is nothing to sync: the folder is gone, or something else is in its place, it may
 * be written to and not read, or its file system knows no sync of a folder.
 */
const NOTHING_TO_SYNC: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "EACCES",
  "EINVAL",
  "ENOTSUP",
  "EBADF",
]);

/**
 * Syncs folders, and takes out of the set each that was.
 *
 * @throws {StorageError} with what the system said, once all others are synced.
 */
export async function syncFolders(folders: Set<string>): Promise<void> {
  const waiting = folders.values();
  const failures: unknown[] = [];
  await Promise.all(Array.from({ length: FOLDERS_SYNCED_AT_ONCE }, async () => {
    for (const folder of waiting) {
      try {
        await syncFolder(folder);
        folders.delete(folder);
      } catch (error) {
        failures.push(error);
      }
    }
  }));
  if (failures.length > 0) throw failures[0];
}

/**
 * Syncs a folder; does nothing where the system has no such call.
 *
 * @throws {StorageError} with what the system said.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const fs = await nodeFs();
  const { O_RDONLY, O_NONBLOCK, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  let descriptor: number | null = null;
  try {
    // A pipe in its place would otherwise make everything wait for ever.
    descriptor = fs.openSync(folder, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_NOFOLLOW);
    await sync(descriptor, fs);
  } catch (error) {
    if (NOTHING_TO_SYNC.has(errnoOf(error) ?? "")) return;
    throw storageError(error, `sync the folder ${JSON.stringify(folder)}`);
  } finally {
    if (descriptor !== null) fs.closeSync(descriptor);
  }
}

function sync(descriptor: number, fs: NodeFs): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(descriptor, (error) => error === null ? resolve() : reject(error));
  });
}
