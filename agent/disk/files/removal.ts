/**
 * Removing what should not be there, and nothing else: no link is followed, no mount is entered, and
 * nothing of the agent's own is touched.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import { dirname, errnoOf, join, storageError } from "../../../protocol/host/mod.ts";
import {
  checkEntry,
  type DiskPlace,
  fileError,
  folderError,
  generationOf,
  lookAt,
  walkToFolder,
  type WayRules,
} from "../paths/mod.ts";
import { stageName } from "./stage_name.ts";

/** Something that is to be removed. */
export interface Removal {
  /** Where it is. */
  readonly place: DiskPlace;
  /**
   * A whole tree whatever is in it, a file alone, or a folder if nothing is in it.
   */
  readonly extent: "tree" | "file" | "folder";
}

/**
 * Removes something; what is gone already is no failure.
 *
 * @returns The folder in which something was removed, or `null`.
 * @throws {StorageError} `file-mounted`, `file-changed` where it is no longer what was to be removed,
 * or what the file system said. Of a tree a part may be gone.
 */
export async function remove(
  { place, extent }: Removal,
  rules: WayRules,
): Promise<string | null> {
  const folder = walkToFolder(place, rules);
  if (folder === null) return null;
  const target = join(folder, place.target.slice(place.folder.length));
  const info = lookAt(target);
  if (info === null) return null;
  try {
    if (extent === "tree") await removeTree(target, { info, rules });
    else await removeOne(target, { info, extent });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw removalError(error, target);
  }
  return folder;
}

async function removeOne(
  target: string,
  { info, extent }: { readonly info: Deno.FileInfo; readonly extent: "file" | "folder" },
): Promise<void> {
  if (extent === "file" && !info.isFile) throw fileError(target, info);
  if (extent === "folder" && !info.isDirectory) throw folderError(target, info);
  await Deno.remove(target);
}

/**
 * Removes whatever is at a path, with all that is in it.
 *
 * @throws {StorageError} `file-mounted`, `path-refused`, or what the file system said, as it said it.
 */
export async function removeTree(
  target: string,
  { info, rules }: { readonly info: Deno.FileInfo; readonly rules: WayRules },
): Promise<void> {
  if (info.isDirectory) {
    await checkTree(target, { info, rules });
    return await removeFolder(target);
  }
  const generation = info.isSymlink ? generationOf(target) : null;
  await Deno.remove(target);
  const behind = generation === null ? null : lookAt(generation);
  if (generation === null || behind?.isDirectory !== true) return;
  await removeTree(generation, { info: behind, rules });
}

/** It is gone at once under its own name; and what is a mount does not let itself be renamed. */
async function removeFolder(target: string): Promise<void> {
  const aside = join(dirname(target), stageName());
  await Deno.rename(target, aside);
  try {
    await Deno.remove(aside, { recursive: true });
  } catch (error) {
    // What is left is to be seen, and tried again.
    await Deno.rename(aside, target).catch(() => {});
    throw error;
  }
}

/** Looks through a whole tree before anything of it is removed. */
async function checkTree(
  folder: string,
  { info, rules }: { readonly info: Deno.FileInfo; readonly rules: WayRules },
): Promise<void> {
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = lookAt(next);
    if (found?.isDirectory !== true) continue;
    checkEntry(next, { info: found, rules });
    if (found.dev !== info.dev) throw mountError(next);
    for await (const { name, isDirectory } of Deno.readDir(next)) {
      if (isDirectory) waiting.push(join(next, name));
    }
  }
}

/** Makes the error for a mount that cannot be removed or replaced. */
export function mountError(target: string, cause?: unknown): StorageError {
  return new StorageError("file-mounted", `${JSON.stringify(target)} is a mount of its own`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Mount its folder instead, or have the keeper declare in_place for the file.",
  });
}

function removalError(error: unknown, target: string): unknown {
  const errno = errnoOf(error);
  if (errno === "EBUSY") return mountError(target, error);
  if (errno === "ENOTEMPTY" || errno === "EEXIST") {
    const message = `cannot remove ${JSON.stringify(target)}: something was put into it`;
    return new StorageError("file-changed", message, { cause: error });
  }
  return storageError(error, `remove ${JSON.stringify(target)}`);
}
