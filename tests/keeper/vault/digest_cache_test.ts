import { DigestCache } from "../../../keeper/vault/digest_cache.ts";
import { assertEquals } from "../../support/assert.ts";

const STAMP = { identity: "1:2", size: 3, modifiedMs: 10_000, changedMs: 10_000 };

Deno.test("DigestCache returns the digest of a file that is the same", () => {
  const cache = new DigestCache();
  cache.set(STAMP, { digest: "d", atMs: 12_000 });
  assertEquals(cache.get({ ...STAMP }), "d");
});

for (
  const [what, other] of [
    ["size", { ...STAMP, size: 4 }],
    ["time of change", { ...STAMP, modifiedMs: 10_001 }],
    ["time of change of its attributes", { ...STAMP, changedMs: 11_000 }],
    ["inode", { ...STAMP, identity: "1:3" }],
  ] as const
) {
  Deno.test(`DigestCache knows nothing of a file with another ${what}`, () => {
    const cache = new DigestCache();
    cache.set(STAMP, { digest: "d", atMs: 12_000 });
    assertEquals(cache.get(other), null);
  });
}

Deno.test("DigestCache does not keep what was written less than two seconds before", () => {
  const cache = new DigestCache();
  cache.set(STAMP, { digest: "old", atMs: 12_000 });
  cache.set(STAMP, { digest: "new", atMs: 11_999 });
  assertEquals(cache.get(STAMP), null);
});

Deno.test("DigestCache forgets what is not retained", () => {
  const cache = new DigestCache();
  const other = { ...STAMP, identity: "1:3" };
  for (const stamp of [STAMP, other]) cache.set(stamp, { digest: "d", atMs: 12_000 });
  cache.retain(new Set(["1:3"]));
  assertEquals([cache.get(STAMP), cache.get(other)], [null, "d"]);
});
