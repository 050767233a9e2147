/**
 * Where on the disk a secret file belongs, and whether anything on the way there forbids it.
 *
 * A path is followed one component at a time, and nothing but real folders may lie on the way: no
 * symbolic link, at the target neither. This is what stops `../etc/passwd`. The one link that is
 * followed is that of a set which is exchanged at once, to the agent's own folder beside it.
 *
 * @module
 */
import { findPathFault, StorageError } from "../../../protocol/mod.ts";
import { join, resolve, storageError } from "../../../protocol/host/mod.ts";
import { generationOf } from "./generation_link.ts";

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
export function inodeKey(info: Pick<Deno.FileInfo, "dev" | "ino">): InodeKey | null {
  return info.ino === null ? null : `${info.dev}:${info.ino}`;
}

/** Adds a name to a folder; to make sure of what needs no making sure takes most of the time. */
export function joinName(folder: string, name: string): string {
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
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
 * Finds the folder below which a path leads by its text alone.
 *
 * @throws {StorageError} `path-refused`.
 */
export function rootOf(path: string, roots: readonly DiskRoot[]): DiskRoot {
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
  if (root !== undefined) return root;
  throw refusePath(path, "is absolute and below no folder that --allow-absolute names");
}

/**
 * Finds where a path leads by its text alone.
 *
 * @throws {StorageError} `path-refused`.
 */
export function placeOf(path: string, roots: readonly DiskRoot[]): DiskPlace {
  const root = rootOf(path, roots);
  const segments = path.slice(root.prefix.length).split("/");
  const folders: string[] = [];
  let folder = root.folder;
  for (const segment of segments.slice(0, -1)) {
    folder = joinName(folder, segment);
    folders.push(folder);
  }
  const target = joinName(folder, segments.at(-1) ?? "");
  return { root: root.folder, folders, folder, target };
}

/** What a way may lead through, and what it may not. */
export interface WayRules {
  /** The folders that no path may enter, by inode. */
  readonly inodes: ReadonlySet<InodeKey>;
  /** The folders that are exchanged at once: a link to the agent's own folder may stand for each. */
  readonly sets: { has(folder: string): boolean };
}

/** Where any folder may be one that is exchanged at once: whoever only reads need not know which. */
export const EVERY_SET: WayRules["sets"] = { has: () => true };

/** Where a way led. */
export interface Arrival {
  /** The real folder of the target, or `null` where it, or one on the way, is missing. */
  readonly folder: string | null;
  /** The device that the folder is on, or `null` where there is none. */
  readonly dev: number | null;
  /** The target by its real folder, or where it would be. */
  readonly target: string;
  /** What is at the target, a regular file, or `null` where nothing is. */
  readonly info: Deno.FileInfo | null;
}

/**
 * Follows the way to a place and looks at what is there.
 *
 * @throws {StorageError} `symlink-refused`, `not-a-file`, `path-refused`, or what the file system said.
 */
export function walkTo(place: DiskPlace, rules: WayRules): Arrival {
  const way = enterFolders(place, rules);
  const { target: named } = place;
  if (way === null) return { folder: null, dev: null, target: named, info: null };
  const { folder, info: { dev } } = way;
  const target = folder === place.folder ? named : join(folder, named.slice(place.folder.length));
  const info = lookAt(target);
  if (info !== null) checkFile(target, info);
  return { folder, dev, target, info };
}

/**
 * Follows the way to the folder of a place.
 *
 * @returns The real folder, or `null` where it, or one on the way, is missing.
 * @throws {StorageError} as {@linkcode walkTo} does.
 */
export function walkToFolder(place: DiskPlace, rules: WayRules): string | null {
  return enterFolders(place, rules)?.folder ?? null;
}

/** The folder of a place, as it was found. */
export interface EnteredFolder {
  /** The real folder. */
  readonly folder: string;
  /** What is known of it. */
  readonly info: Deno.FileInfo;
}

/**
 * Enters one folder after the other on the way to a place.
 *
 * @returns The last, or `null` where one is missing.
 * @throws {StorageError} as {@linkcode walkTo} does.
 */
export function enterFolders(place: DiskPlace, rules: WayRules): EnteredFolder | null {
  let real = place.root;
  let info = enterFolder(real, rules);
  for (const folder of place.folders) {
    if (info === null) return null;
    const next = joinName(real, folder.slice(folder.lastIndexOf("/") + 1));
    const generation = rules.sets.has(folder) ? generationOf(next) : null;
    real = generation ?? next;
    info = enterFolder(real, rules);
  }
  return info === null ? null : { folder: real, info };
}

/**
 * Makes the folders on the way that are missing, for their owner alone.
 *
 * @returns The folders in which one was made.
 * @throws {StorageError} as {@linkcode walkTo} does.
 */
export async function makeFolders(place: DiskPlace, rules: WayRules): Promise<string[]> {
  const changed: string[] = [];
  let parent = place.root;
  for (const folder of place.folders) {
    if (enterFolder(folder, rules) === null) {
      if (await makeFolder(folder)) changed.push(parent);
      if (enterFolder(folder, rules) === null) {
        throw new StorageError("file-missing", `${JSON.stringify(folder)} vanished`);
      }
    }
    parent = folder;
  }
  return changed;
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    await Deno.mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    // Another file of the same delivery was faster.
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw storageError(error, `make the folder ${JSON.stringify(folder)}`);
  }
}

/**
 * Looks at what is at a path itself, and follows no link there; `null` where nothing is.
 *
 * It does not wait for its turn: that takes a fifth of the time.
 *
 * @throws {StorageError} with what the file system said.
 */
export function lookAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw storageError(error, `look at ${JSON.stringify(path)}`);
  }
}

/** Makes the error for a link where none may be. */
export function linkError(path: string): StorageError {
  return new StorageError("symlink-refused", `${JSON.stringify(path)} is a symbolic link`);
}

/** Makes the error for something else than a regular file where one should be. */
export function fileError(target: string, info: Deno.FileInfo): StorageError {
  if (info.isSymlink) return linkError(target);
  const what = info.isDirectory ? "a folder" : "no regular file";
  return new StorageError("not-a-file", `cannot use ${JSON.stringify(target)}: it is ${what}`);
}

/** Makes the error for something else than a folder where one should be. */
export function folderError(folder: string, info: Deno.FileInfo): StorageError {
  if (info.isSymlink) return linkError(folder);
  return new StorageError("not-a-file", `${JSON.stringify(folder)} is on the way and no folder`);
}

/** Tells whether an error says that something else is where a file was, and not that all is unknown. */
export function saysElsewhere({ code }: StorageError): boolean {
  return code === "not-a-file" || code === "path-refused" || code === "symlink-refused";
}

function checkFile(target: string, info: Deno.FileInfo): void {
  if (!info.isFile) throw fileError(target, info);
}

/** Checks a folder on the way; `null` where it is missing. */
function enterFolder(folder: string, rules: WayRules): Deno.FileInfo | null {
  const info = lookAt(folder);
  if (info === null) return null;
  if (!info.isDirectory) throw folderError(folder, info);
  checkEntry(folder, { info, rules });
  return info;
}

/**
 * Checks that a folder is none of the agent's own.
 *
 * @throws {StorageError} `path-refused`.
 */
export function checkEntry(
  folder: string,
  { info, rules }: { readonly info: Deno.FileInfo; readonly rules: WayRules },
): void {
  const inode = inodeKey(info);
  if (inode !== null && rules.inodes.has(inode)) {
    throw refusePath(folder, "belongs to the agent itself");
  }
}
