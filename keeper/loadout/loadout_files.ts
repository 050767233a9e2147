/**
 * The files that a loadout is in: one for many apps, or one for each in the folders of a vault.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import {
  type Bytes,
  ConfigErrors,
  decodeUtf8,
  FluxVaultError,
  StorageError,
} from "../../protocol/mod.ts";
import {
  type FileStamp,
  isSameStamp,
  readOptionalFile,
  storageError,
} from "../../protocol/host/mod.ts";
import { MAX_APP_FOLDERS, MAX_LOADOUT_BYTES } from "./limits.ts";
import { type LoadoutProblem, problemsError } from "./problems.ts";

/** The name of the file of one app, in the folder of the app. */
export const APP_FILE_NAME = "fluxvault.yaml";
/** How people also call it, by mistake. */
const OTHER_NAMES = ["fluxvault.yml", "fluxvault.json", "config.yaml"];

/** How long a file must have been left alone for its times to tell that it is the same. */
const SETTLED_MS = 2_000;

const LET_IN = "Let this program read it, and every folder on the way.";

/** A file of a loadout. */
export interface LoadoutFile {
  /** Its path, as it is shown. */
  readonly path: string;
  /** The app whose file it is; `null` where it is for many. */
  readonly app: string | null;
  /** Why it cannot be read, where that is known. */
  readonly problem?: LoadoutProblem;
}

/** A file of a loadout, read. */
export interface ReadLoadoutFile extends LoadoutFile {
  /** What it holds; nothing where it cannot be read. */
  readonly text: string;
  /** Its state before it was read; `null` where a later one may look the same. */
  readonly stamp: FileStamp | null;
}

/**
 * Finds the files of a loadout, in the order of their paths; those that have another name by mistake
 * are among them, as a problem.
 *
 * @throws {ConfigErrors} where there is none.
 */
export async function findLoadoutFiles(path: string): Promise<readonly LoadoutFile[]> {
  const info = await lookAt(path);
  if (info === null) {
    throw refusal(
      path,
      "there is no such file or folder",
      "Name the file of the loadout, or the " +
        `folder with one folder for each app, in which ${APP_FILE_NAME} is.`,
    );
  }
  if (!info.isDirectory) {
    const isOwn = basename(path) === APP_FILE_NAME;
    return [{ path, app: isOwn ? basename(dirname(resolve(path))) : null }];
  }
  const own = join(path, APP_FILE_NAME);
  if (await lookAt(own) !== null) return [{ path: own, app: basename(resolve(path)) }];
  const files: LoadoutFile[] = [];
  for (const name of await listFolders(path)) {
    const file = join(path, name, APP_FILE_NAME);
    if (await lookAt(file) !== null) files.push({ path: file, app: name });
    else files.push(...await findStrays(join(path, name)));
  }
  if (files.length > 0) return files;
  throw refusal(
    path,
    `no folder in it has a ${APP_FILE_NAME}`,
    "Put the file of each app into the " +
      "folder of the app, or name a loadout for many apps.",
  );
}

/** The options of {@linkcode readLoadoutFiles}. */
export interface ReadLoadoutOptions {
  /** What was read before; what is the same is not read again. @default {[]} */
  readonly before?: readonly ReadLoadoutFile[];
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Reads the files of a loadout; why one cannot be read is in the result. */
export async function readLoadoutFiles(
  files: readonly LoadoutFile[],
  options: ReadLoadoutOptions = {},
): Promise<readonly ReadLoadoutFile[]> {
  const { before = [], now = Date.now } = options;
  const known = new Map(before.map((file) => [file.path, file]));
  const read: ReadLoadoutFile[] = [];
  for (const file of files) {
    const last = known.get(file.path);
    const one = file.problem === undefined
      ? await readOne(file, { last, now })
      : { ...file, ...UNREAD };
    read.push(one);
  }
  return read;
}

const UNREAD = { text: "", stamp: null } as const;

async function readOne(
  file: LoadoutFile,
  { last, now }: { readonly last: ReadLoadoutFile | undefined; readonly now: () => number },
): Promise<ReadLoadoutFile> {
  const { path } = file;
  try {
    const stamp = await lookAt(path);
    const isKnown = stamp !== null && last !== undefined && last.stamp !== null &&
      isSameStamp(stamp, last.stamp) && last.app === file.app;
    return isKnown ? last : { ...file, ...await readText(path, { stamp, now }) };
  } catch (error) {
    if (!(error instanceof FluxVaultError)) throw error;
    const hint = error.hint ?? "Make it a file that this program may read.";
    return { ...file, ...UNREAD, problem: { place: path, problem: error.message, hint } };
  }
}

function refusal(place: string, problem: string, hint: string): FluxVaultError {
  return problemsError([{ place, problem, hint }]);
}

async function lookAt(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    const { message, hint = LET_IN } = storageError(error, "look at it");
    throw refusal(path, message, hint);
  }
}

/** Lists the folders in a folder that can be those of apps. */
async function listFolders(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(path)) {
      if (!name.startsWith(".") && (isDirectory || isSymlink)) names.push(name);
      if (names.length > MAX_APP_FOLDERS) {
        throw refusal(path, `it holds over ${MAX_APP_FOLDERS} folders`, "Name a vault folder.");
      }
    }
  } catch (error) {
    const { message, hint = LET_IN } = storageError(error, "list what is in the folder");
    throw error instanceof ConfigErrors ? error : refusal(path, message, hint);
  }
  return names.sort();
}

async function findStrays(folder: string): Promise<LoadoutFile[]> {
  const strays: LoadoutFile[] = [];
  for (const name of OTHER_NAMES) {
    const path = join(folder, name);
    if (await lookAt(path) === null) continue;
    const problem = `there is no ${APP_FILE_NAME} beside this file, which is not read`;
    const hint = `Call it ${APP_FILE_NAME}, or take it away.`;
    strays.push({ path, app: null, problem: { place: path, problem, hint } });
  }
  return strays;
}

async function readText(
  path: string,
  { stamp, now }: { readonly stamp: Deno.FileInfo | null; readonly now: () => number },
): Promise<Pick<ReadLoadoutFile, "text" | "stamp">> {
  const startedMs = now();
  const bytes = await readOptionalFile(path, { maxBytes: MAX_LOADOUT_BYTES });
  if (bytes === null) throw new StorageError("file-missing", "it has just been taken away");
  const changedMs = Math.max(stamp?.mtime?.getTime() ?? Infinity, stamp?.ctime?.getTime() ?? 0);
  const isSettled = startedMs - changedMs >= SETTLED_MS;
  return { text: decode(bytes), stamp: isSettled ? stamp : null };
}

function decode(bytes: Bytes): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new StorageError("not-a-file", "it is no text in UTF-8", {
      hint: "Save it as UTF-8.",
    });
  }
}
