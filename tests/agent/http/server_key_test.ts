import { ServerKey } from "../../../agent/http/server_key.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../support/assert.ts";

const KEY = "k".repeat(40);
const ENTRY: FileEntry = {
  ...{ kind: "file", path: "key", digest: "00", size: 1, mode: 0o600, strategy: "STRICT" },
};

function keyOf(contents: string | null): ServerKey {
  return new ServerKey({
    path: "key",
    find: (path) => path === "key" ? [ENTRY] : [],
    read: ([entry]) => {
      const isIt = entry === ENTRY && contents !== null;
      return Promise.resolve(isIt ? { bytes: encodeUtf8(contents) } : null);
    },
  });
}

Deno.test("ServerKey takes the key that was delivered, with a newline behind it or not", async () => {
  for (const contents of [KEY, `${KEY}\n`, `${KEY}\r\n`]) {
    const key = keyOf(contents);
    assertEquals(await key.check(`Bearer ${KEY}`), "right");
    assertEquals(await key.check(`bearer  ${KEY}`), "right");
  }
});

Deno.test("ServerKey refuses every other key, and none", async () => {
  const key = keyOf(KEY);
  for (
    const shown of [undefined, "", "Bearer", `Basic ${KEY}`, KEY, `Bearer ${KEY}x`, "Bearer k"]
  ) {
    assertEquals(await key.check(shown), "wrong", shown);
  }
});

Deno.test("ServerKey takes nothing where there is no key, or one that is too easy", async () => {
  for (
    const contents of [
      null,
      "",
      "\n",
      "short",
      `${KEY} ${KEY}`,
      "\xe9".repeat(40),
      "x".repeat(5_000),
    ]
  ) {
    assertEquals(await keyOf(contents).check(`Bearer ${contents ?? ""}`), "unusable");
  }
});

Deno.test("ServerKey is unusable where its file cannot be read", async () => {
  const key = new ServerKey({
    path: "key",
    find: () => [ENTRY],
    read: () => Promise.reject(new Error("gone")),
  });
  assertEquals(await key.check(`Bearer ${KEY}`), "unusable");
});
