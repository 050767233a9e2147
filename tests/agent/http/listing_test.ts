import { formatListing } from "../../../agent/http/listing.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../support/assert.ts";

function entry(path: string): FileEntry {
  return { kind: "file", path, digest: "ab", size: 3, mode: 0o40, strategy: "STRICT" };
}

async function read(entries: readonly FileEntry[]): Promise<unknown[]> {
  const pieces = formatListing(entries, ({ path }) => path === "gone" ? null : { modifiedMs: 1 });
  return JSON.parse(await new Blob(await Array.fromAsync(pieces)).text()).files;
}

Deno.test("formatListing says of each file what it is, and whether it is there", async () => {
  assertEquals(await read([entry("a"), entry("gone")]), [
    { path: "a", size: 3, digest: "ab", mode: "0040", modified: "1970-01-01T00:00:00.001Z" },
    { path: "gone", size: 3, digest: "ab", mode: "0040", modified: null },
  ]);
  assertEquals(await read([]), []);
});

Deno.test("formatListing writes many files in pieces", async () => {
  const entries = Array.from({ length: 1_000 }, (_, i) => entry(`${i}`));
  assertEquals((await read(entries)).length, 1_000);
  const pieces = await Array.fromAsync(formatListing(entries, () => null));
  assertEquals(pieces.length, 4);
});
