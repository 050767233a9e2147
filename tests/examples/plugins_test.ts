/** The plugins among the examples, built as their authors build them, and run behind their walls. */
import { bundlePlugin, checkPluginScript } from "../../keeper/commands/plugins/plugin_bundle.ts";
import { parsePluginDescription } from "../../keeper/commands/plugins/plugin_description.ts";
import { systemCommandRunner } from "../../keeper/keys/stores/command_runner.ts";
import {
  CallError,
  type KeeperDelivery,
  type PluginPackage,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";
import { SYSTEM_ENVIRONMENT } from "../../protocol/host/mod.ts";
import { type PluginAsks, PluginRunner, PluginStorage } from "../../protocol/host/plugins/mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const EXAMPLES = new URL("plugins/", import.meta.url);

async function build(name: string): Promise<PluginPackage> {
  const folder = decodeURIComponent(new URL(`${name}/`, EXAMPLES).pathname);
  const { signal } = new AbortController();
  const code = await bundlePlugin(`${folder}plugin.ts`, {
    run: systemCommandRunner(SYSTEM_ENVIRONMENT, { signal }),
    execPath: Deno.execPath(),
    env: SYSTEM_ENVIRONMENT,
  });
  await checkPluginScript(code, "plugin.ts");
  const path = `${folder}plugin.json`;
  return { code, manifest: parsePluginDescription(await Deno.readTextFile(path), path) };
}

async function start(name: string, asks: PluginAsks = new Map()): Promise<PluginRunner> {
  const plugin = await build(name);
  return await PluginRunner.start(plugin, {
    granted: plugin.manifest.permissions,
    asks,
    storage: PluginStorage.inMemory(),
    log: SILENT_LOGGER,
  });
}

Deno.test("the greeter greets who is named, counts, and refuses nobody's name", async () => {
  await using greeter = await start("greeter");
  assertEquals(await greeter.call("greet", { name: "Ada" }), "Hello, Ada");
  await assertRejects(() => greeter.call("greet", {}), CallError, "input-malformed");
  assertEquals(await greeter.call("count", null), 1);
});

Deno.test("the lookout remembers troubles, and asks those that are in reach", async () => {
  const agents = ["a:1", "b:1"].map((address) => ({ address }));
  await using lookout = await start(
    "lookout",
    new Map([
      ["agents", () => Promise.resolve(agents)],
      [
        "call",
        ([address]: readonly unknown[]) =>
          address === "a:1"
            ? Promise.resolve({ UptimeS: 7 })
            : Promise.reject(new CallError("connection-refused", "it is away")),
      ],
    ]),
  );
  const told = { address: "a:1", outcome: "unreachable", code: "connection-refused" };
  const tell = (isWanted: boolean) =>
    lookout.tell("delivery", { ...told, isWanted } as KeeperDelivery);
  await tell(false);
  assertEquals(await lookout.call("troubles", null), [told]);
  await tell(true);
  assertEquals(await lookout.call("troubles", null), []);
  assertEquals(await lookout.call("reports", null), {
    "a:1": { UptimeS: 7 },
    "b:1": { failed: "connection-refused" },
  });
});
