/**
 * Which folders of vaults held files, as a file on this machine: written whole, under a lock, readable by
 * its owner alone.
 *
 * @module
 */
import { join } from "node:path";
import { decodeUtf8, encodeUtf8, StorageError } from "../../protocol/mod.ts";
import {
  lockFile,
  readOptionalFile,
  storageError,
  writeFileAtomically,
} from "../../protocol/host/mod.ts";
import { MAX_FOLDER_MARKS, MAX_STATE_BYTES, STATE_LOCK_WAIT_MS } from "../limits.ts";
import type { FolderMark, FolderMarks, FolderMarksStore } from "./folder_marks.ts";

/** The name of the file in the folder of state. */
export const FOLDER_MARKS_FILE_NAME = "vault_folders.json";
const LOCK_NAME = "vault_folders.lock";
const VERSION = 1;

/**
 * Keeps marks in a file; one that cannot be read is never written over.
 *
 * @example
 * ```ts
 * import { DiskVault, FolderMarksFile } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.realPath(await Deno.makeTempDir());
 * const marks = new FolderMarksFile(`${folder}/state`);
 * // As an earlier run left it: a disk was mounted there, and held files.
 * await marks.merge(new Map([[`${folder}/vault/tls`, { dev: 1, isMount: true }]]));
 * await Deno.mkdir(`${folder}/vault/tls`, { recursive: true });
 * const vault = new DiskVault(`${folder}/vault`, { marks }); // For `new Keeper({ vault, ... })`.
 * const source = { source: "tls", symlinks: "refuse" } as const;
 * const [found] = (await vault.inspect([source])).contentsOf(source).items;
 * // It is empty now, and yet no agent is to lose its files.
 * console.assert(found?.kind === "gap" && found.code === "mount-missing");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class FolderMarksFile implements FolderMarksStore {
  /** Where the file is. */
  readonly path: string;
  readonly #folder: string;

  /** Names the folder of state; it is made (0700) with the first change. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, FOLDER_MARKS_FILE_NAME);
  }

  /**
   * Reads the file.
   *
   * @throws {StorageError} `state-malformed` if it is not what was written.
   */
  async load(): Promise<ReadonlyMap<string, FolderMark>> {
    const bytes = await readOptionalFile(this.path, { maxBytes: MAX_STATE_BYTES });
    if (bytes === null) return new Map();
    try {
      return readMarks(JSON.parse(decodeUtf8(bytes)));
    } catch {
      throw new StorageError("state-malformed", `${this.path} is not as it was written`, {
        hint: "Move it away.",
      });
    }
  }

  /**
   * Changes the file; of more than it holds, the folders that were noted last.
   *
   * @throws {StorageError} if it cannot be read or written; `locked` if others have it too long.
   */
  async merge(news: FolderMarks): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
    using _lock = await lockFile(join(this.#folder, LOCK_NAME), { waitMs: STATE_LOCK_WAIT_MS });
    const marks = new Map(await this.load());
    for (const [path, mark] of news) {
      marks.delete(path);
      if (mark !== null) marks.set(path, mark);
    }
    // What was noted last stands last, and is forgotten last.
    const folders = Object.fromEntries([...marks].slice(-MAX_FOLDER_MARKS));
    const text = JSON.stringify({ version: VERSION, folders }, null, 2);
    await writeFileAtomically(this.path, encodeUtf8(`${text}\n`));
  }
}

function readMarks(json: unknown): ReadonlyMap<string, FolderMark> {
  const members = membersOf(json);
  if (members.get("version") !== VERSION) throw new Error("another version");
  return new Map([...membersOf(members.get("folders"))].map(([path, mark]) => {
    const { dev, isMount } = Object.fromEntries(membersOf(mark));
    if (typeof dev !== "number" || typeof isMount !== "boolean") throw new Error("no mark");
    return [path, { dev, isMount }];
  }));
}

function membersOf(json: unknown): Map<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error("no object");
  }
  return new Map(Object.entries(json));
}
