/**
 * What a plugin keeps beyond its calls, its upgrades and restarts of the program.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from "../../bytes.ts";
import { CallError } from "../../calls/mod.ts";
import { StorageError } from "../../errors.ts";
import { readOptionalFile, writeFileAtomically } from "../atomic_file.ts";
import { dirname, join } from "../file_path.ts";
import { storageError } from "../storage_error.ts";

/** The bounds of a {@linkcode PluginStorage}. */
export interface PluginStorageOptions {
  /** How many bytes the file may have: all keys and values as JSON. @default {1_048_576} */
  readonly maxBytes?: number;
  /** How many keys there may be. @default {1_000} */
  readonly maxKeys?: number;
}

/** The name of the file in the folder of a plugin's storage. */
export const PLUGIN_STORAGE_FILE_NAME = "storage.json";

const MAX_BYTES = 1_048_576;
const MAX_KEYS = 1_000;
/** How long a key may be, in UTF-16 units. */
const MAX_KEY_LENGTH = 256;

/**
 * Values of JSON by their keys, in a file that one plugin has for itself.
 *
 * What was set is on the disk when the promise resolves. The file is private, replaced as a whole, and
 * written once for all that is set while it is being written.
 *
 * @example
 * ```ts
 * import { PluginStorage } from "./plugin_storage.ts";
 *
 * const storage = PluginStorage.inMemory();
 * await storage.set("seen", [1, 2]);
 * console.assert(JSON.stringify(storage.get("seen")) === "[1,2]");
 * ```
 */
export class PluginStorage {
  readonly #path: string | null;
  readonly #maxBytes: number;
  readonly #maxKeys: number;
  /** The JSON of each value, so that nobody shares an object with a plugin. */
  readonly #texts: Map<string, string>;
  #bytes = 2;
  #writing: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  private constructor(
    path: string | null,
    texts: Map<string, string>,
    { maxBytes = MAX_BYTES, maxKeys = MAX_KEYS }: PluginStorageOptions,
  ) {
    this.#path = path;
    this.#texts = texts;
    this.#maxBytes = maxBytes;
    this.#maxKeys = maxKeys;
    for (const [key, text] of texts) this.#bytes += sizeOf(key, text);
  }

  /** Makes a storage that is gone with the program. */
  static inMemory(options: PluginStorageOptions = {}): PluginStorage {
    return new PluginStorage(null, new Map(), options);
  }

  /**
   * Opens the storage in a folder, which is made when something is first set.
   *
   * @throws {StorageError} `state-malformed` where the file is none of ours; what the file system said.
   */
  static async open(folder: string, options: PluginStorageOptions = {}): Promise<PluginStorage> {
    const path = join(folder, PLUGIN_STORAGE_FILE_NAME);
    const { maxBytes = MAX_BYTES } = options;
    const bytes = await readOptionalFile(path, { maxBytes });
    const texts = bytes === null ? new Map<string, string>() : parseStorage(bytes, path);
    return new PluginStorage(path, texts, options);
  }

  /** Returns a value, or `null` where there is none of that key. */
  get(key: string): unknown {
    const text = this.#texts.get(key);
    return text === undefined ? null : JSON.parse(text);
  }

  /** Returns all keys, in the order in which they were first set. */
  list(): string[] {
    return [...this.#texts.keys()];
  }

  /**
   * Sets a value.
   *
   * @throws {CallError} `key-malformed` for a key that is empty or has over 256 characters;
   * `value-malformed` for what JSON cannot hold; `storage-full` where there is no room for it.
   * @throws {StorageError} if it cannot be written; then it is not set.
   */
  async set(key: string, value: unknown): Promise<void> {
    if (key === "" || key.length > MAX_KEY_LENGTH || !key.isWellFormed()) {
      throw new CallError("key-malformed", "a key of a plugin's storage is too long, or no text");
    }
    const text = JSON.stringify(value);
    if (text === undefined || !text.isWellFormed()) {
      throw new CallError("value-malformed", "a plugin's storage holds JSON");
    }
    await this.#change(key, text);
  }

  /**
   * Deletes a value; does nothing where there is none.
   *
   * @throws {StorageError} if it cannot be written; then it is not deleted.
   */
  async delete(key: string): Promise<void> {
    if (this.#texts.has(key)) await this.#change(key, undefined);
  }

  async #change(key: string, text: string | undefined): Promise<void> {
    const before = this.#texts.get(key);
    const bytes = this.#bytes + sizeOf(key, text) - sizeOf(key, before);
    const keys = this.#texts.size + (before === undefined ? 1 : 0);
    if (text !== undefined && (bytes > this.#maxBytes || keys > this.#maxKeys)) {
      throw new CallError("storage-full", "the storage of a plugin is full");
    }
    this.#put(key, text);
    try {
      await this.#write();
    } catch (error) {
      // Unless it was changed again meanwhile, it is as it is on the disk.
      if (this.#texts.get(key) === text) this.#put(key, before);
      throw error;
    }
  }

  #put(key: string, text: string | undefined): void {
    this.#bytes += sizeOf(key, text) - sizeOf(key, this.#texts.get(key));
    if (text === undefined) this.#texts.delete(key);
    else this.#texts.set(key, text);
  }

  /** Writes all of it; who comes while it is being written waits for the next time. */
  #write(): Promise<void> {
    if (this.#path === null) return Promise.resolve();
    const path = this.#path;
    this.#next ??= (async () => {
      await this.#writing?.catch(() => {});
      this.#next = null;
      this.#writing = this.#writeFile(path);
      await this.#writing;
    })();
    return this.#next;
  }

  async #writeFile(path: string): Promise<void> {
    const members = [...this.#texts].map(([key, text]) => `${JSON.stringify(key)}:${text}`);
    const bytes = encodeUtf8(`{${members.join(",")}}`);
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder of ${JSON.stringify(path)}`);
    }
    await writeFileAtomically(path, bytes);
  }
}

/** The room that a key and its value take, with the colon and the comma; none where there is no value. */
function sizeOf(key: string, text: string | undefined): number {
  return text === undefined
    ? 0
    : encodeUtf8(JSON.stringify(key)).length + encodeUtf8(text).length + 2;
}

function parseStorage(bytes: Uint8Array, path: string): Map<string, string> {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return new Map(Object.entries(value).map(([key, item]) => [key, JSON.stringify(item)]));
    }
  } catch {
    // The platform's message quotes the text, which may be secret: it is not kept as a cause.
  }
  throw new StorageError(
    "state-malformed",
    `${JSON.stringify(path)} holds no storage of a plugin`,
    {
      hint: "Remove the file: the plugin begins anew.",
    },
  );
}
