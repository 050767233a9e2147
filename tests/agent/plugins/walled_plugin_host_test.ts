import { openDiskRoots } from "../../../agent/disk/mod.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import type { RunningPlugin } from "../../../agent/plugins/running_plugin.ts";
import { WalledPluginHost } from "../../../agent/plugins/walled_plugin_host.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import { NO_PLUGIN_PERMISSIONS, type PluginManifest } from "../../../protocol/plugins/mod.ts";
import type { HeldManifest } from "../../../protocol/secret_store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { fileEntry } from "../../support/disk_delivery.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { GREETER } from "../../support/played_plugins.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const NEVER = new AbortController().signal;

async function open() {
  const folder = await temporaryFolder();
  const { path } = folder;
  for (const name of ["files", "state"]) await Deno.mkdir(`${path}/${name}`);
  await Deno.writeTextFile(`${path}/files/a`, "secret a");
  const entries = [await fileEntry("a", "secret a"), await fileEntry("b", "secret b")];
  const stateFolder = `${path}/state`;
  const host = new WalledPluginHost({
    disk: await openDiskRoots({
      workingFolder: `${path}/files`,
      stateFolder,
      absoluteFolders: [],
    }),
    held: () => ({ manifest: { entries } }) as unknown as HeldManifest,
    stateFolder,
    logger: new MemoryLogger(),
  });
  const start = (actions: string, manifest: Partial<PluginManifest> = {}) =>
    host.start(pluginOf(actions, manifest), { isPatient: false, signal: NEVER });
  return { host, path, start, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function pluginOf(definition: string, manifest: Partial<PluginManifest> = {}) {
  return { manifest: { ...GREETER, ...manifest }, code: `plugin({ ${definition} });` };
}

function call(running: RunningPlugin, input: unknown = null): Promise<unknown> {
  return running.call("greet", input, {
    signal: new AbortController().signal,
    onProgress: () => {},
  });
}

const COUNT = `actions: { greet: async (_, { storage }) => {
  const count = (await storage.get("count") ?? 0) + 1;
  await storage.set("count", count);
  return count;
} }`;

Deno.test("WalledPluginHost keeps what a plugin keeps, over an upgrade and a restart", async () => {
  await using yard = await open();
  {
    await using running = await yard.start(COUNT);
    assertEquals([await call(running), await call(running)], [1, 2]);
    await running.replace(pluginOf(COUNT, { version: "2.0.0" }));
    assertEquals(await call(running), 3);
  }
  {
    await using again = await yard.start(COUNT);
    assertEquals(await call(again), 4);
    // What another one keeps is its own.
    await using other = await yard.start(COUNT, { name: "other" });
    assertEquals(await call(other), 1);
  }
  await yard.host.forget("greeter");
  await yard.host.forget("nobody");
  await using anew = await yard.start(COUNT);
  assertEquals(await call(anew), 1);
});

const READ = `actions: { greet: async (path, { files }) => {
  return [(await files.list()).map(({ path }) => path), await files.readText(path)];
} }`;

Deno.test("WalledPluginHost lets a plugin read the delivered files that it asks for, and no others", async () => {
  await using yard = await open();
  const permissions = { ...NO_PLUGIN_PERMISSIONS, read: [`${yard.path}/files/a`] };
  await using running = await yard.start(READ, { permissions });
  assertEquals(await call(running, "a"), [["a"], "secret a"]);
  const error = await assertRejects(() => call(running, "b"), CallError);
  assertEquals(error.code, "file-unknown");
  // Another version is bound by what it asks for itself.
  await running.replace(pluginOf(READ, { version: "2.0.0" }));
  assertEquals((await assertRejects(() => call(running, "a"), CallError)).code, "file-unknown");
});

const TOLD = `
  events: { delivery: (event) => { globalThis.told = event; } },
  actions: { greet: async (_, { sleep }) => {
    while (globalThis.told === undefined) await sleep(1);
    return globalThis.told;
  } }`;

Deno.test("WalledPluginHost tells a plugin of deliveries that wants to be told, and only of its files", async () => {
  await using yard = await open();
  const files = [{ path: "a", outcome: "created" }, { path: "b", outcome: "updated" }];
  const report = { files } as unknown as AgentSessionReport;
  const permissions = { ...NO_PLUGIN_PERMISSIONS, read: [`${yard.path}/files/a`] };
  await using deaf = await yard.start(TOLD, { name: "deaf", permissions });
  deaf.noteDelivery(report);
  await using running = await yard.start(TOLD, { events: ["delivery"], permissions });
  running.noteDelivery(report);
  assertEquals(await call(running), { changes: 2, files: [{ path: "a", outcome: "created" }] });
});

Deno.test("WalledPluginHost leaves nothing of a plugin that writes while it is removed", async () => {
  await using yard = await open();
  {
    await using running = await yard.start(`actions: { greet: async (_, { storage }) => {
      storage.set("late", 1);
    } }`);
    await call(running);
  }
  await yard.host.forget("greeter");
  assertEquals([...Deno.readDirSync(`${yard.path}/state/plugins/storage`)], []);
});

Deno.test("WalledPluginHost starts nothing that is no plugin", async () => {
  await using yard = await open();
  const error = await assertRejects(() => yard.start("}"), CallError);
  assertEquals(error.code, "plugin-stopped");
  await using running = await yard.start("actions: { greet: () => 1 }");
  assertEquals(running.status().state, "running");
});

Deno.test("WalledPluginHost gives up a start that nobody wants any more", async () => {
  await using yard = await open();
  const control = new AbortController();
  const options = { isPatient: true, signal: control.signal };
  const starting = yard.host.start(pluginOf(COUNT), options);
  control.abort();
  assertEquals((await assertRejects(() => starting, CallError)).code, "plugin-stopped");
});
