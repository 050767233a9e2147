/**
 * Who may read a file from the file server: the components that its entries name (spec, section 8).
 *
 * @module
 */
import type { FileEntry } from "../../protocol/mod.ts";

/**
 * Tells whether a component may read what is at a path.
 *
 * Where several keepers declare the path, or a delivery is under way, each entry has to let it: a list
 * that is narrower counts at once, one that is wider once it is the only one.
 *
 * @param entries What may be at the path; at least one.
 * @param component Its name, in any case; `null` where it is not known who asks.
 */
export function mayRead(entries: readonly FileEntry[], component: string | null): boolean {
  const name = component?.toLowerCase();
  return entries.length > 0 && entries.every(({ readers }) => {
    return readers === undefined || (name !== undefined && readers.includes(name));
  });
}

/** Tells whether two entries name the same readers. */
export function hasSameReaders({ readers: a }: FileEntry, { readers: b }: FileEntry): boolean {
  return a === b || (a !== undefined && b !== undefined && a.join() === b.join());
}
