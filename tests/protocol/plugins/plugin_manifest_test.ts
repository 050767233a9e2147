import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import {
  comparePluginVersions,
  encodePluginManifest,
  isPluginName,
  MAX_PLUGIN_MANIFEST_BYTES,
  parsePluginManifest,
  type PluginManifest,
} from "../../../protocol/plugins/plugin_manifest.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const MANIFEST: PluginManifest = {
  name: "greeter",
  version: "1.2.3",
  describe: "Greets who is named",
  side: "agent",
  actions: [{ name: "greet-all", describe: "Greets everybody" }],
  events: ["delivery"],
  permissions: {
    net: ["api.example.com:443", "[::1]:80"],
    read: ["/srv"],
    write: ["/srv/out"],
    env: ["TZ"],
  },
  limits: { memoryMb: 64, callTimeoutS: 30 },
};

function withMembers(members: Record<string, unknown>): Uint8Array {
  return encodeUtf8(JSON.stringify({ ...JSON.parse(encodePluginManifest(MANIFEST)), ...members }));
}

Deno.test("parsePluginManifest reads what encodePluginManifest writes", () => {
  assertEquals(parsePluginManifest(encodeUtf8(encodePluginManifest(MANIFEST))), MANIFEST);
});

Deno.test("encodePluginManifest writes the members in their one order", () => {
  assertEquals(
    encodePluginManifest({ ...MANIFEST, actions: [], events: [] }),
    '{"Name":"greeter","Version":"1.2.3","Describe":"Greets who is named","Side":"agent",' +
      '"Actions":[],"Events":[],"Permissions":{"net":["api.example.com:443","[::1]:80"],' +
      '"read":["/srv"],"write":["/srv/out"],"env":["TZ"]},' +
      '"Limits":{"MemoryMb":64,"CallTimeoutS":30}}',
  );
});

Deno.test("parsePluginManifest refuses members of another form", () => {
  const permissions = MANIFEST.permissions;
  const bad: Record<string, unknown>[] = [
    { Name: "a-b" },
    { Name: "" },
    { Name: "__proto__" },
    { Name: "x".repeat(32) },
    { Version: "1.2" },
    { Version: "1.02.3" },
    { Version: "1.2.3-rc" },
    { Describe: "two\nlines" },
    { Side: "both" },
    { Actions: {} },
    { Actions: [{ Name: "Greet", Describe: "" }] },
    { Actions: [{ Name: "greet-", Describe: "" }] },
    { Events: ["boot"] },
    { Permissions: true },
    { Permissions: { ...permissions, read: ["relative"] } },
    { Permissions: { ...permissions, net: true } },
    { Permissions: { ...permissions, env: ["A=B"] } },
    { Limits: { MemoryMb: 513, CallTimeoutS: 30 } },
    { Limits: { MemoryMb: 64, CallTimeoutS: 0 } },
  ];
  for (const members of bad) {
    assertThrows(() => parsePluginManifest(withMembers(members)), ProtocolError);
  }
});

Deno.test("parsePluginManifest refuses a member that it does not know, and another order", () => {
  const code = "manifest-malformed";
  assertThrows(() => parsePluginManifest(withMembers({ More: 1 })), ProtocolError, code);
  const permissions = { ...MANIFEST.permissions, run: ["sh"] };
  assertThrows(
    () => parsePluginManifest(withMembers({ Permissions: permissions })),
    ProtocolError,
    code,
  );
  const spaced = encodeUtf8(encodePluginManifest(MANIFEST).replace(":", ": "));
  assertThrows(() => parsePluginManifest(spaced), ProtocolError, code);
});

Deno.test("parsePluginManifest refuses two actions of one name", () => {
  const action = { Name: "greet", Describe: "" };
  assertThrows(
    () => parsePluginManifest(withMembers({ Actions: [action, action] })),
    ProtocolError,
    "manifest-malformed",
  );
});

Deno.test("parsePluginManifest refuses a line that is too long before it reads it", () => {
  assertThrows(
    () => parsePluginManifest(new Uint8Array(MAX_PLUGIN_MANIFEST_BYTES + 1)),
    ProtocolError,
    "manifest-malformed",
  );
});

Deno.test("encodePluginManifest refuses what no manifest may say", () => {
  assertThrows(() => encodePluginManifest({ ...MANIFEST, name: "A" }), RangeError);
});

Deno.test("comparePluginVersions goes by numbers, the first that differs", () => {
  assert(comparePluginVersions("1.9.9", "1.10.0") < 0);
  assert(comparePluginVersions("2.0.0", "1.99.99") > 0);
  assertEquals(comparePluginVersions("1.2.3", "1.2.3"), 0);
  assertThrows(() => comparePluginVersions("1.2", "1.2.3"), RangeError);
});

Deno.test("isPluginName takes no hyphen, so that the names of actions have one reading", () => {
  assert(isPluginName("greeter2"));
  for (const name of ["two-words", "2nd", "", "A", "constructor\n"]) assert(!isPluginName(name));
});
