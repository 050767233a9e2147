/**
 * What is in a folder that nobody declared, and how it is named to a keeper.
 *
 * @module
 */
import { encodeUtf8, findPathFault, RESERVED_PREFIX } from "../../../protocol/mod.ts";
import { join, storageError } from "../../../protocol/host/mod.ts";
import { type InodeKey, inodeKey, lookAt } from "./disk_path.ts";

/** One thing in a folder. */
export interface Stranger {
  /** Its name on the disk. */
  readonly name: string;
  /** Whether it can be reached by that name: one that is not in UTF-8 cannot. */
  readonly isReachable: boolean;
}

/** What {@linkcode findStrangers} works with. */
export interface StrangerSearch {
  /** The names that may be there. */
  readonly declared: { has(name: string): boolean; keys(): Iterable<string> };
  /** What is known of the folder. */
  readonly info: Deno.FileInfo;
  /** Looks at one thing. @default {lookAt} */
  readonly look?: (path: string) => Deno.FileInfo | null;
}

/** Up to which size of its own, in bytes, a folder holds few enough names to be read at once. */
const SMALL_FOLDER_BYTES = 65_536;

/** The mark of what is no character, in a name that is not in UTF-8. */
const REPLACEMENT = "\ufffd";
// What a path on the wire may not hold.
// deno-lint-ignore no-control-regex
const UNSPEAKABLE = /[\u0000-\u001f\u007f-\u009f\\\u2028\u2029]/g;

/**
 * Finds what is in a folder and not declared, but for the agent's own names.
 *
 * Where the file system takes two names for the same, what it has under the other one is declared.
 *
 * @throws {StorageError} with what the file system said.
 */
export async function findStrangers(folder: string, search: StrangerSearch): Promise<Stranger[]> {
  const { declared, look = lookAt } = search;
  const names = await listNames(folder, search.info);
  const strange = names.filter((name) => {
    return !declared.has(name) && !name.startsWith(RESERVED_PREFIX);
  });
  if (strange.length === 0) return [];
  const present = new Set(names);
  const aliases = new Set<InodeKey>();
  for (const name of declared.keys()) {
    if (present.has(name)) continue;
    const info = look(join(folder, name));
    const inode = info === null ? null : inodeKey(info);
    if (inode !== null) aliases.add(inode);
  }
  return strange.flatMap((name) => {
    if (aliases.size === 0 && !name.includes(REPLACEMENT)) return [{ name, isReachable: true }];
    const info = look(join(folder, name));
    const inode = info === null ? null : inodeKey(info);
    if (inode !== null && aliases.has(inode)) return [];
    return [{ name, isReachable: info !== null }];
  });
}

/** Lists a folder; to wait for a small one would take longer than to read it. */
async function listNames(folder: string, { size }: Deno.FileInfo): Promise<string[]> {
  try {
    if (size > SMALL_FOLDER_BYTES) {
      return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    }
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch (error) {
    throw storageError(error, `list ${JSON.stringify(folder)}`);
  }
}

/**
 * Returns how something on the disk is named to a keeper: by its path, or, where that may not stand on
 * the wire, by one that comes near.
 */
export function reportedPath(folder: string, name: string): string {
  const candidates = [
    `${folder}/${name}`,
    `${folder}/${name.toWellFormed().replaceAll(UNSPEAKABLE, REPLACEMENT)}`,
    `${folder}/unnamed-${hashOf(name)}`,
  ];
  const found = candidates.find((path) => findPathFault(path) === null);
  return found ?? `unnamed-${hashOf(`${folder}/${name}`)}`;
}

/** FNV-1a of 32 bits: tells names apart, and keeps nothing secret. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of encodeUtf8(text.toWellFormed())) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
