import {
  findExceedingPermissions,
  NO_PLUGIN_PERMISSIONS,
  type PLUGIN_PERMISSION_KINDS,
} from "../../../../../protocol/host/plugins/limits/plugin_permissions.ts";
import { assertEquals } from "../../../../support/assert.ts";

type Kind = typeof PLUGIN_PERMISSION_KINDS[number];

function exceeds(kind: Kind, asked: string, allowed: string): boolean {
  const [one, other] = [asked, allowed].map((value) => ({
    ...NO_PLUGIN_PERMISSIONS,
    [kind]: [value],
  }));
  return one !== undefined && other !== undefined &&
    findExceedingPermissions(one, other).length > 0;
}

Deno.test("findExceedingPermissions finds nothing in what is allowed", () => {
  const allowed: [Kind, string, string][] = [
    ["net", "example.com:443", "example.com"],
    ["net", "Example.com:443", "example.COM:443"],
    ["net", "[::1]:80", "[::1]"],
    ["read", "/run/secrets/key", "/run/secrets"],
    ["read", "/run/secrets", "/run/secrets"],
    ["read", "/run/secrets", "/"],
    ["write", "/run/secrets/a/b", "/run/secrets/"],
    ["read", "/a/../b", "/a/../b"],
    ["env", "HOME", "HOME"],
  ];
  for (const [kind, asked, wide] of allowed) {
    assertEquals(exceeds(kind, asked, wide), false, `${kind}: ${asked} within ${wide}`);
  }
});

Deno.test("findExceedingPermissions finds what is wider, and what only looks the same", () => {
  const refused: [Kind, string, string][] = [
    ["net", "example.com", "example.com:443"],
    ["net", "example.com:4433", "example.com:443"],
    ["net", "example.com.evil:443", "example.com"],
    ["net", "sub.example.com", "example.com"],
    ["net", "[::1]", "[::1]:80"],
    ["net", "[::11]:80", "[::1]"],
    ["read", "/run", "/run/secrets"],
    ["read", "/run/secrets2", "/run/secrets"],
    ["read", "/run/secrets/../shadow", "/run/secrets"],
    ["read", "/run/secrets/..", "/run/secrets"],
    ["read", "/run//secrets/x", "/run//secrets"],
    ["env", "HOME2", "HOME"],
    ["env", "home", "HOME"],
  ];
  for (const [kind, asked, narrow] of refused) {
    assertEquals(exceeds(kind, asked, narrow), true, `${kind}: ${asked} beyond ${narrow}`);
  }
});

Deno.test("findExceedingPermissions names each with its kind", () => {
  const asked = { net: ["a"], read: ["/b"], write: ["/c"], env: ["D"] };
  const found = findExceedingPermissions(asked, { ...NO_PLUGIN_PERMISSIONS, write: ["/c"] });
  assertEquals(found, ["net=a", "read=/b", "env=D"]);
});
