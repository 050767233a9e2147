/**
 * The same file, link or pipe under a second name, or where that cannot be, a copy of it.
 *
 * @module
 */
import { type Ownership, StorageError } from "../../../protocol/mod.ts";
import { dirname, errnoOf, storageError } from "../../../protocol/host/mod.ts";
import { ownershipFrom, readPieces, StagedDiskFile } from "../files/mod.ts";

/** Something that is on the disk. */
export interface DiskEntry {
  /** Where it is. */
  readonly at: string;
  /** What is known of it. */
  readonly info: Deno.FileInfo;
}

/** Why a file system gives no second name to a file. */
const LINK_ERRNOS: ReadonlySet<string> = new Set([
  "EPERM",
  "EACCES",
  "EXDEV",
  "EMLINK",
  "ENOTSUP",
  "EOPNOTSUPP",
]);

/**
 * Gives something that is no folder a second name; its contents are not read.
 *
 * @throws {StorageError}
 */
export async function linkEntry(
  { at, info }: DiskEntry,
  { to }: { readonly to: string },
): Promise<void> {
  try {
    await Deno.link(at, to);
  } catch (error) {
    if (!LINK_ERRNOS.has(errnoOf(error) ?? "")) {
      throw storageError(error, `take over ${JSON.stringify(at)}`);
    }
    await copyEntry({ at, info }, { to, ownership: ownershipFrom(info) });
  }
}

/**
 * Copies a file, or a link as a link.
 *
 * @throws {StorageError} `not-a-file` for anything else; `file-changed`; or what the system said.
 */
export async function copyEntry(
  { at, info }: DiskEntry,
  { to, ownership }: { readonly to: string; readonly ownership: Ownership },
): Promise<void> {
  if (info.isSymlink) {
    try {
      return await Deno.symlink(await Deno.readLink(at), to);
    } catch (error) {
      throw storageError(error, `copy ${JSON.stringify(at)}`);
    }
  }
  if (!info.isFile) {
    throw new StorageError("not-a-file", `cannot copy ${JSON.stringify(at)}: it is no file`);
  }
  const folder = dirname(to);
  const staged = await StagedDiskFile.create({ folder, target: to, ownership, check: () => {} });
  try {
    for await (const piece of readPieces(at, info)) await staged.write(piece);
    await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
