import schema from "../../../../keeper/loadout/loadout.schema.json" with { type: "json" };
import { assert, assertEquals } from "../../../support/assert.ts";
import { configSite } from "./config_site.ts";

const APPS = [
  "APP    COMPONENTS  DIRECTIVES  HOOKS   AGENTS          VAULT",
  "demo   web, db              2  reload  node:9000       SITE/demo",
  "other  one                  1  -       of the network  SITE/other",
  "",
].join("\n");

Deno.test("check shows the apps of a loadout that can be used", async () => {
  await using site = await configSite();
  assertEquals(await site.run("check", "SITE/loadout.yaml"), {
    code: 0,
    stdout: `SITE/loadout.yaml can be used.\n${APPS}`,
    stderr: "",
  });
});

Deno.test("check exits with 2 and tells every mistake with its place and what to write", async () => {
  await using site = await configSite();
  await site.write("loadout.yaml", "version: 1\napps:\n  demo: { prot: 1, trust: yes }\n");
  assertEquals(await site.run("check", "SITE/loadout.yaml"), {
    code: 2,
    stdout: "",
    stderr: 'error: an app has no key "prot" (SITE/loadout.yaml:3:11)\nhint: Did you mean port?\n' +
      'error: trust is "yes", which is none of approve, first-use, pinned (SITE/loadout.yaml:3:27)\n' +
      "hint: Write approve, first-use or pinned.\n",
  });
  const { stderr } = await site.run("check", "SITE/loadout.yaml", "--json");
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ source, code }) => [source, code]), [
    ["SITE/loadout.yaml:3:11", "config-invalid"],
    ["SITE/loadout.yaml:3:27", "config-invalid"],
  ]);
});

Deno.test("check looks into the vault: what is missing is warned of, what cannot be is a mistake", async () => {
  await using site = await configSite();
  const app = (directives: string) =>
    `version: 1\napps: { demo: { groups: { all: { state_directives: [${directives}] } } } }\n`;
  await site.write("loadout.yaml", app("{ source: gone }"));
  const missing = await site.run("check", "SITE/loadout.yaml");
  assertEquals(missing.code, 0);
  assert(missing.stderr.includes('SITE/loadout.yaml:2:53: there is no "gone" in the vault folder'));
  await site.write("loadout.yaml", app("{ source: motd }, { source: key.pem, target: motd/ }"));
  const inside = await site.run("check", "SITE/loadout.yaml");
  assertEquals(inside.code, 2);
  assert(inside.stderr.includes('the target "motd/key.pem" needs a folder where "motd"'));
});

Deno.test("check reads a vault folder, the folder of one app, and its file", async () => {
  await using site = await configSite();
  const own = "version: 1\ngroups: { all: { state_directives: [{ source: motd }] } }\n";
  await site.write("demo/fluxvault.yaml", own);
  for (const operand of ["SITE", "SITE/demo", "SITE/demo/fluxvault.yaml"]) {
    const { code, stdout } = await site.run("check", operand, "--json");
    const { app, vault, origin } = JSON.parse(stdout);
    assertEquals([code, app, vault, origin], [
      ...[0, "demo", "SITE/demo", "SITE/demo/fluxvault.yaml:1:1"],
    ]);
  }
});

Deno.test("load remembers a good loadout by its absolute path, list shows it, unload forgets it", async () => {
  await using site = await configSite();
  assertEquals(await site.run(), {
    code: 0,
    stdout: "No loadout is remembered in SITE/state/loadout.json.\n",
    stderr: "",
  });
  assertEquals(
    (await site.run("load", "SITE/x/../loadout.yaml")).stdout,
    [
      "loaded SITE/loadout.yaml",
      APPS,
    ].join("\n"),
  );
  assertEquals((await site.run("list")).stdout, `SITE/loadout.yaml\n${APPS}`);
  assertEquals((await site.run("check")).code, 0);
  await site.write(
    "demo/fluxvault.yaml",
    "version: 1\ncomponents: { a: { state_directives: [{ source: motd }] } }\n",
  );
  const { stdout } = await site.run("load", "SITE/demo");
  assert(stdout.startsWith("loaded SITE/demo, instead of SITE/loadout.yaml\n"));
  assertEquals((await site.run("unload")).stdout, "unloaded SITE/demo\n");
  assertEquals((await site.run("unload")).stdout, "No loadout was remembered.\n");
  assertEquals((await site.run("unload", "--json")).stdout, '{"unloaded":null}\n');
});

Deno.test("load keeps what it remembers where the new one is bad", async () => {
  await using site = await configSite();
  await site.run("load", "SITE/loadout.yaml");
  await site.write("bad.yaml", "version: 1\n");
  assertEquals((await site.run("load", "SITE/bad.yaml")).code, 2);
  assert((await site.run("list")).stdout.startsWith("SITE/loadout.yaml\n"));
});

Deno.test("list says what is remembered, be it bad by now", async () => {
  await using site = await configSite();
  await site.run("load", "SITE/loadout.yaml");
  await site.write("loadout.yaml", "");
  assertEquals(await site.run("list"), {
    code: 2,
    stdout: "SITE/loadout.yaml\n",
    stderr: "error: the file is empty (SITE/loadout.yaml:1:1)\nhint: Begin with version: 1.\n",
  });
});

Deno.test("check and load want a loadout, one at a time, and no secret in its place", async () => {
  await using site = await configSite();
  const wif = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
  for (const args of [["check"], ["load"], ["check", "a", "b"], ["load", wif], ["check", "gone"]]) {
    const { code, stderr } = await site.run(...args);
    assert(code === 2 && stderr.includes("hint:") && !stderr.includes(wif), stderr);
  }
});

Deno.test("schema writes the schema for editors", async () => {
  await using site = await configSite();
  assertEquals(JSON.parse((await site.run("schema")).stdout), schema);
});
