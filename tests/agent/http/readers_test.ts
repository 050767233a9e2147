import { hasSameReaders, mayRead } from "../../../agent/http/readers.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../support/assert.ts";

function entry(...readers: readonly string[]): FileEntry {
  return { ...OPEN, readers };
}

const OPEN: FileEntry = {
  ...{ kind: "file", path: "a", digest: "ab", size: 3, mode: 0o600, strategy: "STRICT" },
};

Deno.test("mayRead lets every component read what names no readers", () => {
  assertEquals([mayRead([OPEN], "web"), mayRead([OPEN], null)], [true, true]);
  assertEquals(mayRead([], "web"), false);
});

Deno.test("mayRead lets those read whom an entry names, in whatever case, and nobody else", () => {
  const names = ["db", "WEB", "web", "we", "webs", "", null];
  assertEquals(names.map((name) => mayRead([entry("db", "web")], name)), [
    ...[true, true, true, false, false, false, false],
  ]);
  assertEquals(names.some((name) => mayRead([entry()], name)), false);
});

Deno.test("mayRead asks every entry of a path", () => {
  const both = [entry("db", "web"), entry("cache", "web")];
  assertEquals(["web", "db", "cache"].map((name) => mayRead(both, name)), [true, false, false]);
  assertEquals([mayRead([OPEN, entry()], "web"), mayRead([OPEN, entry("web")], "web")], [
    false,
    true,
  ]);
});

Deno.test("hasSameReaders tells none from nobody", () => {
  assertEquals(hasSameReaders(OPEN, { ...OPEN }), true);
  assertEquals(hasSameReaders(entry("a", "b"), entry("a", "b")), true);
  assertEquals(hasSameReaders(entry(), OPEN), false);
  assertEquals(hasSameReaders(entry("a"), entry("b")), false);
});
