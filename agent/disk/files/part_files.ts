/**
 * Parts of large files that are kept for the rest to come.
 *
 * @module
 */
import {
  type FileEntry,
  type HasherFactory,
  limits,
  type ManifestEntry,
  type ResumedFile,
  StorageError,
} from "../../../protocol/mod.ts";
import { basename, createNodeHasher, join, storageError } from "../../../protocol/host/mod.ts";
import { HASH_PIECE_BYTES, PART_LIFETIME_MS } from "../../limits.ts";
import { lookAt } from "../paths/mod.ts";
import { openUnchanged } from "./file_digests.ts";
import { partName } from "./stage_name.ts";

/** A part that was taken up again. */
export interface OpenedPart extends Pick<ResumedFile, "offset" | "prefix" | "hasher"> {
  /** Where it is. */
  readonly path: string;
  /** Stands at its end. */
  readonly file: Deno.FsFile;
}

/** Remembers which parts are kept, and until when. */
export class PartFiles {
  readonly #createHasher: HasherFactory;
  readonly #keptMs = new Map<string, number>();

  /** Takes what makes hashers. */
  constructor(createHasher: HasherFactory = createNodeHasher) {
    this.#createHasher = createHasher;
  }

  /** Notes a part, and when it was kept, in Unix milliseconds. */
  note(path: string, keptMs: number): void {
    this.#keptMs.set(path, keptMs);
  }

  /**
   * Takes up what came of a file.
   *
   * @returns `null` where nothing is kept, or nothing that could be a part of it.
   * @throws {StorageError} with what the file system said.
   */
  async open(entry: FileEntry, folder: string): Promise<OpenedPart | null> {
    const path = join(folder, await partName(entry));
    const info = lookAt(path);
    if (info === null) return null;
    this.#keptMs.delete(path);
    const isPart = info.isFile && (info.nlink ?? 1) === 1 && info.size <= entry.size &&
      info.size >= limits.MIN_RESUMED_BYTES && !isStale(info, Date.now()) && isOurs(info, entry);
    try {
      return isPart ? await this.#read(path, info) : await removePart(path);
    } catch (error) {
      throw storageError(error, `go on with ${JSON.stringify(path)}`);
    }
  }

  async #read(path: string, info: Deno.FileInfo): Promise<OpenedPart> {
    const file = await openUnchanged(path, info);
    try {
      // One tells what is here, the other goes on.
      const [prefix, hasher] = [await this.#createHasher(), await this.#createHasher()];
      const buffer = new Uint8Array(HASH_PIECE_BYTES);
      let offset = 0;
      for (let length; (length = await file.read(buffer)) !== null;) {
        const piece = buffer.subarray(0, length);
        prefix.update(piece);
        hasher.update(piece);
        offset += length;
        if (offset > info.size) throw new StorageError("file-changed", "a part of a file grows");
      }
      return { path, file, offset, prefix: prefix.digest(), hasher };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Removes the parts of what is declared no more, and those that are too old; never rejects. */
  async retain(entries: readonly ManifestEntry[], nowMs: number): Promise<void> {
    if (this.#keptMs.size === 0) return;
    const wanted = new Set<string>();
    for (const entry of entries) {
      if (entry.kind !== "file" || entry.size < limits.MIN_RESUMED_BYTES) continue;
      wanted.add(await partName(entry));
    }
    for (const [path, keptMs] of this.#keptMs) {
      if (wanted.has(basename(path)) && nowMs - keptMs < PART_LIFETIME_MS) continue;
      this.#keptMs.delete(path);
      await removePart(path).catch(() => {});
    }
  }
}

/** Whoever put a file here in the place of ours could read in it what is written to it. */
function isOurs({ uid }: Deno.FileInfo, entry: FileEntry): boolean {
  return uid === null || uid === Deno.uid() || uid === entry.uid;
}

/** Tells whether a part is too old to wait any longer for the rest. */
export function isStale({ mtime }: Pick<Deno.FileInfo, "mtime">, nowMs: number): boolean {
  return nowMs - (mtime?.getTime() ?? 0) >= PART_LIFETIME_MS;
}

async function removePart(path: string): Promise<null> {
  await Deno.remove(path);
  return null;
}
