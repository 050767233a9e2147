/**
 * The plugins of an agent on its disk.
 *
 * A folder `plugins` (0700) in the state folder: `plugins.json` (0600), one JSON object
 * `{"version":1,"installed":[{"name":"greeter","version":"1.0.0","digest":"<64 hex>",
 * "signature":"<base64>"}],"highest":[{"name":"greeter","version":"1.0.0","digest":"<64 hex>"}]}`, and
 * beside it each package as `<digest>.plugin`. A package that the file does not name is none.
 *
 * @module
 */
import {
  type Bytes,
  encodeUtf8,
  isPluginName,
  MAX_PLUGIN_BYTES,
  StorageError,
} from "../../protocol/mod.ts";
import {
  join,
  readOptionalFile,
  removeTemporaries,
  storageError,
  writeFileAtomically,
} from "../../protocol/host/mod.ts";
import { MAX_PLUGINS_FILE_BYTES, MAX_REMEMBERED_PLUGINS } from "../limits.ts";
import type { PluginBook, PluginRecord, PluginStore, PluginVersion } from "./plugin_record.ts";

/** The name of the folder in the state folder. */
export const PLUGINS_FOLDER_NAME = "plugins";

const BOOK = "plugins.json";
const VERSION = 1;
const PLUGIN_VERSION = /^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const SIGNATURE = /^[A-Za-z0-9+/]{87}=$/;
const PACKAGE = /^([0-9a-f]{64})\.plugin$/;

/** Keeps plugins in the state folder. */
export class DiskPluginStore implements PluginStore {
  readonly #folder: string;

  /** Reads and makes nothing yet. */
  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, PLUGINS_FOLDER_NAME);
  }

  /** See {@linkcode PluginStore.load}. */
  async load(): Promise<PluginBook> {
    // No other agent writes here: what is half-written is from one that was killed.
    removeTemporaries(this.#folder);
    const path = join(this.#folder, BOOK);
    const bytes = await readOptionalFile(path, { maxBytes: MAX_PLUGINS_FILE_BYTES });
    if (bytes === null) return { installed: [], highest: [] };
    const book = parseBook(new TextDecoder().decode(bytes));
    if (book !== null) return book;
    throw new StorageError("state-malformed", `${JSON.stringify(path)} is not as it was written`, {
      hint:
        "Restore it from a copy, or delete it; an older version of a plugin is not noticed then.",
    });
  }

  /** See {@linkcode PluginStore.save}. */
  async save({ installed, highest }: PluginBook): Promise<void> {
    await this.#makeFolder();
    const text = `${JSON.stringify({ version: VERSION, installed, highest })}\n`;
    await writeFileAtomically(join(this.#folder, BOOK), encodeUtf8(text));
  }

  /** See {@linkcode PluginStore.readPackage}. */
  async readPackage(digest: string): Promise<Bytes | null> {
    return await readOptionalFile(this.#pathOf(digest), { maxBytes: MAX_PLUGIN_BYTES });
  }

  /** See {@linkcode PluginStore.writePackage}. */
  async writePackage(digest: string, bytes: Bytes): Promise<void> {
    await this.#makeFolder();
    await writeFileAtomically(this.#pathOf(digest), bytes);
  }

  /** See {@linkcode PluginStore.sweep}. */
  async sweep(digests: readonly string[]): Promise<void> {
    const kept = new Set(digests);
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        const digest = PACKAGE.exec(name)?.[1];
        if (digest === undefined || kept.has(digest)) continue;
        await Deno.remove(join(this.#folder, name));
      }
    } catch {
      // There is no folder yet, or it cannot be written: what is left over is no plugin.
    }
  }

  #pathOf(digest: string): string {
    if (!DIGEST.test(digest)) throw new TypeError("a package is named by its digest");
    return join(this.#folder, `${digest}.plugin`);
  }

  async #makeFolder(): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make ${JSON.stringify(this.#folder)}`);
    }
  }
}

function parseBook(text: string): PluginBook | null {
  try {
    const file: Record<string, unknown> | null = JSON.parse(text);
    if (file?.["version"] !== VERSION) return null;
    const { installed, highest } = file;
    const isSound = isListOf(installed, isRecord) && isListOf(highest, isVersion);
    return isSound ? { installed, highest } : null;
  } catch {
    return null;
  }
}

/** Tells whether a value is a list of such items, in which no name stands twice. */
function isListOf<T extends PluginVersion>(
  value: unknown,
  isItem: (item: unknown) => item is T,
): value is T[] {
  if (!Array.isArray(value) || value.length > MAX_REMEMBERED_PLUGINS) return false;
  return value.every(isItem) && new Set(value.map(({ name }) => name)).size === value.length;
}

function isVersion(item: unknown): item is PluginVersion {
  if (typeof item !== "object" || item === null) return false;
  const { name, version, digest } = item as Record<string, unknown>;
  return typeof name === "string" && isPluginName(name) && isText(version, PLUGIN_VERSION) &&
    isText(digest, DIGEST);
}

function isRecord(item: unknown): item is PluginRecord {
  return isVersion(item) && isText((item as PluginRecord).signature, SIGNATURE);
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}
