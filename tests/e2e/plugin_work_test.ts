/**
 * Plugins of agents at work, by the real programs: what they learn of deliveries and files, calls while
 * they are upgraded, several keepers at once, and an agent behind a primary.
 *
 * @module
 */
import { NO_PLUGIN_PERMISSIONS } from "../../protocol/plugins/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { PluginSite } from "../support/plugin_site.ts";

const WATCHER = `
const told = [];
plugin({
  events: { delivery: (event) => { told.push(event); } },
  actions: {
    told: () => told,
    read: async (path, { files }) => [(await files.list()).map(({ path }) => path), await files.readText(path)],
  },
});`;

Deno.test("plugins: are told of deliveries, and read the files that they were granted", async () => {
  await using place = await PluginSite.open({ "db.password": "hunter2", "other": "private" });
  const granted = place.site.path("web/files/db.password");
  const agent = await place.startAgent("web", {
    args: ["--allow-plugins", "--plugin-permissions", `read=${place.site.path("web/files")}`],
  });
  await place.deliver(["--managed-files", "other"]);
  const path = await place.write("watcher.plugin", {
    manifest: {
      name: "watcher",
      actions: [{ name: "told", describe: "" }, { name: "read", describe: "" }],
      events: ["delivery"],
      permissions: { ...NO_PLUGIN_PERMISSIONS, read: [granted] },
    },
    code: WATCHER,
  });
  assertEquals(await place.push(path), { code: 0, said: ["running"] });
  await place.deliver(["--managed-files", "other,db.password"]);
  assertEquals(await place.call(agent, "watcher-told"), [
    { changes: 1, files: [{ path: "db.password", outcome: "created" }] },
  ]);
  await Deno.writeTextFile(place.site.path("input"), '"db.password"');
  const input = ["--input", place.site.path("input")];
  assertEquals(await place.call(agent, "watcher-read", ...input), [["db.password"], "hunter2"]);
  await Deno.writeTextFile(place.site.path("input"), '"other"');
  assertEquals(await place.call(agent, "watcher-read", ...input), "file-unknown");
});

const SLOW = (version: string) => `
let isFree = false;
plugin({ actions: {
  wait: async (_, { progress, sleep }) => {
    progress("begun");
    while (!isFree) await sleep(10);
    return ${JSON.stringify(version)};
  },
  free: () => { isFree = true; return ${JSON.stringify(version)}; },
} });`;
const SLOW_ACTIONS = [{ name: "wait", describe: "Waits" }, { name: "free", describe: "" }];

Deno.test("plugins: end a call on the version on which it began, while another takes the next", async () => {
  await using place = await PluginSite.open();
  const agent = await place.startAgent("web");
  await place.deliver();
  const write = (version: string, code: string) =>
    place.write(`slow-${version}.plugin`, {
      manifest: { name: "slow", version, actions: SLOW_ACTIONS },
      code,
    });
  // The first one ends by itself: nobody reaches it any more once the second is there.
  const first = SLOW("1.0.0").replace("while (!isFree) await sleep(10);", "await sleep(6000);");
  await place.push(await write("1.0.0", first));
  const calling = place.site.start("keeper", [
    "call",
    "shop/web",
    "slow-wait",
    ...place.fleetArgs(),
  ], {
    input: place.wif,
  });
  await calling.waitForLog(/begun/);
  assertEquals(await place.push(await write("2.0.0", SLOW("2.0.0"))), {
    code: 0,
    said: ["running"],
  });
  assertEquals(await place.call(agent, "slow-free"), "2.0.0");
  assertMatch((await calling.end).stdout, /shop\/web\): 1\.0\.0\n/);
});

Deno.test("plugins: are called by several keepers at once", async () => {
  await using place = await PluginSite.open();
  const agent = await place.startAgent("web");
  await place.deliver();
  const path = await place.write("slow.plugin", {
    manifest: { name: "slow", actions: SLOW_ACTIONS },
    code: SLOW("1.0.0"),
  });
  await place.push(path);
  const wait = async () => {
    const call = ["call", "shop/web", "slow-wait", ...place.fleetArgs()];
    const program = place.site.start("keeper", call, { input: place.wif });
    await program.waitForLog(/begun/);
    return program.end;
  };
  const waiting = [wait(), wait()];
  // Neither has an answer before somebody else frees both.
  const ends = Promise.all(waiting);
  await place.untilOpen(agent, "slow", 2);
  assertEquals(await place.call(agent, "slow-free"), "1.0.0");
  for (const { code, stdout } of await ends) {
    assertEquals(code, 0);
    assertMatch(stdout, /: 1\.0\.0\n/);
  }
});
