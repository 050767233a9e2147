import type { FileEntry } from "../../protocol/manifest_entry.ts";
import type { FileResult } from "../../protocol/results.ts";
import { bringWhatFits } from "../../protocol/second_try.ts";
import { assertEquals } from "../support/assert.ts";

function entryOf(path: string, size: number): FileEntry {
  return { kind: "file", path, digest: "00".repeat(32), size, mode: 0o600, strategy: "STRICT" };
}

const ENTRIES = [entryOf("l", 300), entryOf("m", 200), entryOf("s", 100), entryOf("xs", 10)];

function full(path: string): FileResult {
  return { path, outcome: "failed", code: "disk-full" };
}

/** Tries again where only these fit; tells what was brought and what came of all. */
async function tryAgain(
  results: readonly FileResult[],
  fitting: readonly string[],
): Promise<[tried: string[], results: FileResult[]]> {
  const tried: string[] = [];
  const after = await bringWhatFits(results, {
    entries: ENTRIES,
    bring: ({ path }) => {
      tried.push(path);
      return Promise.resolve(fitting.includes(path) ? { path, outcome: "created" } : full(path));
    },
  });
  return [tried, after];
}

Deno.test("bringWhatFits tries the smallest first, up to the one that does not fit", async () => {
  const [tried, after] = await tryAgain(["l", "m", "s", "xs"].map(full), ["s", "xs"]);
  assertEquals(tried, ["xs", "s", "m"]);
  const created = (path: string): FileResult => ({ path, outcome: "created" });
  assertEquals(after, [full("l"), full("m"), created("s"), created("xs")]);
});

Deno.test("bringWhatFits leaves alone what failed by itself, or for another reason", async () => {
  const others: FileResult[] = [
    { path: "m", outcome: "failed", code: "read-only" },
    { path: "s", outcome: "updated" },
    { path: "not in the manifest", outcome: "failed", code: "disk-full" },
  ];
  for (const results of [[], others, [full("l"), ...others]]) {
    assertEquals(await tryAgain(results, ["l"]), [[], results]);
  }
});
