import fc from "fast-check";
import { findPathFault } from "../../../protocol/mod.ts";
import {
  joinTarget,
  type ReadPath,
  readSourcePath,
  readTargetPath,
  readWorkdir,
} from "../../../keeper/loadout/paths.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function pathOf(read: ReadPath): string | null {
  return "path" in read ? read.path : null;
}

Deno.test("readSourcePath takes what is inside the vault, with or without marks of a folder", () => {
  const good = ["a", "./a", "a/b", "tls/", "caf\u00e9", "a b", ".env", "a:b,c@d"];
  assertEquals(good.map(readSourcePath).map(pathOf), [
    ...["a", "a", "a/b", "tls", "caf\u00e9", "a b", ".env", "a:b,c@d"],
  ]);
  const bad = [
    "",
    ".",
    "./",
    "/",
    "/a",
    "..",
    "a/../b",
    "a//b",
    "a\\b",
    "C:/a",
    "~",
    "~/a",
    "a\0",
    ".//a",
  ];
  assertEquals(bad.filter((text) => pathOf(readSourcePath(text)) !== null), []);
});

Deno.test("readTargetPath keeps the name of the source where it names a folder", () => {
  const read = (text: string) => pathOf(readTargetPath(text, "tls/key.pem"));
  assertEquals(["x", "./x", "/etc/", "etc/", "./", "/", "/etc/x"].map(read), [
    ...["x", "x", "/etc/key.pem", "etc/key.pem", "key.pem", "/key.pem", "/etc/x"],
  ]);
  assertEquals(["..", "../", "a//", "~/x", "C:\\x", "x/.", ".//x"].map(read), Array(7).fill(null));
});

Deno.test("readWorkdir takes a folder, and not the one that is meant anyway", () => {
  assertEquals(["app", "./app/", "/etc/app/"].map(readWorkdir).map(pathOf), [
    ...["app", "app", "/etc/app"],
  ]);
  assertEquals(
    ["", ".", "./", "..", "/", "a/../b"].map(readWorkdir).map(pathOf),
    Array(6).fill(null),
  );
});

Deno.test("joinTarget begins at a folder only where the target is relative", () => {
  assertEquals(pathOf(joinTarget("/srv", "a")), "/srv/a");
  assertEquals(pathOf(joinTarget("/srv", "/a")), "/a");
  assertEquals(pathOf(joinTarget(undefined, "a")), "a");
  assertEquals(pathOf(joinTarget("d".repeat(200), `${"e".repeat(200)}/`.repeat(5) + "f")), null);
});

Deno.test("readSourcePath and readTargetPath return what may stand in a manifest, and never climb", () => {
  const text = fc.array(
    fc.constantFrom("..", ".", "a", "/", "//", "~", "\\", ":", "\u0000", "\u00e9"),
  )
    .map((parts) => parts.join(""));
  fc.assert(fc.property(text, text, (source, target) => {
    const read = readSourcePath(source);
    if (!("path" in read)) return;
    assertEquals(findPathFault(read.path), null);
    assert(!read.path.startsWith("/") && !read.path.split("/").includes(".."));
    const put = readTargetPath(target, read.path);
    if ("path" in put) assertEquals(findPathFault(put.path), null);
  }));
});
