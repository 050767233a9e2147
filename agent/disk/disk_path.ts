/**
 * Where on the disk a secret file belongs, and whether anything on the way there forbids it.
 *
 * A path is followed one component at a time, and nothing but real folders may lie on the way: no
 * symbolic link, at the target neither. This is what stops `../etc/passwd`.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { findPathFault, StorageError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";

/** A folder below which files may be put. */
export interface DiskRoot {
  /** Its real path, with no symbolic link in it. */
  readonly folder: string;
  /** What a path on the wire begins with to lead here: nothing, or an absolute prefix and `/`. */
  readonly prefix: string;
}

/** Where a secret file belongs. */
export interface DiskPlace {
  /** The real folder that everything below must stay in. */
  readonly root: string;
  /** The folders below the root, outermost first. */
  readonly folders: readonly string[];
  /** The folder of the file. */
  readonly folder: string;
  /** The file. */
  readonly target: string;
}

/** A file or folder by what the file system itself tells them apart. */
export type InodeKey = string;

/** Returns the inode of a file, or `null` on systems that have none. */
export function inodeKey(info: Deno.FileInfo): InodeKey | null {
  return info.ino === null ? null : `${info.dev}:${info.ino}`;
}

/** Makes the root for relative paths; the folder must be there. */
export async function openWorkingRoot(folder: string): Promise<DiskRoot> {
  return { folder: await Deno.realPath(folder), prefix: "" };
}

/** Makes a root for absolute paths; the folder, which the operator named, is made if missing. */
export async function openAbsoluteRoot(folder: string): Promise<DiskRoot> {
  const named = resolve(folder);
  try {
    await Deno.mkdir(named, { recursive: true, mode: 0o700 });
    const prefix = named.endsWith("/") ? named : `${named}/`;
    return { folder: await Deno.realPath(named), prefix };
  } catch (error) {
    throw storageError(error, `use ${JSON.stringify(named)} for absolute paths`);
  }
}

/** Makes the error for a path that is not accepted. */
export function refusePath(path: string, reason: string): StorageError {
  return new StorageError("path-refused", `the path ${JSON.stringify(path)} ${reason}`);
}

/**
 * Finds where a path leads by its text alone.
 *
 * @throws {StorageError} `path-refused`.
 */
export function placeOf(path: string, roots: readonly DiskRoot[]): DiskPlace {
  const fault = findPathFault(path);
  if (fault !== null) throw refusePath(path, fault);
  const isAbsolute = path.startsWith("/");
  let root: DiskRoot | undefined;
  for (const candidate of roots) {
    const fits = isAbsolute
      ? candidate.prefix !== "" && path.startsWith(candidate.prefix)
      : candidate.prefix === "";
    // Of several that fit the longest is the nearest.
    if (fits && candidate.prefix.length >= (root?.prefix.length ?? 0)) root = candidate;
  }
  if (root === undefined) {
    throw refusePath(path, "is absolute and below no folder that --allow-absolute names");
  }
  const segments = path.slice(root.prefix.length).split("/");
  const folders: string[] = [];
  let folder = root.folder;
  for (const segment of segments.slice(0, -1)) {
    folder = join(folder, segment);
    folders.push(folder);
  }
  return { root: root.folder, folders, folder, target: join(folder, segments.at(-1) ?? "") };
}

/** What may not be on the way, nor at the target. */
export interface Forbidden {
  /** The folders that no path may enter, by inode. */
  readonly inodes: ReadonlySet<InodeKey>;
}

/**
 * Follows the way to a place and looks at what is there.
 *
 * @returns What is at the target, a regular file, or `null` where nothing is.
 * @throws {StorageError} `symlink-refused`, `not-a-file`, `path-refused`, or what the file system said.
 */
export async function walkTo(
  place: DiskPlace,
  forbidden: Forbidden,
): Promise<Deno.FileInfo | null> {
  for (const folder of [place.root, ...place.folders]) {
    const info = await lookAt(folder);
    if (info === null) return null;
    checkFolder(folder, { info, forbidden });
  }
  const info = await lookAt(place.target);
  if (info === null) return null;
  const quoted = JSON.stringify(place.target);
  if (info.isSymlink) throw linkError(place.target);
  if (!info.isFile) {
    const what = info.isDirectory ? "a folder" : "no regular file";
    throw new StorageError("not-a-file", `cannot use ${quoted}: it is ${what}`);
  }
  return info;
}

/**
 * Makes the folders on the way that are missing, for their owner alone.
 *
 * @returns The folders in which one was made.
 * @throws {StorageError} as {@linkcode walkTo} does.
 */
export async function makeFolders(place: DiskPlace, forbidden: Forbidden): Promise<string[]> {
  const changed: string[] = [];
  let parent = place.root;
  for (const folder of place.folders) {
    if (await makeFolder(folder)) changed.push(parent);
    const info = await lookAt(folder);
    if (info === null) throw new StorageError("file-missing", `${JSON.stringify(folder)} vanished`);
    checkFolder(folder, { info, forbidden });
    parent = folder;
  }
  return changed;
}

async function makeFolder(folder: string): Promise<boolean> {
  if (await lookAt(folder) !== null) return false;
  try {
    await Deno.mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    // Another file of the same delivery was faster.
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw storageError(error, `make the folder ${JSON.stringify(folder)}`);
  }
}

async function lookAt(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw storageError(error, `look at ${JSON.stringify(path)}`);
  }
}

function checkFolder(
  folder: string,
  { info, forbidden }: { readonly info: Deno.FileInfo; readonly forbidden: Forbidden },
): void {
  if (info.isSymlink) throw linkError(folder);
  if (!info.isDirectory) {
    throw new StorageError("not-a-file", `${JSON.stringify(folder)} is on the way and no folder`);
  }
  const inode = inodeKey(info);
  if (inode !== null && forbidden.inodes.has(inode)) {
    throw refusePath(folder, "belongs to the agent itself");
  }
}

function linkError(path: string): StorageError {
  return new StorageError("symlink-refused", `${JSON.stringify(path)} is a symbolic link`);
}
