/**
 * Making the names in many folders outlast a crash.
 *
 * @module
 */
import { storageError, syncFolder } from "../../protocol/host/mod.ts";

/** How many folders are synced at a time: each is an open file. */
const FOLDERS_SYNCED_AT_ONCE = 16;

/**
 * Syncs folders, and takes out of the set each that was.
 *
 * @throws {StorageError} with what the system said.
 */
export async function syncFolders(folders: Set<string>): Promise<void> {
  const waiting = folders.values();
  await Promise.all(Array.from({ length: FOLDERS_SYNCED_AT_ONCE }, async () => {
    for (const folder of waiting) {
      await syncOne(folder);
      folders.delete(folder);
    }
  }));
}

async function syncOne(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    // A folder that is gone has nothing in it that could be lost.
    if (error instanceof Deno.errors.NotFound) return;
    throw storageError(error, `sync the folder ${JSON.stringify(folder)}`);
  }
}
