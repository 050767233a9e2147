import { DigestCache, type FileState } from "../../../agent/disk/digest_cache.ts";
import { assertEquals } from "../../support/assert.ts";

const NOW_MS = 1_000_000;
const DIGEST = new Uint8Array(32);

function stateAt(changedMs: number, changes: Partial<FileState> = {}): FileState {
  const time = new Date(changedMs);
  return { dev: 1, ino: 7, size: 3, mtime: time, ctime: time, ...changes };
}

const SETTLED = stateAt(NOW_MS - 2_000);

function cacheWith(before: FileState, after: FileState = before): DigestCache {
  const cache = new DigestCache(() => NOW_MS);
  cache.set("a", DIGEST, { before, after });
  return cache;
}

Deno.test("DigestCache knows a file that has not changed", () => {
  const cache = cacheWith(SETTLED);
  assertEquals(cache.get("a", SETTLED), DIGEST);
  assertEquals(cache.get("b", SETTLED), null);
});

const OTHER_STATES: Readonly<Record<string, FileState>> = {
  "another device": { ...SETTLED, dev: 2 },
  "another inode": { ...SETTLED, ino: 8 },
  "another size": { ...SETTLED, size: 4 },
  "another time of writing": { ...SETTLED, mtime: new Date(0) },
  "another time of change": { ...SETTLED, ctime: new Date(0) },
};

for (const [name, state] of Object.entries(OTHER_STATES)) {
  Deno.test(`DigestCache does not know a file with ${name}`, () => {
    assertEquals(cacheWith(SETTLED).get("a", state), null);
  });
}

Deno.test("DigestCache does not remember a file that was written moments ago", () => {
  const young = stateAt(NOW_MS - 1_999);
  assertEquals(cacheWith(young).get("a", young), null);
});

Deno.test("DigestCache does not remember a file whose time was set back moments ago", () => {
  const young = stateAt(NOW_MS - 1_999, { mtime: new Date(0) });
  assertEquals(cacheWith(young).get("a", young), null);
});

Deno.test("DigestCache does not remember a file that changed while it was hashed", () => {
  const after = { ...SETTLED, size: 4 };
  assertEquals(cacheWith(SETTLED, after).get("a", after), null);
});

Deno.test("DigestCache forgets a file that came to be uncertain", () => {
  const cache = cacheWith(SETTLED);
  const young = stateAt(NOW_MS);
  cache.set("a", DIGEST, { before: young, after: young });
  assertEquals(cache.get("a", SETTLED), null);
});

Deno.test("DigestCache forgets what it is told to", () => {
  const cache = cacheWith(SETTLED);
  cache.retain(new Map([["a", null]]));
  assertEquals(cache.get("a", SETTLED), DIGEST);
  cache.retain(new Map());
  assertEquals(cache.get("a", SETTLED), null);
  cache.set("a", DIGEST, { before: SETTLED, after: SETTLED });
  cache.delete("a");
  assertEquals(cache.get("a", SETTLED), null);
});
