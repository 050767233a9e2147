/**
 * What was found at a source, and what is kept of that for the next look: so that what did not change is
 * the same object again, and what could not be read for a while is not forgotten.
 *
 * @module
 */
import type { DiskFile } from "./disk_file.ts";
import type { FolderMark } from "./folder_marks.ts";
import type { VaultFolder, VaultGap } from "./vault.ts";

/** A folder that was found. */
export interface DiskFolder extends VaultFolder, FolderMark {
  /** Where it is. */
  readonly path: string;
}

/** One thing that a walk found. */
export type DiskItem = DiskFile | DiskFolder | VaultGap;

/** What a walk over a source found. */
export interface Walk {
  /** What it found, folders before what is in them. */
  readonly items: readonly DiskItem[];
  /** Files and folders by `below`; in the place of a gap, what the walk before it found there. */
  readonly known: ReadonlyMap<string, DiskFile | DiskFolder>;
}

/** Makes a walk of what was found; the last one itself where that found the same. */
export function joinWalks(items: readonly DiskItem[], last: Walk | null): Walk {
  const known = new Map<string, DiskFile | DiskFolder>();
  const gaps = new Map<string, VaultGap>();
  for (const item of items) {
    if (item.kind === "gap") gaps.set(item.below, item);
    else known.set(item.below, item);
  }
  if (last === null) return { items, known };
  if (isSame(items, gaps, last)) return last;
  if (gaps.size > 0) {
    for (const [below, item] of last.known) {
      if (!known.has(below) && isCovered(below, gaps)) known.set(below, item);
    }
  }
  return { items, known };
}

/** Tells whether a walk misses a file that the last one knew of. */
export function hasLostFiles({ known }: Walk, last: Walk): boolean {
  for (const { kind, below } of last.known.values()) {
    if (kind === "file" && !known.has(below)) return true;
  }
  return false;
}

function isSame(
  items: readonly DiskItem[],
  gaps: ReadonlyMap<string, VaultGap>,
  last: Walk,
): boolean {
  if (items.length !== last.items.length) return false;
  for (const item of items) {
    if (item.kind !== "gap" && last.known.get(item.below) !== item) return false;
  }
  // As many of both, and no other gaps: then the others are no others, either.
  const before = last.items.filter((item) => item.kind === "gap");
  return before.length === gaps.size && before.every((gap) => {
    const { code, reason } = gaps.get(gap.below) ?? {};
    return code === gap.code && reason === gap.reason;
  });
}

/** Tells whether there is a gap at a path, or above it. */
function isCovered(below: string, gaps: ReadonlyMap<string, VaultGap>): boolean {
  if (gaps.has("") || gaps.has(below)) return true;
  for (let i = below.indexOf("/"); i > 0; i = below.indexOf("/", i + 1)) {
    if (gaps.has(below.slice(0, i))) return true;
  }
  return false;
}
