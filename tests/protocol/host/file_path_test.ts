import fc from "fast-check";
import { posix } from "node:path";
import * as system from "node:path";
import * as filePath from "../../../protocol/host/file_path.ts";
import { assertEquals } from "../../support/assert.ts";

const { POSIX_PATH } = filePath;

/** Paths of few letters, so that what is special about them happens often. */
const path = fc.array(fc.constantFrom("/", "//", ".", "..", "a", "b", "a.b", "...", ""))
  .map((parts) => parts.join(""));

for (const name of ["normalize", "dirname", "basename", "isAbsolute"] as const) {
  Deno.test(`${name} does with any path what node:path does`, () => {
    fc.assert(fc.property(path, (text) => {
      assertEquals(POSIX_PATH[name](text), posix[name](text));
    }));
  });
}

for (const name of ["join", "resolve"] as const) {
  Deno.test(`${name} does with any paths what node:path does`, {
    ignore: Deno.build.os === "windows",
  }, () => {
    fc.assert(fc.property(fc.array(path), (texts) => {
      assertEquals(POSIX_PATH[name](...texts), posix[name](...texts));
    }));
  });
}

Deno.test("relative does with any paths what node:path does", {
  ignore: Deno.build.os === "windows",
}, () => {
  fc.assert(fc.property(path, path, (from, to) => {
    assertEquals(POSIX_PATH.relative(from, to), posix.relative(from, to));
  }));
});

Deno.test("every function of file_path follows the rules of this system", () => {
  const { basename, dirname, isAbsolute, join, normalize, relative, resolve } = filePath;
  const ours = { basename, dirname, isAbsolute, join, normalize, relative, resolve };
  for (const text of ["a/b.c", "/a/../b", "C:\\a\\b", "a\\..\\b", ""]) {
    for (const [name, call] of Object.entries(ours)) {
      if (name === "relative") continue;
      const theirs = system[name as Exclude<keyof typeof ours, "relative">];
      assertEquals((call as (path: string) => unknown)(text), theirs(text), name);
    }
    assertEquals(ours.relative(text, "/x/y"), system.relative(text, "/x/y"));
  }
});
