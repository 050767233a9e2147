/**
 * Plugins from source to package, by the real programs and the real bundler.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { parsePluginPackage } from "../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FollowedProcess } from "../support/followed_process.ts";
import { Site } from "../support/site.ts";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLE = new URL("../examples/plugins/greeter/", import.meta.url);

/** Runs the task that builds plugins. */
async function build(cwd: string, args: readonly string[]) {
  const [deno, run, ...words] = config.tasks["plugin:build"].split(" ");
  assertEquals([deno, run], ["deno", "run"]);
  const here = words.map((word) => word === "keeper/main.ts" ? new URL(word, ROOT).href : word);
  await using program = new FollowedProcess({
    command: [Deno.execPath(), "run", ...here, ...args],
    place: { cwd, env: { ...Deno.env.toObject(), NO_COLOR: "1" } },
  });
  return await program.end;
}

async function copyExample(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(EXAMPLE)) {
    await Deno.copyFile(new URL(name, EXAMPLE), `${folder}/${name}`);
  }
}

Deno.test("keeper: builds the same package of the same source, wherever it lies", async () => {
  await using site = await Site.open({});
  const packages: Uint8Array[] = [];
  for (const folder of [site.path("one"), site.path("another/place")]) {
    await copyExample(folder);
    const { code, stderr } = await build(folder, ["plugin.ts", "--out", "greeter.fvplugin"]);
    assertEquals(code, 0, stderr);
    packages.push(await Deno.readFile(`${folder}/greeter.fvplugin`));
  }
  const [one = new Uint8Array(), other] = packages;
  assertEquals(one, other);
  const { manifest, code } = parsePluginPackage(one);
  assertEquals([manifest.name, manifest.actions.length], ["greeter", 2]);
  assert(!code.includes(site.path("")) && !/\bimport\b/.test(code), code);
});

Deno.test("keeper: says what a source does that no plugin can", async () => {
  await using site = await Site.open({});
  const folder = site.path("plugin");
  await copyExample(folder);
  for (
    const [source, problem] of [
      [
        'import { readFileSync as a } from "node:fs"; plugin({ actions: { a } });',
        /imports node:fs/,
      ],
      ["plugin({ actions: { a: (b) => import(b) } });", /imports something/],
      ["const a = await b(); plugin({ actions: { a } });", /awaits something at its top level/],
      ["console.log(1);", /never calls plugin\(\)/],
      ['import "./nowhere.ts"; plugin({});', /cannot be bundled: Module not found/],
      ["plugin({ actions: {", /cannot be bundled/],
      ["plugin({ actions: { other: () => 1 } });", /does not do all that is described/],
    ] as const
  ) {
    await Deno.writeTextFile(`${folder}/wrong.ts`, source);
    const { code, stderr } = await build(folder, ["wrong.ts", "--out", "wrong.fvplugin"]);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, problem);
    assertMatch(stderr, /\nhint: /);
  }
  const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assertEquals(left, ["name.ts", "plugin.json", "plugin.ts", "wrong.ts"]);
});

Deno.test("keeper: that may run nothing says how to bundle, and packs what comes of it", async () => {
  await using site = await Site.open({});
  await copyExample(site.path("vault"));
  const out = ["--out", "greeter.fvplugin"];
  const refused = await site.run("keeper", ["plugin", "build", "vault/plugin.ts", ...out]);
  assertEquals(refused.code, 2);
  const [, command = ""] = /\((deno bundle [^)]+)\)/.exec(refused.stderr) ?? [];
  const [, ...args] = command.split(" ");
  const bundled = await new Deno.Command(Deno.execPath(), { args, cwd: site.path("") }).output();
  assert(bundled.success, new TextDecoder().decode(bundled.stderr));
  const built = await site.run("keeper", ["plugin", "build", "./vault/plugin.js", ...out]);
  assertEquals(built.code, 0, built.stderr);
  const shown = await site.run("keeper", ["plugin", "show", "greeter.fvplugin"]);
  assertMatch(shown.stdout, /^greeter 1\.0\.0, a plugin of the agent: Greets.*\nactions:\n/);
  assertMatch(shown.stdout, /asks for: nothing\n/);
});
