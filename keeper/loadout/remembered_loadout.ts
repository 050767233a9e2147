/**
 * Which loadout the commands mean where none is named: one path in the folder of state.
 *
 * @module
 */
import { join } from "node:path";
import { encodeUtf8, StorageError } from "../../protocol/mod.ts";
import { readOptionalFile, storageError, writeFileAtomically } from "../../protocol/host/mod.ts";
import { refuseWritableByOthers } from "../state_permissions.ts";

/** The name of the file in the folder of state. */
export const REMEMBERED_FILE_NAME = "loadout.json";

const MAX_REMEMBERED_BYTES = 65_536;

/** Remembers the path of a loadout, as {@linkcode openLoadout} takes it. */
export class RememberedLoadout {
  /** Where the path is kept. */
  readonly path: string;
  readonly #folder: string;

  /** Names the folder of state; it is made (0700) where it is needed. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, REMEMBERED_FILE_NAME);
  }

  /**
   * Returns the absolute path that is remembered, or `null`.
   *
   * @throws {StorageError} if it cannot be read, or others than its owner can change it.
   */
  async load(): Promise<string | null> {
    refuseWritableByOthers(this.path);
    const bytes = await readOptionalFile(this.path, { maxBytes: MAX_REMEMBERED_BYTES });
    if (bytes === null) return null;
    const path = decodePath(new TextDecoder().decode(bytes));
    if (path !== null) return path;
    throw new StorageError("state-malformed", `${this.path} is not what a keeper writes there`, {
      hint: "Run `config load` with the loadout again.",
    });
  }

  /** Remembers a path in the place of the one before. */
  async keep(path: string): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
    const state = JSON.stringify({ version: 1, path }, null, 2);
    await writeFileAtomically(this.path, encodeUtf8(`${state}\n`));
  }

  /** Forgets the path; does nothing where none is remembered. */
  async forget(): Promise<void> {
    try {
      await Deno.remove(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw storageError(error, `remove ${JSON.stringify(this.path)}`);
    }
  }
}

function decodePath(text: string): string | null {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof state !== "object" || state === null) return null;
  const { version, path } = state as { readonly version?: unknown; readonly path?: unknown };
  return version === 1 && typeof path === "string" && path !== "" ? path : null;
}
