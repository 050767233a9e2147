/**
 * How many places the paths of a manifest name: each costs whoever takes it some memory, and a short
 * line can name five hundred (spec, section 8).
 *
 * @module
 */
import { MAX_MANIFEST_PLACES, MAX_PLACE_BYTES } from "./limits.ts";

/** The places that are known, in full. */
interface KnownPlaces {
  has(place: string): boolean;
  add(place: string): unknown;
}

const NONE: KnownPlaces = { has: () => false, add: () => {} };

/**
 * Tells whether paths name more places than they may, or longer ones: themselves, and the folders on
 * the way to them.
 *
 * @param entries In the order of their paths, by bytes in UTF-8.
 */
export function exceedsPlaces(entries: readonly { readonly path: string }[]): boolean {
  // What stands between a folder and what is in it has it counted twice; that is rare, and then all
  // are told apart.
  return hasMore(entries, NONE) && hasMore(entries, new Set());
}

/** Counts; what a path has in common with the one before it is counted there. */
function hasMore(entries: readonly { readonly path: string }[], known: KnownPlaces): boolean {
  let count = 0;
  let bytes = 0;
  let before = "";
  for (const { path } of entries) {
    const shared = sharedLength(before, path);
    let size = sizeOf(path, { from: 0, to: path.length });
    for (let end = path.length; end > shared;) {
      const place = path.slice(0, end);
      if (!known.has(place)) {
        known.add(place);
        count++;
        bytes += size;
        if (count > MAX_MANIFEST_PLACES || bytes > MAX_PLACE_BYTES) return true;
      }
      const next = Math.max(0, path.lastIndexOf("/", end - 1));
      size -= sizeOf(path, { from: next, to: end });
      end = next;
    }
    before = path;
  }
  return false;
}

/** Returns the length of a part of a text in UTF-8. */
function sizeOf(
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  let size = 0;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    // Two surrogates stand for four bytes.
    const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
    size += unit < 0x80 ? 1 : unit < 0x800 || isSurrogate ? 2 : 3;
  }
  return size;
}

/** Returns the length of the longest way that both paths begin with, up to a whole name. */
function sharedLength(first: string, second: string): number {
  const length = Math.min(first.length, second.length);
  let shared = 0;
  for (let i = 0; i < length; i++) {
    if (first.charCodeAt(i) !== second.charCodeAt(i)) return shared;
    if (first[i] === "/") shared = i;
  }
  return second[length] === "/" ? length : shared;
}
