import { MAX_MANIFEST_PLACES, MAX_PLACE_BYTES } from "../../protocol/limits.ts";
import { exceedsPlaces } from "../../protocol/manifest_places.ts";
import { assertEquals } from "../support/assert.ts";

/** Tells for so many paths, made from their numbers and put in order. */
function exceeds(count: number, path: (number: string) => string): boolean {
  const paths = Array.from({ length: count }, (_, i) => path(String(i).padStart(6, "0")));
  return exceedsPlaces(paths.sort().map((path) => ({ path })));
}

Deno.test("exceedsPlaces counts each path once", () => {
  assertEquals(exceeds(MAX_MANIFEST_PLACES, (number) => number), false);
  assertEquals(exceeds(MAX_MANIFEST_PLACES + 1, (number) => number), true);
});

Deno.test("exceedsPlaces counts the folders on the way", () => {
  const half = MAX_MANIFEST_PLACES / 2;
  for (const root of ["", "/"]) {
    assertEquals(exceeds(half, (number) => `${root}${number}/a`), false);
    assertEquals(exceeds(half + 1, (number) => `${root}${number}/a`), true);
    const deep = (number: string) => `${root}${number}${"/b".repeat(49)}`;
    assertEquals(exceeds(MAX_MANIFEST_PLACES / 50, deep), false);
    assertEquals(exceeds(MAX_MANIFEST_PLACES / 50 + 1, deep), true);
  }
});

Deno.test("exceedsPlaces counts how long the paths are, folder by folder", () => {
  // The places of each have 6, 10, 14 and so on up to 1,002 bytes.
  const path = (number: string) => `${number}${"/\u00e9b".repeat(249)}`;
  const bytes = Array.from({ length: 250 }, (_, i) => 6 + 4 * i).reduce((sum, n) => sum + n);
  const most = Math.floor(MAX_PLACE_BYTES / bytes);
  assertEquals(exceeds(most, path), false);
  assertEquals(exceeds(most + 1, path), true);
});

Deno.test("exceedsPlaces counts a folder once, however many are in it, or stand between", () => {
  const most = MAX_MANIFEST_PLACES - 2;
  assertEquals(exceeds(most, (number) => `deep/folder/${number}`), false);
  assertEquals(exceeds(most + 1, (number) => `deep/folder/${number}`), true);
  // In this order a-, a.b and a/b each stand between a and what is in it.
  const between = MAX_MANIFEST_PLACES / 4;
  const paths = Array.from({ length: between }, (_, i) => {
    const name = String(i).padStart(6, "0");
    return [name, `${name}-`, `${name}.b`, `${name}/b`];
  }).flat().sort();
  assertEquals(exceedsPlaces(paths.map((path) => ({ path }))), false);
  assertEquals(exceedsPlaces([...paths, "x"].map((path) => ({ path }))), true);
});
