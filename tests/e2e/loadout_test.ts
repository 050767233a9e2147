/**
 * Several apps from one loadout: the real programs.
 *
 * @module
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { outcomesOf, readTree, type RunningAgent, Site } from "../support/site.ts";

function appFile({ address }: RunningAgent, ...sources: readonly string[]): string {
  const directives = sources.map((source) => `{ source: ${source} }`).join(", ");
  return `version: 1\nagents: ["${address}"]\ngroups: { all: { state_directives: [${directives}] } }\n`;
}

async function startApp(site: Site, name: string): Promise<RunningAgent> {
  return await site.startAgent({ name, args: ["--app-name", name] });
}

Deno.test("keeper: serves the apps of a vault's folders, and follows them while it runs", async () => {
  await using site = await Site.open({ "shop/motd": "shop", "shop/key": "1", "blog/motd": "blog" });
  const [shop, blog] = [await startApp(site, "shop"), await startApp(site, "blog")];
  await site.store({
    "shop/fluxvault.yaml": appFile(shop, "motd"),
    "blog/fluxvault.yaml": appFile(blog, "motd"),
  });
  const keeper = site.start("keeper", [
    ...["run", "--vault-dir", site.path("vault"), "--state-dir", site.path("state"), "--json"],
    ...["--polling-interval", "3600"],
  ]);
  const told = (app: string, path: string, outcome: string) =>
    keeper.waitForJson((line) => {
      return line.type === "agent" && line.app === app && outcomesOf(line)[path] === outcome;
    });
  await told("shop", "motd", "created");
  await told("blog", "motd", "created");
  await site.store({ "blog/motd": "new" });
  await told("blog", "motd", "updated");
  await site.store({ "shop/fluxvault.yaml": appFile(shop, "key") });
  await told("shop", "key", "created");
  assertEquals(Object.keys(await readTree(shop.files)), ["key"]);
  // A mistake changes nothing, and is told of with its place.
  await site.store({ "shop/fluxvault.yaml": appFile(shop, "../key") });
  await keeper.waitForLog(/last good one stays in force.*shop\/fluxvault\.yaml:3/s);
  await site.store({ "shop/key": "2" });
  await told("shop", "key", "updated");
  assertEquals((await keeper.stop()).code, 0);
  assertEquals(Object.keys(await readTree(blog.files)), ["motd"]);
});

Deno.test("keeper: serves the loadout that is remembered, and the others where one app cannot be", async () => {
  await using site = await Site.open({ "blog/motd": "blog" });
  const blog = await startApp(site, "blog");
  await site.store({ "blog/fluxvault.yaml": appFile(blog, "motd") });
  const state = ["--state-dir", site.path("state")];
  assertEquals(
    (await site.run("keeper", ["config", "load", site.path("vault"), ...state])).code,
    0,
  );
  const once = () => site.run("keeper", ["run", "--run-once", "--json", ...state]);
  const first = await once();
  assertEquals([first.code, jsonLines(first.stdout).map(({ app }) => app)], [0, ["blog", "blog"]]);
  await site.store({
    "lost/fluxvault.yaml": appFile(blog, "motd").replace("agents", "vault: ./gone\nagents"),
  });
  await site.store({ "blog/motd": "2" });
  const second = await once();
  assertEquals(second.code, 2);
  assertMatch(second.stderr, /An app cannot be served.*"app":"lost"/);
  assertEquals(await Deno.readTextFile(`${blog.files}/motd`), "2");
});

Deno.test("keeper: names the app in what it writes for people", async () => {
  await using site = await Site.open({ "shop/motd": "shop", "blog/motd": "blog" });
  for (const name of ["shop", "blog"]) {
    await site.store({ [`${name}/fluxvault.yaml`]: appFile(await startApp(site, name), "motd") });
  }
  const { code, stdout } = await site.run("keeper", [
    ...["run", "--run-once", "--vault-dir", site.path("vault"), "--state-dir", site.path("state")],
  ]);
  assertEquals(code, 0, stdout);
  for (const name of ["shop", "blog"]) {
    assertMatch(stdout, new RegExp(`^${name}\nAGENT`, "m"));
    assertMatch(stdout, new RegExp(`^${name}: pass 1: 1 agent, 1 as wanted`, "m"));
  }
});
