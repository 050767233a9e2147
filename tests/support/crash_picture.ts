/** What a killed agent may have left behind, and what may be there once all is well again. */
import { RESERVED_PREFIX } from "../../protocol/mod.ts";
import { assert, assertEquals } from "./assert.ts";
import { type Picture, takePicture } from "./disk_picture.ts";
import { digestText } from "./vault_tree.ts";

const OWN_NAMES = /^\.fluxvault-/;

/** How often a picture is tried of a folder in which somebody is still at work. */
const MAX_TRIES = 100;

/**
 * Takes a picture with digests in the place of contents, without what is the agent's own.
 *
 * An agent that has lost its keeper may still be at work, and what was just looked at may be gone, or
 * be another thing: then it is tried again.
 */
export async function takeCrashPicture(folder: string): Promise<Picture> {
  const contents = async (path: string) => await digestText(await Deno.readFile(path));
  for (let tried = 1;; tried++) {
    try {
      return await takePicture(folder, { contents, except: OWN_NAMES });
    } catch (error) {
      if (tried === MAX_TRIES || !isOfMovedPath(error)) throw error;
    }
  }
}

/** Tells whether something was gone, or of another kind, when it was looked at for the second time. */
function isOfMovedPath(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.IsADirectory || error instanceof Deno.errors.FilesystemLoop ||
    // What readlink says of something that is no link any more; Deno has no class for it.
    (error instanceof TypeError && error.message.includes("os error 22"));
}

/** What is known of work that was cut off. */
export interface CutWork {
  /** What was there before. */
  readonly before: Picture;
  /** What is there now. */
  readonly after: Picture;
  /** What was to be there. */
  readonly wanted: Picture;
  /** The paths of folders that are exchanged as a whole. */
  readonly sets: readonly string[];
  /** Whether such a folder is to become a link, or was one: then it may have no name for a moment. */
  readonly isRemade: boolean;
  /** The path of the file that is written over where it is. */
  readonly inPlace: string;
}

/** Fails unless each thing is as it was or as it was to be, and each set is so as a whole. */
export function checkCutWork(work: CutWork): void {
  const { before, after, wanted, sets, inPlace } = work;
  for (const set of sets) checkSet(work, set);
  for (const path of new Set([...before.keys(), ...wanted.keys(), ...after.keys()])) {
    if (path === inPlace || sets.some((set) => isBelow(path, set))) continue;
    const [was, is, shall] = [before.get(path), after.get(path), wanted.get(path)];
    if (is === was || is === shall) continue;
    // A folder on the way has its mode only when its own turn comes.
    if (is === "folder 700" && kindOf(shall) === "folder" && kindOf(was) !== "folder") continue;
    // Where a folder takes the place of a file, or a file that of a folder, one goes before the other.
    if (is === undefined && isReplaced(path, work)) continue;
    throw new Error(
      `${path} is ${is ?? "gone"}; it was ${was ?? "not there"} and is to be ${shall}`,
    );
  }
}

function checkSet({ before, after, wanted, isRemade }: CutWork, set: string): void {
  const part = (picture: Picture) => {
    return JSON.stringify([...picture].filter(([path]) => isBelow(path, set)).sort());
  };
  const is = part(after);
  if (is === part(before) || is === part(wanted)) return;
  assert(
    is === "[]" && isRemade,
    `${set} is neither old nor new, but ${is}
    was ${part(before)}
    to be ${part(wanted)}`,
  );
}

/** Tells whether a path is that of a folder, or below it. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function kindOf(what: string | undefined): string {
  return what?.split(" ")[0] ?? "none";
}

/** Tells whether something of one kind makes room for another here or above. */
function isReplaced(path: string, { before, wanted }: CutWork): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const way = path.slice(0, end);
    if (kindOf(before.get(way)) !== kindOf(wanted.get(way))) return true;
  }
  return false;
}

/**
 * Fails unless a file that was being written over has its old or its new byte at each place; `null`
 * stands for none.
 */
export function checkMixed(
  is: Uint8Array | null,
  { was, shall }: { readonly was: Uint8Array | null; readonly shall: Uint8Array },
): void {
  if (was === null && is === null) return;
  assert(is !== null, "a file that is written over is gone");
  // What is not there cannot be written over: it comes as any other.
  if (was === null) return assertEquals(is, shall);
  const lengths = [was.length, shall.length].sort((a, b) => a - b);
  assert(is.length >= (lengths[0] ?? 0) && is.length <= (lengths[1] ?? 0), "a length of its own");
  const odd = is.findIndex((byte, i) => byte !== was[i] && byte !== shall[i]);
  assertEquals(odd, -1, `byte ${odd} is neither old nor new`);
}

/** Lists what is the agent's own below its working folder, with sizes. */
export async function listOwn(folder: string, below = ""): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (name.startsWith(RESERVED_PREFIX)) {
      found.set(path, (await Deno.lstat(`${folder}/${path}`)).size);
    } else if (isDirectory) {
      for (const [inner, size] of await listOwn(folder, path)) found.set(inner, size);
    }
  }
  return found;
}

/** Lists what is the agent's own below its working folder, and not what a link there leads to. */
export async function listLeftOvers(folder: string): Promise<string[]> {
  const used = new Set<string>();
  for await (const { name, isSymlink } of Deno.readDir(folder)) {
    if (isSymlink) used.add(await Deno.readLink(`${folder}/${name}`));
  }
  return [...(await listOwn(folder)).keys()].filter((path) => !used.has(path));
}
