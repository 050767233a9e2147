import { encodeHex } from "../../../protocol/bytes.ts";
import { DigestCache, type FileStamp } from "../../../protocol/host/digest_cache.ts";
import { assertEquals } from "../../support/assert.ts";

const STARTED_MS = 1_000_000;
const DIGEST = new Uint8Array(32);

function stampAt(changedMs: number, changes: Partial<FileStamp> = {}): FileStamp {
  const time = new Date(changedMs);
  return { dev: 1, ino: 7, size: 3, mtime: time, ctime: time, ...changes };
}

const SETTLED = stampAt(STARTED_MS - 2_000);

function remember(cache: DigestCache, before: FileStamp, after: FileStamp = before): void {
  cache.set("a", { digest: DIGEST, before, after, startedMs: STARTED_MS });
}

function cacheWith(before: FileStamp, after: FileStamp = before): DigestCache {
  const cache = new DigestCache();
  remember(cache, before, after);
  return cache;
}

Deno.test("DigestCache knows a file that has not changed", () => {
  const cache = cacheWith(SETTLED);
  assertEquals(cache.get("a", { ...SETTLED, mtime: new Date(STARTED_MS - 2_000) }), DIGEST);
  assertEquals(cache.get("b", SETTLED), null);
});

const OTHER_STATES: Readonly<Record<string, FileStamp>> = {
  "another device": { ...SETTLED, dev: 2 },
  "another inode": { ...SETTLED, ino: 8 },
  "another size": { ...SETTLED, size: 4 },
  "another time of writing": { ...SETTLED, mtime: new Date(0) },
  "another time of change": { ...SETTLED, ctime: new Date(0) },
};

for (const [name, stamp] of Object.entries(OTHER_STATES)) {
  Deno.test(`DigestCache does not know a file with ${name}`, () => {
    assertEquals(cacheWith(SETTLED).get("a", stamp), null);
  });
}

const UNSURE_STATES: Readonly<Record<string, FileStamp>> = {
  "was written moments before": stampAt(STARTED_MS - 1_999),
  "had its time set back moments before": stampAt(STARTED_MS - 1_999, { mtime: new Date(0) }),
  "has no time of writing": stampAt(0, { mtime: null }),
};

for (const [name, stamp] of Object.entries(UNSURE_STATES)) {
  Deno.test(`DigestCache does not remember a file that ${name}`, () => {
    assertEquals(cacheWith(stamp).get("a", stamp), null);
  });
}

Deno.test("DigestCache does not remember a file that changed while it was hashed", () => {
  const after = { ...SETTLED, size: 4 };
  assertEquals(cacheWith(SETTLED, after).get("a", after), null);
});

Deno.test("DigestCache forgets a file that came to be uncertain", () => {
  const cache = cacheWith(SETTLED);
  remember(cache, stampAt(STARTED_MS));
  assertEquals(cache.get("a", SETTLED), null);
});

Deno.test("DigestCache forgets what it is told to", () => {
  const cache = cacheWith(SETTLED);
  cache.retain(new Set(["a"]));
  assertEquals(cache.get("a", SETTLED), DIGEST);
  cache.retain(new Set());
  assertEquals(cache.get("a", SETTLED), null);
  remember(cache, SETTLED);
  cache.delete("a");
  assertEquals(cache.get("a", SETTLED), null);
});

Deno.test("DigestCache says whether a file holds what has a digest, where it knows the file", () => {
  const digest = Uint8Array.from({ length: 32 }, (_, i) => (i * 37) % 256);
  const cache = new DigestCache();
  cache.set("a", { digest, before: SETTLED, after: SETTLED, startedMs: STARTED_MS });
  const hex = encodeHex(digest);
  assertEquals(cache.holds("a", SETTLED, hex), true);
  assertEquals(cache.holds("b", SETTLED, hex), null);
  assertEquals(cache.holds("a", { ...SETTLED, size: 4 }, hex), null);
  for (let i = 0; i < hex.length; i++) {
    const other = hex.slice(0, i) + (hex[i] === "0" ? "1" : "0") + hex.slice(i + 1);
    assertEquals(cache.holds("a", SETTLED, other), false);
  }
  assertEquals(cache.holds("a", SETTLED, hex.toUpperCase()), false);
  assertEquals(cache.holds("a", SETTLED, `${hex}00`), false);
  assertEquals(cache.holds("a", SETTLED, ""), false);
});
