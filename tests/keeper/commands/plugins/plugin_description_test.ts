import { parsePluginDescription } from "../../../../keeper/commands/plugins/plugin_description.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

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
  const [text, problem] of [
    ["{", "is not JSON"],
    ["[]", "it is no object"],
    [{ ...LEAST, Permission: {} }, 'no member "Permission"; did you mean Permissions?'],
    [{ ...LEAST, version: "2.0.0" }, 'no member "version"; did you mean Version?'],
    [{ ...LEAST, Permissions: { run: [] } }, 'no member "Permissions.run"'],
    [{ ...LEAST, Limits: { memoryMb: 8 } }, 'no member "Limits.memoryMb"; did you mean MemoryMb?'],
    [{ ...LEAST, Version: "1" }, "Version has to be three numbers with dots"],
    [{ ...LEAST, Name: "two-words" }, "Name has to be a small letter"],
    [{ ...LEAST, Name: 7 }, "Name has to be a small letter"],
    [{ Version: "1.0.0" }, "Name is missing"],
    [{ Name: "greeter" }, "Version is missing"],
    [{ ...LEAST, Side: "both" }, 'Side has to be "agent" or "keeper"'],
    [{ ...LEAST, Describe: "two\nlines" }, "Describe has to be one line"],
    [{ ...LEAST, Events: ["start"] }, "Events has to be a list"],
    [{ ...LEAST, Actions: {} }, "Actions has to be a list"],
    [{ ...LEAST, Actions: ["greet"] }, "Actions[0] is no object"],
    [{ ...LEAST, Actions: [{}] }, "Actions[0].Name is missing"],
    [{ ...LEAST, Actions: [{ Name: "a" }, { Name: "A" }] }, "Actions[1].Name has to be at most"],
    [{ ...LEAST, Actions: [{ Name: "a" }, { Name: "a" }] }, "two of its Actions have the Name a"],
    [
      { ...LEAST, Actions: Array.from({ length: 33 }, (_, i) => ({ Name: `a${i}` })) },
      "Actions has to be a list of at most 32",
    ],
    [{ ...LEAST, Permissions: { net: "a" } }, "Permissions.net has to be at most 32 hosts"],
    [{ ...LEAST, Permissions: { read: ["/a", "b"] } }, "Permissions.read[1] has to be"],
    [{ ...LEAST, Limits: { MemoryMb: 4 } }, "Limits.MemoryMb has to be a whole number from 8"],
    [{ ...LEAST, Limits: [] }, "Limits is no object"],
  ] as const
) {
  Deno.test(`parsePluginDescription names the member: ${problem}`, () => {
    const written = typeof text === "string" ? text : JSON.stringify(text);
    const error = assertThrows(() => parsePluginDescription(written, "plugin.json"), ConfigError);
    assert(error.message.includes(problem), error.message);
  });
}
