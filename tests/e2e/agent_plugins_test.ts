/**
 * Plugins of agents, by the real programs: put there, called, upgraded, kept over a restart and removed;
 * and what an agent takes from nobody.
 *
 * @module
 */
import { generatePrivateKey } from "../../flux/mod.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../protocol/plugins/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { PluginSite } from "../support/plugin_site.ts";
import { modeOf, readTree } from "../support/site.ts";

const COUNTER = {
  name: "counter",
  actions: [{ name: "next", describe: "Counts" }, { name: "version", describe: "" }],
};

/** Counts its calls in its storage, and knows its version. */
function counterCode(version: string): string {
  return `plugin({ actions: {
    next: async (input, context) => {
      const count = (await context.storage.get("count") ?? 0) + 1;
      await context.storage.set("count", count);
      return count;
    },
    version: () => ${JSON.stringify(version)},
  } });`;
}

Deno.test("plugins: are put into agents, called, upgraded, kept over a restart and removed", async () => {
  await using place = await PluginSite.open();
  const web = await place.startAgent("web");
  await place.startAgent("db");
  assertEquals((await place.deliver()).code, 0);
  const write = (version: string) =>
    place.write(`counter-${version}.plugin`, {
      manifest: { ...COUNTER, version },
      code: counterCode(version),
    });
  const one = await write("1.0.0");
  assertEquals(await place.push(one), { code: 0, said: ["running", "running"] });
  assertEquals(await place.push(one), { code: 0, said: ["running before", "running before"] });
  assertEquals(await place.call(web, "counter-next"), 1);
  assertEquals(await place.call(web, "counter-next"), 2);

  const two = await write("1.1.0");
  assertEquals(await place.push(two, "--only", "shop/web"), { code: 0, said: ["running", "-"] });
  assertEquals(await place.call(web, "counter-version"), "1.1.0");
  assertEquals(await place.call(web, "counter-next"), 3);

  const again = await place.restart(web, "SIGKILL");
  assertEquals(await place.call(again, "counter-next"), 4);
  const [listed] = await place.list(again);
  assertEquals([listed?.["Name"], listed?.["Version"], listed?.["State"]], [
    "counter",
    "1.1.0",
    "running",
  ]);
  // The attack: the older version, which is signed as well.
  assertEquals((await place.push(one)).said, ["downgrade", "running before"]);

  const removed = await place.keeper("plugin", "remove", "counter");
  assertEquals(removed.code, 0, removed.stdout + removed.stderr);
  assertMatch(removed.stdout, /counter: removed from 2 of 2 agents\n$/);
  assertEquals(await place.call(again, "counter-next"), "unknown-action");
  assertEquals(Object.keys(await readTree(`${again.state}/plugins`)), ["plugins.json"]);
  assertEquals((await place.push(one)).said, ["downgrade", "running"]);
  assertEquals(await place.call(await place.restart(again), "counter-next"), "unknown-action");
});

Deno.test("plugins: are kept where their owner alone can read them", async () => {
  await using place = await PluginSite.open();
  const agent = await place.startAgent("web");
  await place.deliver();
  await place.push(await place.write("greeter.plugin"));
  const modes = await Promise.all(
    Object.keys(await readTree(agent.state)).filter((path) => path.startsWith("plugins/"))
      .map((path) => modeOf(`${agent.state}/${path}`)),
  );
  assert(modes.length >= 2 && modes.every((mode) => mode === 0o600), modes.join());
});

Deno.test("plugins: are taken by no agent that is not told to, and by none that trusts another key", async () => {
  await using place = await PluginSite.open();
  await place.startAgent("web");
  await place.startAgent("plain", { args: [] });
  await place.deliver();
  const path = await place.write("greeter.plugin");
  assertEquals(await place.push(path), { code: 1, said: ["running", "unknown-action"] });
  const text = await place.keeper("plugin", "push", path);
  assertMatch(text.stdout, /shop\/plain\): failed \(unknown-action\).*--allow-plugins/s);
  const list = await place.keeper("plugin", "list");
  assertEquals(list.code, 0, list.stdout);
  assertMatch(list.stdout, /shop\/web\) +greeter +1\.0\.0 +running +0 +0 +-\n/);
  assertMatch(list.stdout, /shop\/plain\) +takes none\n/);
  // The attack: the keeper is let in, and somebody else's plugin is not.
  const foreign = await place.write("foreign.plugin", {
    manifest: { name: "foreign" },
    key: generatePrivateKey(),
  });
  assertEquals((await place.push(foreign, "--only", "shop/web")).said, ["signature-invalid", "-"]);
});

Deno.test("plugins: are signed by the keeper that sends them where nobody else has", async () => {
  await using place = await PluginSite.open();
  await place.startAgent("web");
  await place.deliver();
  const path = await place.write("greeter.plugin", { key: null });
  assertEquals(await place.push(path), { code: 0, said: ["running"] });
});

Deno.test("plugins: ask for no more than the operator of the agent grants", async () => {
  await using place = await PluginSite.open();
  await place.startAgent("web", {
    args: ["--allow-plugins", "--plugin-permissions", "net=127.0.0.1:9", "--plugin-memory", "16"],
  });
  await place.deliver();
  const limits = { memoryMb: 16, callTimeoutS: 10 };
  const push = async (name: string, manifest: Record<string, unknown>) => {
    const all = { name, limits, ...manifest };
    return (await place.push(await place.write(`${name}.plugin`, { manifest: all }))).said;
  };
  const net = ["127.0.0.1:10"];
  const wide = { permissions: { ...NO_PLUGIN_PERMISSIONS, net } };
  assertEquals(await push("wide", wide), ["permission-exceeds"]);
  assertEquals(await push("big", { limits: { ...limits, memoryMb: 17 } }), ["memory-exceeds"]);
  assertEquals(await push("small", {}), ["running"]);
});
