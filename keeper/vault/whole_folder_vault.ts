/**
 * A vault that offers every file of its folder, as the original's did.
 *
 * Hidden files, links, and whatever is no regular file are left out, and nothing outside the folder
 * can be reached.
 *
 * @module
 */
import { findPathFault, type Logger, SILENT_LOGGER, StorageError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import { MAX_FOLDER_DEPTH, MAX_FOLDER_FILES } from "../limits.ts";
import { DiskVault } from "./disk_vault.ts";
import type { ManagedFile } from "./managed_files.ts";
import type { Vault, VaultInspectOptions, VaultView } from "./vault.ts";

/** Offers every file below a folder under its own name. */
export class WholeFolderVault implements Vault {
  readonly #folder: string;
  readonly #vault: DiskVault;

  /** Names the folder; touches nothing yet. */
  constructor(folder: string, options: { readonly logger?: Logger } = {}) {
    this.#folder = folder;
    this.#vault = new DiskVault(folder, { logger: options.logger ?? SILENT_LOGGER });
  }

  /**
   * Looks at all files; which are asked for does not count.
   *
   * @throws {StorageError} if the folder cannot be read, or holds more files than a vault would.
   */
  async inspect(
    _files: readonly ManagedFile[],
    options: VaultInspectOptions = {},
  ): Promise<VaultView> {
    const names: string[] = [];
    try {
      await listBelow(await Deno.realPath(this.#folder), { prefix: "", depth: 0, names });
    } catch (error) {
      throw storageError(error, `list the folder ${JSON.stringify(this.#folder)}`);
    }
    return await this.#vault.inspect(names.map((name) => ({ local: name, remote: name })), options);
  }
}

async function listBelow(
  folder: string,
  found: { readonly prefix: string; readonly depth: number; readonly names: string[] },
): Promise<void> {
  const { prefix, depth, names } = found;
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    const path = prefix + name;
    if (isDirectory) {
      if (depth === MAX_FOLDER_DEPTH) throw tooMuch(`folders are more than ${depth} deep`);
      await listBelow(`${folder}/${name}`, { prefix: `${path}/`, depth: depth + 1, names });
    }
    if (!isFile || findPathFault(path) !== null) continue;
    names.push(path);
    if (names.length > MAX_FOLDER_FILES) {
      throw tooMuch(`there are more than ${MAX_FOLDER_FILES} files`);
    }
  }
}

function tooMuch(problem: string): StorageError {
  return new StorageError("not-a-file", problem, {
    hint: "Name a folder that holds what is to be delivered and nothing else.",
  });
}
