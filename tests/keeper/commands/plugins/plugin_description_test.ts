import { parsePluginDescription } from "../../../../keeper/commands/plugins/plugin_description.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

const LEAST = { Name: "greeter", Version: "1.0.0" };

Deno.test("parsePluginDescription grants nothing that is not asked for", () => {
  assertEquals(parsePluginDescription(JSON.stringify(LEAST), "plugin.json"), {
    name: "greeter",
    version: "1.0.0",
    describe: "",
    side: "agent",
    actions: [],
    events: [],
    permissions: { net: [], read: [], write: [], env: [] },
    limits: { memoryMb: 64, callTimeoutS: 30 },
  });
});

Deno.test("parsePluginDescription takes what is said", () => {
  const text = JSON.stringify({
    ...LEAST,
    Side: "keeper",
    Actions: [{ Name: "greet", Describe: "Greets" }],
    Permissions: { net: ["example.com:443"] },
    Limits: { CallTimeoutS: 5 },
  });
  const { side, actions, permissions, limits } = parsePluginDescription(text, "plugin.json");
  assertEquals([side, actions], ["keeper", [{ name: "greet", describe: "Greets" }]]);
  assertEquals(permissions, { net: ["example.com:443"], read: [], write: [], env: [] });
  assertEquals(limits, { memoryMb: 64, callTimeoutS: 5 });
});

for (
  const [what, text] of [
    ["no JSON", "{"],
    ["no object", "[]"],
    ["a member that it does not know", JSON.stringify({ ...LEAST, Permission: {} })],
    ["a permission that it does not know", JSON.stringify({ ...LEAST, Permissions: { run: [] } })],
    ["a version that is none", JSON.stringify({ ...LEAST, Version: "1" })],
    ["no name", JSON.stringify({ Version: "1.0.0" })],
    ["an action that is none", JSON.stringify({ ...LEAST, Actions: ["greet"] })],
  ] as const
) {
  Deno.test(`parsePluginDescription refuses ${what}`, () => {
    assertThrows(() => parsePluginDescription(text, "plugin.json"), ConfigError);
  });
}
