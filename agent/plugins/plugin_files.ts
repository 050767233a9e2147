/**
 * What a plugin may know of the files that the agent was given: those that its manifest asks to read, and
 * no other one.
 *
 * @module
 */
import {
  CallError,
  decodeUtf8,
  type HeldManifest,
  isPathGranted,
  type PluginPermissions,
  StorageError,
} from "../../protocol/mod.ts";
import { DeliveredFiles } from "../application/delivered_files.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { type DiskRoots, placeOf } from "../disk/paths/mod.ts";
import { MAX_PLUGIN_PATHS, MAX_PLUGIN_READ_BYTES } from "../limits.ts";

/** What the files are known by. */
export interface PluginFilesParts {
  /** Where they lie. */
  readonly disk: DiskRoots;
  /** What the agent holds. */
  readonly held: () => HeldManifest | null;
}

/** What a plugin is told of a file. */
export interface PluginFile {
  /** Its path, as the keeper declared it. */
  readonly path: string;
  /** How many bytes it has. */
  readonly size: number;
}

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "removed"]);

/** The files that one plugin may know of. */
export class PluginFiles {
  readonly #parts: PluginFilesParts;
  readonly #granted: readonly string[];
  readonly #files: DeliveredFiles;

  /** Shows what these permissions let be read, by where it lies on the disk. */
  constructor(parts: PluginFilesParts, { read }: PluginPermissions) {
    this.#parts = parts;
    this.#granted = read;
    this.#files = new DeliveredFiles(parts.disk);
  }

  /** Lists the files that were delivered and may be read; at most 1,000, and 131,072 characters of JSON. */
  list(): PluginFile[] {
    const entries = this.#parts.held()?.manifest.entries ?? [];
    const files = entries.flatMap((entry) => {
      return entry.kind === "file" && this.#mayKnow(entry.path)
        ? [{ path: entry.path, size: entry.size }]
        : [];
    });
    return fitted(files);
  }

  /**
   * Reads a file as text.
   *
   * @throws {CallError} `file-unknown` where none was delivered that may be read; `too-large` over
   * 131,072 bytes; `not-text` where it is not UTF-8.
   * @throws {StorageError} where it is not there, or what the system said.
   */
  async readText(path: unknown): Promise<string> {
    const isKnown = typeof path === "string" && this.#mayKnow(path) &&
      this.#parts.held()?.manifest.entries.some((entry) => {
          return entry.kind === "file" && entry.path === path;
        }) === true;
    // What may not be read is told apart from what is not there by nothing.
    if (!isKnown) throw new CallError("file-unknown", "no such file was delivered to be read");
    const bytes = await this.#files.read(path, MAX_PLUGIN_READ_BYTES);
    if (bytes === null) throw new CallError("too-large", "the file is too large for a plugin");
    let text: string;
    try {
      text = decodeUtf8(bytes);
    } catch {
      throw new CallError("not-text", "the file is no text in UTF-8");
    }
    // What stands for a control character in JSON is six times as long.
    if (JSON.stringify(text).length <= 2 * MAX_PLUGIN_READ_BYTES - 1_024) return text;
    throw new CallError("too-large", "the file is too large for a plugin");
  }

  /** Returns what a plugin is told of a delivery: of files only those that it may know. */
  tellOf({ files }: AgentSessionReport): Record<string, unknown> {
    const changed = files.filter(({ outcome }) => CHANGES.has(outcome));
    const known = changed.filter(({ path }) => this.#mayKnow(path));
    return {
      changes: changed.length,
      files: fitted(known.map(({ path, outcome }) => ({ path, outcome }))),
    };
  }

  #mayKnow(path: string): boolean {
    try {
      return isPathGranted(placeOf(path, this.#parts.disk.roots).target, this.#granted);
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }
}

/** Leaves out the last of a list that is longer than a plugin can be told of. */
function fitted<T>(items: readonly T[]): T[] {
  let length = 0;
  return items.slice(0, MAX_PLUGIN_PATHS).filter((item) => {
    length += JSON.stringify(item).length + 1;
    return length <= MAX_PLUGIN_READ_BYTES;
  });
}
