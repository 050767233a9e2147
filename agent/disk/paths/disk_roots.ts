/**
 * The folders below which an agent works, opened once for whatever looks below them.
 *
 * @module
 */
import { storageError } from "../../../protocol/host/mod.ts";
import {
  type DiskRoot,
  EVERY_SET,
  inodeKey,
  openAbsoluteRoot,
  openWorkingRoot,
  type WayRules,
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
  /** What they may lead through: not through a folder of the agent's own. */
  readonly rules: WayRules;
  /** The real path of the agent's folder of state, or `null`. */
  readonly ownFolder: string | null;
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
    const ownFolder = stateFolder === null ? null : await Deno.realPath(stateFolder);
    const inode = ownFolder === null ? null : inodeKey(await Deno.stat(ownFolder));
    const inodes = new Set(inode === null ? [] : [inode]);
    return { roots, rules: { inodes, sets: EVERY_SET }, ownFolder };
  } catch (error) {
    throw storageError(error, `use ${JSON.stringify(workingFolder)}`);
  }
}
