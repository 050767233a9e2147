import { PluginRefusal } from "../../../agent/plugins/plugin_refusal.ts";
import { checkVersion, raiseVersion } from "../../../agent/plugins/plugin_versions.ts";
import { MAX_REMEMBERED_PLUGINS } from "../../../agent/limits.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const KNOWN = [{ name: "a", version: "1.10.0", digest: "x" }];

function refusalOf(version: string, digest = "x"): string {
  return assertThrows(() => checkVersion({ name: "a", version, digest }, KNOWN), PluginRefusal)
    .code;
}

Deno.test("checkVersion takes a higher version, the same one, and names that are new", () => {
  checkVersion({ name: "a", version: "1.10.1", digest: "y" }, KNOWN);
  checkVersion({ name: "a", version: "1.10.0", digest: "x" }, KNOWN);
  checkVersion({ name: "b", version: "0.0.0", digest: "x" }, KNOWN);
});

Deno.test("checkVersion refuses a lower version, and another one by the same number", () => {
  assertEquals([refusalOf("1.9.9"), refusalOf("0.99.0")], ["downgrade", "downgrade"]);
  assertEquals(refusalOf("1.10.0", "y"), "downgrade");
});

Deno.test("checkVersion refuses a name that could not be remembered", () => {
  const full = Array.from({ length: MAX_REMEMBERED_PLUGINS }, (_, i) => {
    return { name: `a${i}`, version: "1.0.0", digest: "x" };
  });
  const one = { name: "b", version: "1.0.0", digest: "x" };
  assertEquals(assertThrows(() => checkVersion(one, full), PluginRefusal).code, "too-many");
  checkVersion({ ...one, name: "a0" }, full);
});

Deno.test("raiseVersion puts a version in the place of the one before", () => {
  const next = { name: "a", version: "2.0.0", digest: "y" };
  const other = { name: "b", version: "1.0.0", digest: "z" };
  assertEquals(raiseVersion(next, [...KNOWN, other]), [other, next]);
});
