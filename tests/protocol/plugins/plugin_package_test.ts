import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import type { PluginManifest } from "../../../protocol/plugins/plugin_manifest.ts";
import {
  encodePluginPackage,
  MAX_PLUGIN_BYTES,
  parsePluginPackage,
} from "../../../protocol/plugins/plugin_package.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const MANIFEST: PluginManifest = {
  name: "greeter",
  version: "1.0.0",
  describe: "",
  side: "agent",
  actions: [],
  events: [],
  permissions: { net: [], read: [], write: [], env: [] },
  limits: { memoryMb: 32, callTimeoutS: 10 },
};
const MALFORMED = "manifest-malformed";

Deno.test("parsePluginPackage reads what encodePluginPackage writes, whatever lines the script has", () => {
  const plugin = { manifest: MANIFEST, code: "let a = 1;\n\n// \u00e9\n" };
  assertEquals(parsePluginPackage(encodePluginPackage(plugin)), plugin);
});

Deno.test("parsePluginPackage refuses a package without a script", () => {
  const bytes = encodePluginPackage({ manifest: MANIFEST, code: "x" });
  for (const cut of [1, 2]) {
    assertThrows(() => parsePluginPackage(bytes.subarray(0, -cut)), ProtocolError, MALFORMED);
  }
});

Deno.test("parsePluginPackage refuses a script that is not UTF-8", () => {
  const bytes = encodePluginPackage({ manifest: MANIFEST, code: "x" });
  bytes[bytes.length - 1] = 0xff;
  assertThrows(() => parsePluginPackage(bytes), ProtocolError, MALFORMED);
});

Deno.test("parsePluginPackage refuses a package that is too long before it reads it", () => {
  assertThrows(
    () => parsePluginPackage(new Uint8Array(MAX_PLUGIN_BYTES + 1)),
    ProtocolError,
    "manifest-malformed",
  );
});

Deno.test("parsePluginPackage refuses what is no package at all", () => {
  assertThrows(
    () => parsePluginPackage(encodeUtf8("plugin()\nx")),
    ProtocolError,
    "message-malformed",
  );
});

Deno.test("encodePluginPackage refuses a script that is none, or too long", () => {
  for (const code of ["", "\ud800", "x".repeat(MAX_PLUGIN_BYTES)]) {
    assertThrows(() => encodePluginPackage({ manifest: MANIFEST, code }), RangeError);
  }
});
