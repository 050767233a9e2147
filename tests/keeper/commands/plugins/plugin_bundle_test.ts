import {
  bundlePlugin,
  type BundleTools,
  checkPluginScript,
} from "../../../../keeper/commands/plugins/plugin_bundle.ts";
import type { CommandCall, CommandResult } from "../../../../keeper/keys/stores/command_runner.ts";
import { ConfigError, StorageError } from "../../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";

const BUNDLED: CommandResult = { code: 0, stdout: "plugin({});", complaint: "" };

interface Attempt extends BundleTools {
  readonly calls: CommandCall[];
}

/** Plays programs, of which those named give the result. */
function play(results: Readonly<Record<string, CommandResult>>, given: Partial<BundleTools> = {}) {
  const calls: CommandCall[] = [];
  const attempt: Attempt = {
    calls,
    execPath: "/opt/deno",
    env: fixedEnvironment({ DENO_DIR: "/cache", LD_PRELOAD: "x" }),
    run: (call) => {
      calls.push(call);
      return Promise.resolve(results[call.command] ?? null);
    },
    ...given,
  };
  return attempt;
}

Deno.test("bundlePlugin takes the deno that runs it, and hands on where its cache is", async () => {
  const tools = play({ "/opt/deno": BUNDLED, deno: BUNDLED });
  assertEquals(await bundlePlugin("a.ts", tools), "plugin({});");
  assertEquals(tools.calls.map(({ command }) => command), ["/opt/deno"]);
  assertEquals(tools.calls[0]?.variables, { NO_COLOR: "1", DENO_DIR: "/cache" });
});

Deno.test("bundlePlugin takes the deno of the path where it runs in an executable", async () => {
  const tools = play({ deno: BUNDLED }, { execPath: "/opt/fluxvault-keeper" });
  assertEquals(await bundlePlugin("a.ts", tools), "plugin({});");
  assertEquals(tools.calls.map(({ command }) => command), ["deno"]);
});

Deno.test("bundlePlugin takes the deno that is named, and no other", async () => {
  const tools = play({ "/opt/deno": BUNDLED, deno: BUNDLED }, { deno: "/my/deno" });
  const error = await assertRejects(() => bundlePlugin("a.ts", tools), ConfigError);
  assertEquals(error.setting, "--deno");
  assertEquals(tools.calls.map(({ command }) => command), ["/my/deno"]);
});

Deno.test("bundlePlugin never takes the name of a source for an option", async () => {
  const tools = play({ "/opt/deno": BUNDLED });
  await bundlePlugin("--allow-all.ts", tools);
  assertEquals(tools.calls[0]?.args.at(-1), "./--allow-all.ts");
});

Deno.test("bundlePlugin says how to bundle by hand where there is no deno", async () => {
  const error = await assertRejects(() => bundlePlugin("my plugin.ts", play({})), ConfigError);
  assert(error.hint?.includes('--minify -o "./my plugin.js" "./my plugin.ts"'), error.hint);
});

Deno.test("bundlePlugin says what is no program", async () => {
  const run = () => Promise.reject(new StorageError("io-failed", "it cannot be run"));
  const tools = play({}, { deno: "/tmp", run });
  const error = await assertRejects(() => bundlePlugin("a.ts", tools), ConfigError);
  assert(error.message.includes("no deno that can be run"));
});

for (
  const [complaint, problem] of [
    ['error: Module not found "file:///b.ts".', 'cannot be bundled: Module not found "file'],
    ["error: Top-level await is currently not supported", "awaits something at its top level"],
    ["", "cannot be bundled: that gave nothing"],
  ] as const
) {
  Deno.test(`bundlePlugin shows what deno complains about: ${problem}`, async () => {
    const tools = play({ "/opt/deno": { code: 1, stdout: "", complaint } });
    const error = await assertRejects(() => bundlePlugin("a.ts", tools), ConfigError);
    assert(error.message.includes(problem), error.message);
  });
}

for (
  const [code, problem] of [
    ['import { a } from "node:fs"; plugin(a);', "imports node:fs when it runs"],
    ['plugin({ a: () => import("node:os") });', "imports node:os when it runs"],
    ["plugin({ a: (b) => import(b) });", "imports something when it runs"],
    ["plugin({ a: import.meta });", "imports something when it runs"],
    ['plugin({ a: `Dynamic require of "${b}"` });', "imports something when it runs"],
    ["export const a = 1; plugin({});", "is no self-contained script"],
    ["return plugin({});", "is no self-contained script"],
    ["plugin({", "is no self-contained script"],
    ["await a(); plugin({});", "awaits something at its top level"],
    ["const a = 1;", "never calls plugin()"],
    ["my_plugin({});", "never calls plugin()"],
  ] as const
) {
  Deno.test(`checkPluginScript refuses ${code}`, async () => {
    const error = await assertRejects(() => checkPluginScript(code, "a.js"), ConfigError);
    assert(error.message.includes(problem), error.message);
    assert(error.hint !== undefined);
  });
}

Deno.test("checkPluginScript takes what only looks like an import", async () => {
  await checkPluginScript("const a = { import: 1 }; a.import(1); plugin(a);", "a.js");
});
