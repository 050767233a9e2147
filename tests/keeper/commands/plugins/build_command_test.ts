import { parsePluginPackage } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { KEY } from "../../keys/key_fixtures.ts";
import { type PluginSite, SCRIPT, withPlugin } from "./plugin_site.ts";

function test(name: string, work: (site: PluginSite) => Promise<void>): void {
  Deno.test(name, () => withPlugin(work));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

test("buildPlugin packs a script with its description, and signs nothing unasked", async (site) => {
  const out = `${site.folder}/greeter`;
  const { code, stdout } = await site.run("build", `${site.folder}/plugin.js`, "--out", out);
  const bytes = await Deno.readFile(out);
  const { manifest, code: script } = parsePluginPackage(bytes);
  assertEquals([code, manifest.name, script], [0, "greeter", SCRIPT]);
  assertEquals(
    stdout,
    `built greeter 1.2.3: ${out}, ${bytes.length} bytes\nIt is not signed.\n`,
  );
  assertEquals([site.calls.length, await exists(`${out}.sig`)], [0, false]);
});

test("buildPlugin has deno bundle what is no JavaScript", async (site) => {
  site.result = { code: 0, stdout: "plugin({});", complaint: "" };
  const out = `${site.folder}/greeter`;
  const source = `${site.folder}/plugin.ts`;
  assertEquals((await site.run("build", source, "--out", out)).code, 0);
  const [call] = site.calls;
  assertEquals([call?.command, call?.args[0], call?.args.at(-1)], ["deno", "bundle", source]);
  assertEquals(parsePluginPackage(await Deno.readFile(out)).code, "plugin({});");
});

test("buildPlugin says how to bundle where there is no deno", async (site) => {
  const out = `${site.folder}/greeter`;
  const { code, stderr } = await site.run("build", `${site.folder}/plugin.ts`, "--out", out);
  assertEquals([code, await exists(out)], [2, false]);
  assertMatch(stderr, /there is no deno .*\n.*deno bundle .*--format iife/);
});

test("buildPlugin shows why a source cannot be bundled", async (site) => {
  site.result = { code: 1, stdout: "", complaint: "error: no such module" };
  const args = ["build", `${site.folder}/plugin.ts`, "--out", `${site.folder}/greeter`];
  const { code, stderr } = await site.run(...args);
  assertEquals(code, 2);
  assertMatch(stderr, /cannot be bundled: error: no such module/);
});

for (
  const [what, script] of [
    ["an import", 'import { a } from "node:fs"; a();'],
    ["an export", "export const a = 1;"],
    ["an import when it runs", 'await_(import("node:fs"));'],
    ["what a bundler could not take in", "throw Error('Dynamic require of \"fs\"');"],
    ["a mistake", "plugin({"],
  ] as const
) {
  test(`buildPlugin refuses a script with ${what}`, async (site) => {
    const source = `${site.folder}/plugin.js`;
    const out = `${site.folder}/greeter`;
    await Deno.writeTextFile(source, script);
    const { code, stderr } = await site.run("build", source, "--out", out);
    assertEquals([code, await exists(out)], [2, false]);
    assertMatch(stderr, /is no self-contained script/);
  });
}

test("buildPlugin runs nothing of the script", async (site) => {
  const source = `${site.folder}/plugin.js`;
  await Deno.writeTextFile(source, "globalThis.pluginWasRun = true;");
  assertEquals((await site.run("build", source, "--out", `${site.folder}/greeter`)).code, 0);
  assert(!("pluginWasRun" in globalThis));
});

test("buildPlugin asks for the file to write", async (site) => {
  const { code, stderr } = await site.run("build", `${site.folder}/plugin.js`);
  assertEquals(code, 2);
  assertMatch(stderr, /the package to write has to be named/);
});

test("buildPlugin signs where a key is named", async (site) => {
  const out = `${site.folder}/greeter`;
  const args = ["build", `${site.folder}/plugin.js`, "--out", out, "--zelid", KEY.address];
  const { code, stdout } = await site.run(...args, "--json");
  const { signer, signature } = JSON.parse(stdout);
  assertEquals([code, signer, signature], [0, KEY.address, `${out}.sig`]);
});
