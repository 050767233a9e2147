/**
 * Who beside its owner can change what a keeper keeps.
 *
 * @module
 */
import { StorageError } from "../protocol/mod.ts";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Tells whether the group or others can write a file or folder; nobody can write what is not there.
 * Windows tells nothing.
 */
export function isWritableByOthers(path: string): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    return ((Deno.statSync(path).mode ?? 0) & WRITABLE_BY_OTHERS) !== 0;
  } catch {
    // Whoever reads it next says what is wrong.
    return false;
  }
}

/**
 * Refuses a file that others may have changed.
 *
 * @throws {StorageError} `permission-denied`, with how to mend it.
 */
export function refuseWritableByOthers(path: string): void {
  if (!isWritableByOthers(path)) return;
  throw new StorageError("permission-denied", `${path} can be written by others than its owner`, {
    hint: `Look through it first: others may have changed it. Then run chmod 600 ${path}.`,
  });
}
