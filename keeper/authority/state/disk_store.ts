/**
 * The state of an authority as a folder on this machine, of its owner alone.
 *
 * @module
 */
import { type Bytes, StorageError } from "../../../protocol/mod.ts";
import {
  join,
  lockFile,
  readOptionalFile,
  removeTemporaries,
  storageError,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import { appKey } from "../../app_name.ts";
import { refuseWritableByOthers } from "../../state_permissions.ts";
import { type AppIndex, decodeAppIndex, encodeAppIndex } from "./app_index.ts";
import type { AuthorityFiles, AuthorityReader, AuthorityStore } from "./authority_store.ts";
import { LOCK_WAIT_MS, MAX_INDEX_BYTES, MAX_KEY_FILE_BYTES } from "../limits.ts";
import { authorityFolder, rootIndexPath } from "./index_path.ts";
import { decodeRootIndex, encodeRootIndex, type RootIndex } from "./root_index.ts";

const LOCK_NAME = "authority.lock";
const APPS_NAME = "apps";
const KEYS_NAME = "keys";
/** It keeps the names of apps from meaning something to the system, as `nul` would. */
const APP_PREFIX = "app-";
const SUFFIX = ".json";

/** Keeps an authority in the folder `authority` of a folder of state. */
export class DiskAuthorityStore implements AuthorityStore {
  readonly #folder: string;
  readonly #files: DiskFiles;
  #last: Promise<unknown> = Promise.resolve();

  /** Names the folder of state; the folder in it is made (0700) with the first change. */
  constructor(stateFolder: string) {
    this.#folder = authorityFolder(stateFolder);
    this.#files = new DiskFiles(this.#folder, rootIndexPath(stateFolder));
  }

  /** Names the folder. */
  get where(): string {
    return `the folder ${JSON.stringify(this.#folder)}`;
  }

  /** Reads the files. */
  get reader(): AuthorityReader {
    return this.#files;
  }

  /** Changes the files under a lock; see {@linkcode AuthorityStore.change}. */
  change<T>(work: (files: AuthorityFiles) => Promise<T>): Promise<T> {
    const changed = this.#last.then(() => this.#change(work));
    this.#last = changed.catch(() => {});
    return changed;
  }

  async #change<T>(work: (files: AuthorityFiles) => Promise<T>): Promise<T> {
    await makeFolder(this.#folder);
    const path = join(this.#folder, LOCK_NAME);
    using _lock = await lockFile(path, { waitMs: LOCK_WAIT_MS });
    // Nobody else is writing: what is there was left by somebody who was killed.
    for (const folder of this.#files.folders) removeTemporaries(folder);
    return await work(this.#files);
  }
}

/** An index, and the file that it was read from. */
interface ReadIndex {
  readonly mark: string;
  readonly index: object;
}

/** Tells one file at a path from another: each is written whole, under another name; `null` for none. */
function markOf(path: string): string | null {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(path);
    return ino === null || mtime === null ? null : `${dev} ${ino} ${size} ${mtime.getTime()}`;
  } catch {
    // Whoever reads it says what is wrong.
    return null;
  }
}

class DiskFiles implements AuthorityFiles {
  readonly #root: string;
  readonly #apps: string;
  readonly #keys: string;
  /** What was read last; every contact asks for it, and it seldom changes. */
  readonly #read = new Map<string, ReadIndex>();
  readonly folders: readonly string[];

  constructor(folder: string, root: string) {
    this.#root = root;
    this.#apps = join(folder, APPS_NAME);
    this.#keys = join(folder, KEYS_NAME);
    this.folders = [folder, this.#apps, this.#keys];
  }

  async loadRoot(): Promise<RootIndex | null> {
    const index = await this.#readIndex(this.#root, decodeRootIndex);
    if (index === null && (await this.#appFiles()).length > 0) {
      throw new StorageError("file-missing", `${this.#root} is missing beside what it made`, {
        hint: "Bring it back from a backup; without it nothing that was issued can be continued.",
      });
    }
    return index;
  }

  async loadApp(app: string): Promise<AppIndex | null> {
    return await this.#readIndex(this.#pathOf(app), decodeAppIndex);
  }

  async loadApps(): Promise<readonly AppIndex[]> {
    const indexes = [];
    for (const path of await this.#appFiles()) {
      indexes.push(await this.#readIndex(path, decodeAppIndex));
    }
    return indexes.filter((index) => index !== null);
  }

  async saveRoot(index: RootIndex): Promise<void> {
    await writeIndex(this.#root, encodeRootIndex(index));
  }

  async saveApp(index: AppIndex): Promise<void> {
    await makeFolder(this.#apps);
    await writeIndex(this.#pathOf(index.app), encodeAppIndex(index));
  }

  async loadKey(keyId: string): Promise<Bytes> {
    const path = this.#keyPath(keyId);
    const file = await readOptionalFile(path, { maxBytes: MAX_KEY_FILE_BYTES });
    if (file !== null) return file;
    throw new StorageError("file-missing", `the private key ${path} is missing`, {
      hint: "Bring it back from a backup; without it nothing more can be issued with it.",
    });
  }

  async saveKey(keyId: string, file: Bytes): Promise<void> {
    await makeFolder(this.#keys);
    await writeFileAtomically(this.#keyPath(keyId), file);
  }

  /** Reads an index, unless the file is the one that was read last. */
  async #readIndex<T extends object>(
    path: string,
    decode: (bytes: Uint8Array) => T,
  ): Promise<T | null> {
    refuseWritableByOthers(path);
    const mark = markOf(path);
    const last = this.#read.get(path);
    // Each path has one kind of index.
    if (mark !== null && last?.mark === mark) return last.index as T;
    const index = await readIndex(path, decode);
    // A file that was exchanged while it was read has another mark than the one before.
    if (mark === null || index === null) this.#read.delete(path);
    else this.#read.set(path, { mark, index });
    return index;
  }

  async #appFiles(): Promise<readonly string[]> {
    try {
      const names = [];
      for await (const { name, isFile } of Deno.readDir(this.#apps)) {
        if (isFile && name.startsWith(APP_PREFIX) && name.endsWith(SUFFIX)) names.push(name);
      }
      return names.sort().map((name) => join(this.#apps, name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw storageError(error, `list ${JSON.stringify(this.#apps)}`);
    }
  }

  #pathOf(app: string): string {
    return join(this.#apps, `${APP_PREFIX}${appKey(app)}${SUFFIX}`);
  }

  #keyPath(keyId: string): string {
    return join(this.#keys, `${keyId}${SUFFIX}`);
  }
}

async function readIndex<T>(path: string, decode: (bytes: Uint8Array) => T): Promise<T | null> {
  const bytes = await readOptionalFile(path, { maxBytes: MAX_INDEX_BYTES });
  if (bytes === null) return null;
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new StorageError(error.code, `${path}: ${error.message}`, {
      hint: "Bring the file back from a backup; it is never written over as it is.",
    });
  }
}

/** Writes an index, unless it could not be read again. */
async function writeIndex(path: string, bytes: Bytes): Promise<void> {
  if (bytes.length > MAX_INDEX_BYTES) {
    const message = `${path} would have over ${MAX_INDEX_BYTES} bytes; it was left as it is`;
    throw new StorageError("io-failed", message, {
      hint: "Certificates count until a week after their end; wait, or give them fewer names.",
    });
  }
  await writeFileAtomically(path, bytes);
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, `make the folder ${JSON.stringify(folder)}`);
  }
}
