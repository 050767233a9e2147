/**
 * Whether what is on the disk is what the agent put there, and nothing else.
 *
 * @module
 */
import { join } from "../../../protocol/host/mod.ts";
import { encodeHex, RESERVED_PREFIX } from "../../../protocol/mod.ts";
import { generationOf, lookAt } from "../paths/mod.ts";
import type { FileDigests } from "../files/mod.ts";
import type { Holding, Holdings } from "../state/mod.ts";

/** Something on the disk. */
export interface FoundEntry {
  /** Its real path. */
  readonly at: string;
  /** Its path on the wire. */
  readonly path: string;
  /** What is known of it. */
  readonly info: Deno.FileInfo;
}

/** What {@linkcode isWhollyOurs} knows. */
export interface OurParts {
  /** What was put in place. */
  readonly holdings: Holdings;
  /** What files hold. */
  readonly digests: FileDigests;
}

/** Tells whether something, with all that is in it, was put there by the agent. */
export async function isWhollyOurs(
  { at, path, info }: FoundEntry,
  parts: OurParts,
): Promise<boolean> {
  const holding = parts.holdings.get(path);
  if (holding === undefined) return false;
  if (info.isFile) return await isOurFile({ at, info }, { holding, digests: parts.digests });
  if (holding.kind !== "folder" && !holding.mayBeFolder) return false;
  const folder = info.isSymlink ? generationOf(at) : at;
  if (folder === null || lookAt(folder)?.isDirectory !== true) return false;
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(RESERVED_PREFIX)) continue;
      const inside = join(folder, name);
      const found = lookAt(inside);
      if (found === null) continue;
      const entry = { at: inside, path: `${path}/${name}`, info: found };
      if (!await isWhollyOurs(entry, parts)) return false;
    }
    return true;
  } catch {
    // What cannot be listed may be anybody's.
    return false;
  }
}

/** Tells whether a file is the one that was put there, for all that is known. */
export async function isOurFile(
  { at, info }: Omit<FoundEntry, "path">,
  { holding, digests }: { readonly holding: Holding; readonly digests: FileDigests },
): Promise<boolean> {
  if (holding.kind !== "file") return false;
  if (holding.pending.length === 0) return true;
  const digest = await digests.of(at, info).catch(() => null);
  return digest !== null && holding.pending.includes(encodeHex(digest));
}
