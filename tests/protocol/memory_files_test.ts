import { encodeUtf8 } from "../../protocol/bytes.ts";
import { StorageError } from "../../protocol/errors.ts";
import { foldersAbove, MemoryFiles } from "../../protocol/memory_files.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const BYTES = encodeUtf8("secret");

function filesOf(...paths: string[]): MemoryFiles {
  const files = new MemoryFiles();
  for (const path of paths) {
    if (path.endsWith("/")) files.makeFolder(path.slice(0, -1));
    else files.write(path, BYTES);
  }
  return files;
}

function namesOf(files: MemoryFiles): string[] {
  return [...files.files, ...[...files.folders].map((path) => `${path}/`)];
}

Deno.test("foldersAbove yields the nearest first, and no root", () => {
  assertEquals([...foldersAbove("a/b/c")], ["a/b", "a"]);
  assertEquals([...foldersAbove("/a/b")], ["/a"]);
  assertEquals([...foldersAbove("/a"), ...foldersAbove("a")], []);
});

Deno.test("MemoryFiles takes what something is in for a folder, made or not", () => {
  const files = filesOf("a/b/c", "d/");
  assertEquals(["a", "a/b", "d"].map((path) => files.isFolder(path)), [true, true, true]);
  assertEquals(["a/b/c", "a/", "x", "a/b/c/d"].map((path) => files.isFolder(path)), [
    ...[false, false, false, false],
  ]);
  assertEquals(namesOf(files), ["a/b/c", "d/"]);
});

Deno.test("MemoryFiles keeps files and folders apart", () => {
  const files = filesOf("a", "d/e/f", "g/");
  for (const path of ["a/b", "a/b/c", "d", "d/e", "g"]) {
    assertThrows(() => files.write(path, BYTES), StorageError, "not-a-file");
  }
  for (const path of ["a", "a/b", "d/e/f", "d/e/f/g"]) {
    assertThrows(() => files.makeFolder(path), StorageError, "not-a-file");
  }
  assertEquals(files.findFileAbove("a/b/c"), "a");
  assertEquals([files.findFileAbove("a"), files.findFileAbove("d/e/x")], [null, null]);
  assertEquals(namesOf(files), ["a", "d/e/f", "g/"]);
});

Deno.test("MemoryFiles removes a file, a folder with all that is in it, and nothing beside", () => {
  const files = filesOf("a", "ab", "d/a", "d/e/b", "d.x", "de/c", "d/");
  assertEquals(files.remove("a"), ["a"]);
  assertEquals(files.remove("d").sort(), ["d", "d/a", "d/e/b"]);
  assertEquals(files.remove("x"), []);
  assertEquals(namesOf(files), ["ab", "d.x", "de/c"]);
  assertEquals([files.isFolder("d"), files.isFolder("d/e"), files.isFolder("de")], [
    ...[false, false, true],
  ]);
  files.write("d", BYTES);
});

Deno.test("MemoryFiles counts a file once, however often it is written", () => {
  const files = filesOf("d/a", "d/a", "d/e/", "d/e/");
  files.remove("d/a");
  assertEquals(files.isFolder("d"), true);
  files.remove("d/e");
  assertEquals(files.isFolder("d"), false);
});
