/**
 * A vault folder that is offered as a whole, as the original offered its own.
 *
 * Hidden files, links, and whatever is no regular file are left out, and nothing outside the folder
 * can be reached.
 *
 * @module
 */
import { findPathFault, StorageError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import { MAX_FOLDER_DEPTH, MAX_FOLDER_FILES } from "../limits.ts";
import type { Declaration } from "./declaration.ts";

/**
 * Declares every file below a folder under its own name.
 *
 * @throws {StorageError} if the folder cannot be read, or holds more files than a vault would.
 *
 * @example
 * ```ts
 * import { declareForAll, declareWholeFolder } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/db.password`, "correct horse");
 * const declarations = declareForAll(await declareWholeFolder(folder));
 * console.assert(declarations.all[0]?.target === "db.password");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function declareWholeFolder(folder: string): Promise<Declaration[]> {
  const names: string[] = [];
  try {
    await listBelow(await Deno.realPath(folder), { prefix: "", depth: 0, names });
  } catch (error) {
    throw storageError(error, `list the folder ${JSON.stringify(folder)}`);
  }
  return names.map((name) => {
    return { source: name, target: name, strategy: "STRICT", symlinks: "refuse" };
  });
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
