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
];

for (const [item, local, remote] of ACCEPTED) {
  Deno.test(`parseManagedFiles reads ${item}`, () => {
    assertEquals(parseManagedFiles([item]), [{ local, remote }]);
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
  ["folder/", /folder/],
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
  assertEquals(parseManagedFiles(["a:/"]), [{ local: "a", remote: "/a" }]);
});

Deno.test("parseManagedFiles names both items with one target", () => {
  const error = assertThrows(() => parseManagedFiles(["a:x", "b:./x"]), ConfigError);
  assert(error.message.includes('"a:x"') && error.message.includes('"b:./x"'), error.message);
});

Deno.test("parseManagedFiles names both items where a file would be a folder", () => {
  for (const items of [["a:x", "b:x/y"], ["b:x/y", "a:x"]]) {
    const error = assertThrows(() => parseManagedFiles(items), ConfigError);
    assert(error.message.includes('"a:x"') && error.message.includes('"b:x/y"'), error.message);
  }
});

Deno.test("parseManagedFiles gives one file two targets", () => {
  assertEquals(parseManagedFiles(["a:x", "a:y"]).map(({ remote }) => remote), ["x", "y"]);
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
    for (const { local, remote } of files) {
      assert(!local.startsWith("/") && findPathFault(local) === null);
      assert(findPathFault(remote) === null);
    }
  }));
  assert(accepted > 0);
});
