import { createDeferred } from "../../../../../protocol/mod.ts";
import {
  PluginWorker,
  type PluginWorkerOptions,
} from "../../../../../protocol/host/plugins/walls/plugin_worker.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../../../protocol/plugins/mod.ts";
import { assert, assertEquals } from "../../../../support/assert.ts";
import { actingCode, pluginOf } from "../../../../support/walled_plugins.ts";

/** Starts a worker; what is heard of it, and its end. */
function startWorker(code: string, options: Partial<PluginWorkerOptions> = {}) {
  const ready = createDeferred<void>();
  const gone = createDeferred<void>();
  const heard: unknown[] = [];
  const worker = new PluginWorker(pluginOf(code), {
    granted: NO_PLUGIN_PERMISSIONS,
    askNames: ["call", "files.list"],
    startMs: 15_000,
    runMs: 15_000,
    onMessage: (data) => {
      heard.push(data);
      ready.resolve();
    },
    onEnd: (end) => {
      heard.push(end);
      ready.resolve();
    },
    onGone: () => gone.resolve(),
    ...options,
  });
  return { worker, heard, ready: ready.promise, gone: gone.promise };
}

Deno.test("PluginWorker hands on texts, and ends its thread when it is stopped", async () => {
  const { worker, heard, ready, gone } = startWorker(actingCode("return input;"));
  await ready;
  worker.tell({ Kind: "call", Id: 1, Name: "act", Input: "x" });
  worker.stop();
  await gone;
  worker.remove();
  assertEquals(heard, [
    '{"Kind":"ready","Actions":["act"],"Events":[]}',
    '{"Kind":"result","Id":1,"Output":"x"}',
    "stopped",
  ]);
});

Deno.test("PluginWorker shows the asks of the host and of the worker, each by its name", async () => {
  const code = actingCode(`return [Object.keys(context).sort(), Object.keys(context.files)];`);
  const { worker, heard, ready, gone } = startWorker(code);
  await ready;
  worker.tell({ Kind: "call", Id: 1, Name: "act", Input: null });
  worker.stop();
  await gone;
  worker.remove();
  const names = ["call", "env", "fetch", "files", "isCancelled", "list", "log", "progress"];
  const others = ["readBase64", "readText", "sleep", "writeText"];
  const output = JSON.stringify([[...names, ...others], ["list"]]);
  assertEquals(heard[1], `{"Kind":"result","Id":1,"Output":${output}}`);
});

Deno.test("PluginWorker stops a plugin whose messages nobody confirms", async () => {
  const code = actingCode(
    `for (let i = 0; ; i++) { context.progress(i); await context.sleep(0); }`,
  );
  const { worker, heard, ready, gone } = startWorker(code);
  await ready;
  worker.tell({ Kind: "call", Id: 1, Name: "act", Input: null });
  await gone;
  worker.remove();
  assertEquals(heard.at(-1), "flooded");
  assert(heard.length < 600, `${heard.length}`);
});
