/**
 * The list of keys as a file on this machine: no secret is in it.
 *
 * @module
 */
import { join } from "node:path";
import { StorageError } from "../../protocol/mod.ts";
import {
  lockFile,
  readOptionalFile,
  storageError,
  writeFileAtomically,
} from "../../protocol/host/mod.ts";
import { refuseWritableByOthers } from "../state_permissions.ts";
import {
  decodeKeyIndex,
  encodeKeyIndex,
  type KeyEntry,
  type KeyIndex,
  type KeyIndexUpdateOptions,
} from "./key_index.ts";
import { INDEX_LOCK_WAIT_MS, MAX_INDEX_BYTES } from "./limits.ts";

const FILE_NAME = "keys.json";
const LOCK_NAME = "keys.lock";

/** Keeps the list of keys in a file; a file that cannot be read is never written over. */
export class KeyIndexFile implements KeyIndex {
  /** Where the file is. */
  readonly path: string;
  readonly #folder: string;

  /** Names the folder of state; it is made (0700) with the first change. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, FILE_NAME);
  }

  /** Reads the file; see {@linkcode KeyIndex.load}. */
  async load(): Promise<readonly KeyEntry[]> {
    refuseWritableByOthers(this.path);
    const bytes = await readOptionalFile(this.path, { maxBytes: MAX_INDEX_BYTES });
    if (bytes === null) return [];
    try {
      return decodeKeyIndex(bytes);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const hint = "Correct the file, or move it away and add the keys again.";
      throw new StorageError(error.code, `${this.path}: ${error.message}`, { hint });
    }
  }

  /** Changes the file under a lock; see {@linkcode KeyIndex.update}. */
  async update(
    change: (entries: readonly KeyEntry[]) => Promise<readonly KeyEntry[]>,
    options: KeyIndexUpdateOptions = {},
  ): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
    using _lock = await lockFile(join(this.#folder, LOCK_NAME), { waitMs: INDEX_LOCK_WAIT_MS });
    const before = await this.load();
    const after = await change(before);
    if (after === before) return;
    try {
      await writeFileAtomically(this.path, encodeKeyIndex(after));
    } catch (error) {
      await options.undo?.().catch(() => {});
      throw error;
    }
  }
}
