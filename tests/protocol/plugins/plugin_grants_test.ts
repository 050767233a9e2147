import {
  findExcessGrants,
  isPathGranted,
  NO_PLUGIN_PERMISSIONS,
  parsePluginGrants,
} from "../../../protocol/plugins/plugin_grants.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

function excess(asked: readonly string[], granted: readonly string[]): string[] {
  return findExcessGrants(parsePluginGrants(asked), parsePluginGrants(granted));
}

Deno.test("parsePluginGrants sorts items by what they grant", () => {
  assertEquals(
    parsePluginGrants(["read=/srv", "net=a.example:443", "env=TZ", "net=[::1]:80", "write=/x"]),
    { net: ["a.example:443", "[::1]:80"], read: ["/srv"], write: ["/x"], env: ["TZ"] },
  );
  assertEquals(parsePluginGrants([]), NO_PLUGIN_PERMISSIONS);
});

Deno.test("parsePluginGrants refuses what grants nothing, and says which item it is", () => {
  const wrong = [
    ...["run=sh", "net", "net=", "net=https://a", "read=srv", "env=A-B", "all", "ffi=/x", ""],
    ...["read=/srv/../etc", "write=//srv", "read=/srv/./x", "read=/srv//"],
  ];
  for (const item of wrong) {
    const error = assertThrows(() => parsePluginGrants(["net=a", item]), RangeError);
    assert(error.message.startsWith("item 2 "), `${item}: ${error.message}`);
  }
});

Deno.test("findExcessGrants lets through what lies within", () => {
  assertEquals(excess(["read=/run/secrets/db", "read=/run/secrets"], ["read=/run/secrets/"]), []);
  assertEquals(excess(["net=API.example.com:443"], ["net=api.example.com"]), []);
  assertEquals(excess(["net=[::1]:80", "net=[::1]"], ["net=[::1]"]), []);
  assertEquals(excess(["read=/a", "write=/b"], ["read=/", "write=/"]), []);
  assertEquals(findExcessGrants(NO_PLUGIN_PERMISSIONS, NO_PLUGIN_PERMISSIONS), []);
});

Deno.test("findExcessGrants finds what goes beyond", () => {
  const beyond: readonly (readonly [string, string])[] = [
    ["read=/run/secrets2", "read=/run/secrets"],
    ["read=/run", "read=/run/secrets"],
    ["write=/run/secrets", "read=/run/secrets"],
    ["net=api.example.com", "net=api.example.com:443"],
    ["net=api.example.com:80", "net=api.example.com:443"],
    ["net=evil.example.com", "net=example.com"],
    ["net=[::1]:80", "net=[::1]:81"],
    ["net=example.com:4433", "net=example.com:443"],
    ["net=example.com.evil:443", "net=example.com"],
    ["net=[::11]:80", "net=[::1]"],
    ["net=[::1]", "net=[::1]:80"],
    ["env=HOME", "env=HOMER"],
    ["env=HOME2", "env=HOME"],
    ["env=home", "env=HOME"],
  ];
  for (const [asked, granted] of beyond) assertEquals(excess([asked], [granted]), [asked]);
});

Deno.test("findExcessGrants is led out of a folder by no dots", () => {
  const asked = { ...NO_PLUGIN_PERMISSIONS, read: ["/srv/../etc/shadow", "/srv/./x", "/srv//x"] };
  const found = findExcessGrants(asked, parsePluginGrants(["read=/srv"]));
  assertEquals(found, asked.read.map((path) => `read=${path}`));
});

Deno.test("isPathGranted knows a folder, what is below it, and nothing that is named like it", () => {
  assert(isPathGranted("/srv", ["/srv"]) && isPathGranted("/srv/a/b", ["/x", "/srv/"]));
  for (const path of ["/srvx", "/", "srv", "", "/srv/.."]) {
    assert(!isPathGranted(path, ["/srv"]), path);
  }
});
