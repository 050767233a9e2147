/**
 * Folders that are made, and owners and modes that are set, outside of sets.
 *
 * @module
 */
import { type FileEntry, type FolderEntry, StorageError } from "../../protocol/mod.ts";
import { dirname, errnoOf, join, storageError } from "../../protocol/host/mod.ts";
import {
  type DiskPlace,
  folderError,
  lookAt,
  walkTo,
  walkToFolder,
  type WayRules,
} from "./paths/mod.ts";
import { type DeviceTraits, setOwnership, stageName } from "./files/mod.ts";
import { copyEntry } from "./sets/mod.ts";

/** What is done, and with what. */
export interface LocalWork<Entry> {
  /** What is declared. */
  readonly entry: Entry;
  /** What may be on the way. */
  readonly rules: WayRules;
  /** What devices keep of owners and modes. */
  readonly traits: DeviceTraits;
}

/**
 * Makes a folder whose own folder is there. It has its owner and mode before it has its name.
 *
 * @throws {StorageError}
 */
export async function makeFolder(
  place: DiskPlace,
  { entry, rules, traits }: LocalWork<FolderEntry>,
): Promise<void> {
  const { target } = place;
  if (lookAt(target) !== null) return await changeFolder(place, { entry, rules, traits });
  const staged = join(dirname(target), stageName());
  try {
    await Deno.mkdir(staged, { mode: 0o700 });
    try {
      const before = lookAt(staged);
      if (before === null) throw new StorageError("file-missing", "a new folder vanished");
      const after = await setOwnership(staged, { before, wanted: entry });
      traits.learn(after, entry, { isNew: true });
      await Deno.rename(staged, target);
    } catch (error) {
      await Deno.remove(staged).catch(() => {});
      // A file that belongs into it was faster.
      if (!["ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
      await changeFolder(place, { entry, rules, traits });
    }
  } catch (error) {
    throw storageError(error, `make the folder ${JSON.stringify(target)}`);
  }
}

/**
 * Sets owner and mode of a folder.
 *
 * @throws {StorageError}
 */
export async function changeFolder(
  place: DiskPlace,
  { entry, rules, traits }: LocalWork<FolderEntry>,
): Promise<void> {
  const folder = walkToFolder(place, rules);
  const before = folder === null ? null : lookAt(place.target);
  if (before === null) throw vanished(place);
  if (!before.isDirectory) throw folderError(place.target, before);
  if (entry.strategy === "ENSURE_CREATED" || !traits.differs(before, entry)) return;
  const after = await setOwnership(place.target, { before, wanted: entry });
  traits.learn(after, entry, { isNew: false });
}

/**
 * Sets owner and mode of a file.
 *
 * A file with several names gets a copy in its place, since the others may be somebody else's; so does
 * one that belongs to somebody else, whom alone the system lets change it.
 *
 * @returns The folder of the file.
 * @throws {StorageError}
 */
export async function changeFile(
  place: DiskPlace,
  { entry, rules, traits }: LocalWork<FileEntry>,
): Promise<string> {
  const { folder, target, info } = walkTo(place, rules);
  if (folder === null || info === null) throw vanished(place);
  const copy = () => copyEntry({ at: target, info }, { to: target, ownership: entry });
  if ((info.nlink ?? 1) > 1) {
    await copy();
    return folder;
  }
  try {
    const after = await setOwnership(target, { before: info, wanted: entry });
    traits.learn(after, entry, { isNew: false });
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== "permission-denied") throw error;
    await copy();
  }
  return folder;
}

function vanished({ target }: DiskPlace): StorageError {
  return new StorageError("file-changed", `${JSON.stringify(target)} vanished`);
}
