import { createDeferred, SILENT_LOGGER } from "../../../../protocol/mod.ts";
import { PluginStoppedError, PluginStorage } from "../../../../protocol/host/plugins/mod.ts";
import type { PluginRunnerOptions } from "../../../../protocol/host/plugins/mod.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../../protocol/plugins/mod.ts";
import { SupervisedPlugin } from "../../../../protocol/host/plugins/supervised_plugin.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";
import { actingCode, pluginOf } from "../../../support/walled_plugins.ts";

/** Ends by itself on the input `end`. */
const MORTAL = actingCode(
  `if (input === "end") context.sleep(0).then(() => { throw new Error("CANARY"); });
  return await context.sleep(input === "end" ? 60000 : 0).then(() => "alive");`,
);

function optionsOf(options: Partial<PluginRunnerOptions> = {}): PluginRunnerOptions {
  return {
    granted: NO_PLUGIN_PERMISSIONS,
    storage: PluginStorage.inMemory(),
    log: SILENT_LOGGER,
    ...options,
  };
}

function clockOf(clock: FakeClock): Partial<PluginRunnerOptions> {
  return { now: clock.now, delay: clock.delay };
}

/** Resolves as soon as it is in this state, which it gets into without any timer of the test. */
async function untilStateIs(plugin: SupervisedPlugin, state: string): Promise<void> {
  while (plugin.status().state !== state) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function endOnce(plugin: SupervisedPlugin): Promise<void> {
  await assertRejects(() => plugin.call("act", "end", {}), PluginStoppedError, "plugin-stopped");
}

Deno.test("SupervisedPlugin starts a plugin again after 1, 2, 4 and 8 s, and not a fifth time", async () => {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const options = optionsOf({ ...clockOf(clock), log });
  await using plugin = await SupervisedPlugin.start(pluginOf(MORTAL), options);
  for (const delayMs of [1_000, 2_000, 4_000, 8_000]) {
    await endOnce(plugin);
    await clock.untilDelayIs(delayMs);
    assertEquals(plugin.status(), {
      state: "waiting",
      sinceMs: clock.now(),
      restarts: Math.log2(delayMs / 1_000),
      lastEnd: "threw",
      openCalls: 0,
    });
    await assertRejects(() => plugin.call("act", 1, {}), PluginStoppedError, "plugin-stopped");
    clock.advance(delayMs);
    await untilStateIs(plugin, "running");
    assertEquals(await plugin.call("act", 1, {}), "alive");
  }
  await endOnce(plugin);
  await untilStateIs(plugin, "stopped");
  assertEquals(log.messages("warn").length, 4);
  assertEquals(log.messages("error"), ["a plugin ended too often: it stays stopped"]);
  assert(!JSON.stringify(log.events).includes("CANARY"));
});

Deno.test("SupervisedPlugin does not start a plugin that ends at once, unless it is to be patient", async () => {
  const clock = new FakeClock();
  const broken = pluginOf("throw 1");
  const error = await assertRejects(
    () => SupervisedPlugin.start(broken, optionsOf(clockOf(clock))),
    PluginStoppedError,
    "plugin-stopped",
  );
  assertEquals(error.end, "threw");
  const options = optionsOf({ ...clockOf(clock), isPatient: true });
  await using plugin = await SupervisedPlugin.start(broken, options);
  for (const delayMs of [1_000, 2_000]) {
    await clock.untilDelayIs(delayMs);
    assertEquals(plugin.status().state, "waiting");
    assertEquals(plugin.status().restarts, 0);
    clock.advance(delayMs);
  }
  await clock.untilDelayIs(4_000);
});

Deno.test("SupervisedPlugin starts nothing again once it is disposed", async () => {
  const clock = new FakeClock();
  const plugin = await SupervisedPlugin.start(pluginOf(MORTAL), optionsOf(clockOf(clock)));
  await endOnce(plugin);
  await clock.untilDelayIs(1_000);
  await plugin[Symbol.asyncDispose]();
  assertEquals(plugin.status().state, "stopped");
  clock.advance(1_000);
  assertEquals(plugin.status().state, "stopped");
});

Deno.test("SupervisedPlugin lets open calls end when it retires, and starts none", async () => {
  const started = createDeferred<void>();
  const code = actingCode(`context.progress(1); await context.sleep(50); return "done";`);
  const plugin = await SupervisedPlugin.start(pluginOf(code), optionsOf());
  const called = plugin.call("act", 1, { onProgress: () => started.resolve() });
  await started.promise;
  const retired = plugin.retire();
  assertEquals(await called, "done");
  await retired;
  assertEquals(plugin.status().state, "stopped");
});

Deno.test("SupervisedPlugin keeps what a plugin stores beyond its end", async () => {
  const clock = new FakeClock();
  const code = actingCode(`if (input === "end") { await context.storage.set("count", 5);
      context.sleep(0).then(() => { throw 1; }); await context.sleep(60000); }
    return await context.storage.get("count");`);
  const options = optionsOf(clockOf(clock));
  await using plugin = await SupervisedPlugin.start(pluginOf(code), options);
  assertEquals(await plugin.call("act", 1, {}), null);
  await endOnce(plugin);
  await clock.untilDelayIs(1_000);
  clock.advance(1_000);
  await untilStateIs(plugin, "running");
  assertEquals(await plugin.call("act", 1, {}), 5);
});
