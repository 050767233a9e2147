import { parsePluginPackage } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { KEY, UNCOMPRESSED_KEY } from "../../keys/key_fixtures.ts";
import { DESCRIPTION, type PluginSite, SCRIPT, withPlugin } from "./plugin_site.ts";

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

test("buildPlugin bundles what is no JavaScript", async (site) => {
  site.result = { code: 0, stdout: SCRIPT, complaint: "" };
  const out = `${site.folder}/greeter`;
  const source = `${site.folder}/plugin.ts`;
  assertEquals((await site.run("build", source, "--out", out)).code, 0);
  const [call] = site.calls;
  assertEquals([call?.command, call?.args[0], call?.args.at(-1)], ["/opt/deno", "bundle", source]);
  assertEquals(parsePluginPackage(await Deno.readFile(out)).code, SCRIPT);
});

test("buildPlugin runs the script behind walls alone", async (site) => {
  const source = `${site.folder}/plugin.js`;
  await Deno.writeTextFile(source, `globalThis.pluginWasRun = true; ${SCRIPT}`);
  assertEquals((await site.run("build", source, "--out", `${site.folder}/greeter`)).code, 0);
  assert(!("pluginWasRun" in globalThis));
});

for (
  const [script, problem] of [
    ["plugin({ actions: { other: () => 1 } });", /does not do all that is described/],
    ["if (false) plugin({});", /or does not call plugin\(\)/],
    ["Deno.exit(0); plugin({});", /throws when it is loaded/],
    ["for (;;); plugin({});", /does not come to its end when it is loaded/],
  ] as const
) {
  test(`buildPlugin refuses ${script}`, async (site) => {
    const [source, out] = [`${site.folder}/plugin.js`, `${site.folder}/greeter`];
    await Deno.writeTextFile(source, script);
    const { code, stderr } = await site.run("build", source, "--out", out);
    assertEquals([code, await exists(out)], [2, false]);
    assertMatch(stderr, problem);
    assertMatch(stderr, /\nhint: /);
  });
}

test("buildPlugin asks for the file to write", async (site) => {
  const { code, stderr } = await site.run("build", `${site.folder}/plugin.js`);
  assertEquals(code, 2);
  assertMatch(stderr, /the package to write has to be named/);
});

for (const name of ["plugin.js", "plugin.json"]) {
  test(`buildPlugin writes no package in the place of ${name}`, async (site) => {
    const path = `${site.folder}/${name}`;
    const before = await Deno.readTextFile(path);
    const { code, stderr } = await site.run("build", `${site.folder}/plugin.js`, "--out", path);
    assertEquals([code, await Deno.readTextFile(path)], [2, before]);
    assertMatch(stderr, /would take the place of what it is made of/);
  });
}

test("buildPlugin signs where a key is named", async (site) => {
  const out = `${site.folder}/greeter`;
  const args = ["build", `${site.folder}/plugin.js`, "--out", out, "--zelid", KEY.address];
  const { code, stdout } = await site.run(...args, "--json");
  const { signer, signature } = JSON.parse(stdout);
  assertEquals([code, signer, signature], [0, KEY.address, `${out}.sig`]);
});

test("buildPlugin writes nothing where it has no key to sign with", async (site) => {
  const out = `${site.folder}/greeter`;
  const source = `${site.folder}/plugin.js`;
  const { code, stderr } = await site.run(
    ...["build", source, "--out", out, "--zelid", UNCOMPRESSED_KEY.address],
  );
  assertEquals([code, await exists(out)], [2, false]);
  assertMatch(stderr, /key/);
});

test("buildPlugin removes the signature of what was there before", async (site) => {
  const out = `${site.folder}/greeter`;
  const args = ["build", `${site.folder}/plugin.js`, "--out", out];
  assertEquals((await site.run(...args, "--zelid", KEY.address)).code, 0);
  assert(await exists(`${out}.sig`));
  assertEquals((await site.run(...args)).code, 0);
  assert(!await exists(`${out}.sig`));
});

test("buildPlugin leaves package and signature where the new source is no plugin", async (site) => {
  const out = `${site.folder}/greeter`;
  const source = `${site.folder}/plugin.js`;
  await site.run("build", source, "--out", out, "--zelid", KEY.address);
  const before = await Deno.readFile(out);
  await Deno.writeTextFile(source, "export {};");
  assertEquals((await site.run("build", source, "--out", out)).code, 2);
  assertEquals(await Deno.readFile(out), before);
  assert(await exists(`${out}.sig`));
});

test("buildPlugin takes a description that is elsewhere", async (site) => {
  const out = `${site.folder}/other`;
  const description = `${site.folder}/other.json`;
  await Deno.writeTextFile(description, JSON.stringify({ ...DESCRIPTION, Name: "other" }));
  const source = `${site.folder}/plugin.js`;
  const { stdout } = await site.run("build", source, "--out", out, "--description", description);
  assertMatch(stdout, /^built other 1\.2\.3/);
});

test("buildPlugin says which description is missing", async (site) => {
  await Deno.remove(`${site.folder}/plugin.json`);
  const out = `${site.folder}/greeter`;
  const { code, stderr } = await site.run("build", `${site.folder}/plugin.js`, "--out", out);
  assertEquals([code, await exists(out)], [2, false]);
  assertMatch(stderr, /there is no file ".*plugin\.json"/);
});
