import fc from "fast-check";
import { parseManagedFiles } from "../../../keeper/vault/managed_files.ts";
import { ConfigError, findPathFault } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const ACCEPTED: readonly (readonly [string, string, string])[] = [
  ["file1.py", "file1.py", "file1.py"],
  ["./file1.py", "file1.py", "file1.py"],
  ["file2.txt:/remote/path/file2.txt", "file2.txt", "/remote/path/file2.txt"],
  ["file3.py:dir/file3.py", "file3.py", "dir/file3.py"],
  ["file3.py:./dir/other.py", "file3.py", "dir/other.py"],
  ["dir/file4:etc/", "dir/file4", "etc/file4"],
  ["dir/file4:/etc/", "dir/file4", "/etc/file4"],
  ["dir/file4:./", "dir/file4", "file4"],
  ["dir/file5", "dir/file5", "dir/file5"],
  ["with space.txt", "with space.txt", "with space.txt"],
  ["C:/x", "C", "/x"],
  ["folder/", "folder", "folder"],
  ["./tls/:/etc/app", "tls", "/etc/app"],
  ["conf/tls/:/etc/", "conf/tls", "/etc/tls"],
];

for (const [item, source, target] of ACCEPTED) {
  Deno.test(`parseManagedFiles reads ${item}`, () => {
    assertEquals(parseManagedFiles([item]), [
      { source, target, strategy: "STRICT", symlinks: "refuse", origin: "--managed-files" },
    ]);
  });
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["", /empty/],
  [":remote", /empty/],
  ["local:", /empty/],
  ["a:b:c", /more than one colon/],
  ["a,b", /comma/],
  ["/etc/passwd", /absolute/],
  ["../secret", /"\.\."/],
  ["a/../b", /"\.\."/],
  ["a/./b", /"\."/],
  ["a//b", /empty segment/],
  ["folder//", /empty segment/],
  ["/", /absolute/],
  ["C:\\vault\\x", /drive letter/],
  ["a\\b", /backslash/],
  ["a:../b", /"\.\."/],
  ["a:/../etc/x", /"\.\."/],
  ["a:/etc//x", /empty segment/],
  ["a\u0000b", /control/],
];

for (const [item, reason] of REFUSED) {
  Deno.test(`parseManagedFiles refuses ${JSON.stringify(item)}`, () => {
    const error = assertThrows(() => parseManagedFiles([item]), ConfigError, "config-invalid");
    assert(reason.test(error.message), error.message);
    assert(error.message.includes(JSON.stringify(item)), error.message);
  });
}

Deno.test("parseManagedFiles puts a file into the root where the operator says so", () => {
  assertEquals(parseManagedFiles(["a:/"]).map(({ target }) => target), ["/a"]);
});

Deno.test("parseManagedFiles names both items with one target", () => {
  const error = assertThrows(() => parseManagedFiles(["a:x", "b:./x"]), ConfigError);
  assert(error.message.includes('"a:x"') && error.message.includes('"b:./x"'), error.message);
});

Deno.test("parseManagedFiles takes what goes below another, which may be a folder", () => {
  const targets = parseManagedFiles(["a:x", "b:x/y"]).map(({ target }) => target);
  assertEquals(targets, ["x", "x/y"]);
});

Deno.test("parseManagedFiles gives one file two targets", () => {
  assertEquals(parseManagedFiles(["a:x", "a:y"]).map(({ target }) => target), ["x", "y"]);
});

Deno.test("parseManagedFiles lets no accepted path leave its root", () => {
  const piece = fc.constantFrom("..", ".", "a", "b c", "/", "//", ":", ",", "\\", "C", "~", "\n");
  const item = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  let accepted = 0;
  fc.assert(fc.property(item, (text) => {
    let files;
    try {
      files = parseManagedFiles([text]);
    } catch (error) {
      assert(error instanceof ConfigError);
      return;
    }
    accepted++;
    for (const { source, target } of files) {
      assert(!source.startsWith("/") && findPathFault(source) === null);
      assert(findPathFault(target) === null);
    }
  }));
  assert(accepted > 0);
});
