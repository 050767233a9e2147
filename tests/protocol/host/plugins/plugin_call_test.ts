import { CallError } from "../../../../protocol/mod.ts";
import {
  PluginCall,
  type PluginCallLimits,
} from "../../../../protocol/host/plugins/plugin_call.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";

function createCall(limits: Partial<PluginCallLimits> = {}) {
  const heard: unknown[] = [];
  const call = new PluginCall({
    timeoutMs: 60_000,
    onCancel: () => heard.push("cancel"),
    onOverrun: () => heard.push("overrun"),
    onClose: () => heard.push("close"),
    onProgress: (output) => heard.push(output),
    ...limits,
  });
  return { call, heard };
}

Deno.test("PluginCall has the first result, and is over then", async () => {
  const { call, heard } = createCall();
  call.progress(1);
  call.resolve("one");
  call.progress(2);
  assertEquals(await call.result, "one");
  assertEquals(heard, [1, "close"]);
  assertEquals(call.signal.aborted, true);
});

Deno.test("PluginCall gives its caller the reason of the signal, and stays open", async () => {
  const control = new AbortController();
  const { call, heard } = createCall({ signal: control.signal });
  control.abort("enough");
  call.progress(1);
  assertEquals(await call.result.catch((reason) => reason), "enough");
  assertEquals(heard, ["cancel"]);
  call.resolve("late");
  assertEquals(heard, ["cancel", "close"]);
});

Deno.test("PluginCall fails when its time is over, and asks the plugin to end it", async () => {
  const { call, heard } = createCall({ timeoutMs: 1 });
  await assertRejects(() => call.result, CallError, "timed-out");
  call.reject(new Error("late"));
  assertEquals(heard, ["cancel", "close"]);
});
