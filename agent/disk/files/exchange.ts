/**
 * Putting a folder, or the link that stands for one, in the place of another.
 *
 * A link takes the place of a link at once. A folder and a link cannot: for a moment there is neither,
 * and what was there waits beside under a name from which its own follows. A process that ends in that
 * moment leaves that name, and the next one calls it by its own again.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import { basename, errnoOf, join, storageError } from "../../../protocol/host/mod.ts";
import { formerName, lookAt, refusePath } from "../paths/mod.ts";
import { mountError } from "./removal.ts";

/** What {@linkcode exchange} puts where. */
export interface Exchange {
  /** How it is called once it is in place. */
  readonly name: string;
  /** What is put in place, in the same folder. */
  readonly next: string;
}

/**
 * Puts something in place. No other work of this process comes between.
 *
 * @returns What was there before and could not be replaced, under its other name; else `null`.
 * @throws {StorageError} with what was there still, or again, in its place.
 */
export function exchange(folder: string, { name, next }: Exchange): string | null {
  const target = join(folder, name);
  const before = lookAt(target);
  try {
    if (before === null || (before.isSymlink && lookAt(next)?.isSymlink === true)) {
      Deno.renameSync(next, target);
      return null;
    }
    return replace(target, { folder, next });
  } catch (error) {
    if (errnoOf(error) === "EBUSY") throw mountError(target, error);
    throw storageError(error, `exchange ${JSON.stringify(target)}`);
  }
}

function replace(
  target: string,
  { folder, next }: { readonly folder: string; readonly next: string },
): string {
  const name = formerName(basename(target));
  if (name === null) throw refusePath(target, "has too long a name for what is exchanged at once");
  const former = join(folder, name);
  if (lookAt(former) !== null) {
    throw new StorageError(
      "io-failed",
      `${JSON.stringify(former)} is left from an earlier process`,
    );
  }
  Deno.renameSync(target, former);
  try {
    Deno.renameSync(next, target);
  } catch (error) {
    Deno.renameSync(former, target);
    throw error;
  }
  return former;
}

/**
 * Calls what an earlier process was exchanging by its own name again, where nothing has that name.
 *
 * @returns Whether there was anything.
 */
export function restoreFormer(folder: string, name: string): boolean {
  const former = formerName(name);
  if (former === null) return false;
  const path = join(folder, former);
  const target = join(folder, name);
  if (lookAt(path) === null || lookAt(target) !== null) return false;
  try {
    Deno.renameSync(path, target);
    return true;
  } catch (error) {
    throw storageError(error, `put ${JSON.stringify(target)} back in its place`);
  }
}
