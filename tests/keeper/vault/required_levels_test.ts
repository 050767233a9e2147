import { parseManagedFiles } from "../../../keeper/vault/managed_files.ts";
import { requireLevels } from "../../../keeper/vault/required_levels.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const FILES = parseManagedFiles(["db.password:etc/", "tls/key.pem:/etc/tls/", "motd", "a=b"]);
const FOLDERS = parseManagedFiles(["conf/", "conf/key"]);

function levelsBy(...items: readonly string[]): unknown[] {
  return requireLevels(items, FILES).map(({ requires }) => requires ?? null);
}

Deno.test("requireLevels asks for nothing where nothing is said", () => {
  assertEquals(requireLevels([], FILES), FILES);
});

Deno.test("requireLevels asks for a level of all files", () => {
  assertEquals(levelsBy("approved"), ["approved", "approved", "approved", "approved"]);
});

Deno.test("requireLevels takes what is said of one file before what is said of all", () => {
  const expected = ["first-use", "enrolled", "approved", "approved"];
  assertEquals(levelsBy("db.password=first-use", "approved", "./tls/key.pem=enrolled"), expected);
  assertEquals(levelsBy("a=b=enrolled"), [null, null, null, "enrolled"]);
});

Deno.test("requireLevels asks it of each place that a file goes to", () => {
  const files = parseManagedFiles(["key:a", "key:b"]);
  assertEquals(requireLevels(["key=enrolled"], files).map(({ requires }) => requires), [
    "enrolled",
    "enrolled",
  ]);
});

Deno.test("requireLevels takes a folder with and without its slash", () => {
  const levels = (...items: readonly string[]) =>
    requireLevels(items, FOLDERS).map(({ requires }) => requires ?? null);
  assertEquals(levels("conf/=approved"), ["approved", null]);
  assertEquals(levels("conf=first-use", "./conf/key=enrolled"), ["first-use", "enrolled"]);
});

Deno.test("requireLevels says how one file of a folder asks for more", () => {
  const error = assertThrows(() => requireLevels(["conf/other=enrolled"], FOLDERS), ConfigError);
  assertEquals(error.hint, "Name it in --managed-files, too, beside its folder conf.");
});

Deno.test("requireLevels lets an item stand twice", () => {
  assertEquals(levelsBy("approved", "approved").length, 4);
});

const MISTAKES: readonly (readonly [readonly string[], RegExp, RegExp])[] = [
  [["address"], /"address" names no level of trust/, /first-use, approved or enrolled/],
  [["motd=Approved"], /names no level/, /LOCAL=LEVEL/],
  [["motd="], /names no level/, /LOCAL=LEVEL/],
  [["=approved"], /names a file that is not managed/, /as it is in the vault/],
  [["MOTD=approved"], /names a file that is not managed/, /Did you mean motd\?/],
  [["/etc/tls/key.pem=approved"], /not managed/, /without where it goes/],
  [["approved", "enrolled"], /"enrolled" contradicts another item/, /LEVEL/],
  [["motd=approved", "./motd=first-use"], /contradicts another item/, /LEVEL/],
];

for (const [items, message, hint] of MISTAKES) {
  Deno.test(`requireLevels refuses ${items.join(",")}`, () => {
    const error = assertThrows(() => requireLevels(items, FILES), ConfigError);
    assert(message.test(error.message), error.message);
    assertEquals(error.setting, "--require");
    assert(hint.test(error.hint ?? ""), error.hint);
  });
}
