import { describeAnswer, describePlugins } from "../../../../keeper/commands/plugins/x_text.ts";
import { CallError } from "../../../../protocol/mod.ts";
import { assertEquals } from "../../../support/assert.ts";
import { makePlugin } from "../../../support/plugin_packages.ts";

const PLUGIN = makePlugin("plugin({});", { actions: ["greet"] });
const ANSWER = { plugin: PLUGIN.manifest, action: "greet", error: null, durationMs: 7 };
const TEXT = { json: false };

for (
  const [output, text] of [
    [null, "done\n"],
    ["Hello\n", "Hello\n"],
    ["one\ntwo", "one\ntwo\n"],
    [{ sum: 3 }, '{\n  "sum": 3\n}\n'],
    ["\x1b[31mred", "\\x1b[31mred\n"],
  ] as const
) {
  Deno.test(`describeAnswer writes ${JSON.stringify(output)} as a person reads it`, () => {
    assertEquals(describeAnswer({ ...ANSWER, output }, TEXT), text);
  });
}

for (
  const [code, text] of [
    ["timed-out", "failed (timed-out): it took longer than it may"],
    ["constructor", "failed (constructor)\n"],
  ] as const
) {
  Deno.test(`describeAnswer says why there is none: ${code}`, () => {
    const error = new CallError(code, "x");
    const line = describeAnswer({ ...ANSWER, output: null, error }, TEXT);
    assertEquals(line.slice(0, text.length + 14), `helper greet: ${text}`);
  });
}

Deno.test("describeAnswer writes a line of JSON", () => {
  const common = { type: "x", plugin: "helper", action: "greet" };
  const answered = describeAnswer({ ...ANSWER, output: undefined }, { json: true });
  assertEquals(JSON.parse(answered), {
    ...common,
    ...{ outcome: "answered", output: null, durationMs: 7 },
  });
  const error = new CallError("busy", "x");
  const failed = describeAnswer({ ...ANSWER, output: null, error }, { json: true });
  assertEquals(JSON.parse(failed), { ...common, outcome: "failed", code: "busy", durationMs: 7 });
});

Deno.test("describePlugins lists the actions, and plugins that have none", () => {
  const named = (name: string, actions: readonly string[]) => {
    const plugin = makePlugin("plugin({});", { name, actions });
    return { path: `/p/${name}`, plugin, granted: plugin.manifest.permissions };
  };
  const plugins = [named("helper", ["greet", "count"]), named("watcher", [])];
  assertEquals(
    describePlugins(plugins, TEXT).split("\n").map((line) => line.split(/\s+/).slice(0, 3).join()),
    ["PLUGIN,VERSION,ACTION", "helper,1.0.0,greet", "helper,1.0.0,count", "watcher,1.0.0,-", ""],
  );
  const lines = describePlugins(plugins, { json: true }).trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).file), ["/p/helper", "/p/watcher"]);
});
