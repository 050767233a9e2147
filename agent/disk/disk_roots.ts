/**
 * The folders below which an agent works, opened once for whatever looks below them.
 *
 * @module
 */
import { storageError } from "../../protocol/host/mod.ts";
import {
  type DiskRoot,
  type Forbidden,
  inodeKey,
  openAbsoluteRoot,
  openWorkingRoot,
} from "./disk_path.ts";

/** Which folders they are; as those of a `DiskSecretStore`. */
export interface DiskRootsOptions {
  /** The working folder, for relative paths; must be there. */
  readonly workingFolder: string;
  /** The agent's folder of state, which no path may lead into, or `null` where there is none. */
  readonly stateFolder: string | null;
  /** Folders below which absolute paths may lead; they are made if missing. */
  readonly absoluteFolders: readonly string[];
}

/** The folders, opened. */
export interface DiskRoots {
  /** Below which paths may lead. */
  readonly roots: readonly DiskRoot[];
  /** Where none may lead. */
  readonly forbidden: Forbidden;
}

/**
 * Opens the folders.
 *
 * @throws {StorageError} if one cannot be used.
 */
export async function openDiskRoots(options: DiskRootsOptions): Promise<DiskRoots> {
  const { workingFolder, stateFolder, absoluteFolders } = options;
  try {
    const roots = [await openWorkingRoot(workingFolder)];
    for (const folder of absoluteFolders) roots.push(await openAbsoluteRoot(folder));
    const inode = stateFolder === null ? null : inodeKey(await Deno.stat(stateFolder));
    return { roots, forbidden: { inodes: new Set(inode === null ? [] : [inode]) } };
  } catch (error) {
    throw storageError(error, `use ${JSON.stringify(workingFolder)}`);
  }
}
