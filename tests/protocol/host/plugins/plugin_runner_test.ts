import { CallError, createDeferred, SILENT_LOGGER } from "../../../../protocol/mod.ts";
import {
  PluginRunner,
  type PluginRunnerOptions,
  PluginStoppedError,
  PluginStorage,
} from "../../../../protocol/host/plugins/mod.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../../protocol/plugins/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";
import { actingCode, pluginOf } from "../../../support/walled_plugins.ts";

function optionsOf(options: Partial<PluginRunnerOptions> = {}): PluginRunnerOptions {
  return {
    granted: NO_PLUGIN_PERMISSIONS,
    storage: PluginStorage.inMemory(),
    log: SILENT_LOGGER,
    ...options,
  };
}

Deno.test("PluginRunner calls the actions of the manifest alone", async () => {
  const code = `plugin({ actions: { act: async () => 1, hidden: async () => 2 } });`;
  await using runner = await PluginRunner.start(pluginOf(code), optionsOf());
  assertEquals(await runner.call("act", 1), 1);
  for (const name of ["hidden", "none", "constructor"]) {
    await assertRejects(() => runner.call(name, 1), CallError, "unknown-action");
  }
});

Deno.test("PluginRunner ends a call on the plugin that it began on, while new ones go to the next", async () => {
  const started = createDeferred<void>();
  const codeOf = (version: string) =>
    actingCode(`if (input === "slow") { context.progress(1);
      while (await context.storage.get("go") === null) await context.sleep(5); }
      return ${JSON.stringify(version)};`);
  const options = optionsOf();
  await using runner = await PluginRunner.start(pluginOf(codeOf("old")), options);
  const slow = runner.call("act", "slow", { onProgress: () => started.resolve() });
  await started.promise;
  await runner.replace(pluginOf(codeOf("new"), { version: "2.0.0" }), options);
  assertEquals(runner.plugin.manifest.version, "2.0.0");
  assertEquals(await runner.call("act", "fast"), "new");
  assertEquals(runner.status().openCalls, 1);
  await options.storage.set("go", true);
  assertEquals(await slow, "old");
  assertEquals(runner.status(), {
    ...runner.status(),
    state: "running",
    restarts: 0,
    openCalls: 0,
  });
});

Deno.test("PluginRunner keeps the old plugin where the new one does not start", async () => {
  const options = optionsOf();
  await using runner = await PluginRunner.start(pluginOf(actingCode("return 1;")), options);
  const replaced = () => runner.replace(pluginOf("throw 1", { version: "2.0.0" }), options);
  await assertRejects(replaced, PluginStoppedError, "plugin-stopped");
  const granted = { ...NO_PLUGIN_PERMISSIONS, env: ["HOME"] };
  const tooWide = () => runner.replace(pluginOf(actingCode("")), optionsOf({ granted }));
  await assertRejects(tooWide, RangeError);
  assertEquals(runner.plugin.manifest.version, "1.0.0");
  assertEquals(await runner.call("act", 1), 1);
});

Deno.test("PluginRunner puts one plugin after the other in place, in the order of the calls", async () => {
  const options = optionsOf();
  const codeOf = (index: number) => pluginOf(actingCode(`return ${index};`));
  await using runner = await PluginRunner.start(codeOf(0), options);
  await Promise.all([1, 2].map((index) => runner.replace(codeOf(index), options)));
  assertEquals(await runner.call("act", 1), 2);
});

Deno.test("PluginRunner starts nothing once it is disposed, and leaves nothing", async () => {
  const options = optionsOf();
  const runner = await PluginRunner.start(pluginOf(actingCode("return 1;")), options);
  const replaced = runner.replace(pluginOf(actingCode("return 2;")), options);
  const failed = assertRejects(() => replaced, PluginStoppedError, "plugin-stopped");
  await runner[Symbol.asyncDispose]();
  await failed;
  await assertRejects(() => runner.call("act", 1), PluginStoppedError, "plugin-stopped");
  await assertRejects(() => runner.replace(runner.plugin, options), PluginStoppedError);
  assertEquals(runner.status().state, "stopped");
});

Deno.test("PluginRunner tells of the events that the manifest wants", async () => {
  const code = `let told = 0; plugin({ actions: { act: async () => told },
    events: { delivery: async () => { told++; } } });`;
  const wants = pluginOf(code, { events: ["delivery"] });
  await using runner = await PluginRunner.start(wants, optionsOf());
  runner.tell("delivery", {});
  assertEquals(await runner.call("act", 1), 1);
  await runner.replace(pluginOf(code), optionsOf());
  runner.tell("delivery", {});
  assertEquals(await runner.call("act", 1), 0);
});

Deno.test("PluginRunner logs what a plugin says on one harmless line", async () => {
  const log = new MemoryLogger();
  const code = actingCode(`context.log("a\\n\\u001b[31mb" + "c".repeat(2000)); return 1;`);
  await using runner = await PluginRunner.start(pluginOf(code), optionsOf({ log }));
  await runner.call("act", 1);
  assertEquals(log.messages("info"), ["a plugin says"]);
  const text = String(log.events[0]?.properties["text"]);
  assert(text.startsWith("a\\x0a\\x1b[31mbccc") && text.length < 600, text);
  assertEquals(log.events[0]?.properties["plugin"], "tried");
});

Deno.test("PluginRunner gives the storage to a plugin, bounded", async () => {
  const code = actingCode(`const { storage } = context; const told = [];
    const tell = async (ask) => { try { told.push(await ask()); } catch (error) { told.push(error.code); } };
    await tell(() => storage.set("a", { b: [1] })); await tell(() => storage.get("a")); await tell(() => storage.list());
    await tell(() => storage.set("c", 1)); await tell(() => storage.delete("a")); await tell(() => storage.get("a"));
    for (const key of ["", 5, null, "x".repeat(257), "\\ud800"]) await tell(() => storage.set(key, 1));
    await tell(() => storage.get({})); await tell(() => storage.set("__proto__", { polluted: 1 }));
    await tell(() => storage.list());
    return told;`);
  const storage = PluginStorage.inMemory({ maxKeys: 1 });
  await using runner = await PluginRunner.start(pluginOf(code), optionsOf({ storage }));
  assertEquals(await runner.call("act", 1), [
    ...[null, { b: [1] }, ["a"], "storage-full", null, null],
    ...["key-malformed", "key-malformed", "key-malformed", "key-malformed", "input-malformed"],
    ...["key-malformed", null, ["__proto__"]],
  ]);
  assert(!("polluted" in {}));
});

Deno.test("PluginRunner gives up what it is about to put in its place when it is stopped", async () => {
  const runner = await PluginRunner.start(pluginOf(actingCode("return 1;")), optionsOf());
  const busy = pluginOf("for (;;);", { version: "2.0.0" });
  const replacing = runner.replace(busy, optionsOf({ startTimeoutMs: 3_000 }));
  const refused = assertRejects(() => replacing, PluginStoppedError);
  await Promise.resolve();
  await runner[Symbol.asyncDispose]();
  assertEquals((await refused).end, "stopped");
});

Deno.test("PluginRunner lets two of those before come to the end of their calls, and stops the third", async () => {
  const code = actingCode("context.progress(1); await context.sleep(60000); return 1;");
  const options = optionsOf();
  await using runner = await PluginRunner.start(pluginOf(code), options);
  const calls: Promise<unknown>[] = [];
  for (const version of ["2.0.0", "3.0.0", "4.0.0"]) {
    const started = createDeferred<void>();
    calls.push(runner.call("act", 1, { onProgress: () => started.resolve() }));
    calls.at(-1)?.catch(() => {});
    await started.promise;
    await runner.replace(pluginOf(code, { version }), options);
  }
  const failed = await assertRejects(() => calls[0] ?? Promise.resolve(), PluginStoppedError);
  assertEquals([failed.end, runner.status().openCalls], ["stopped", 2]);
});
