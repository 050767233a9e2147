import { CallLimit } from "../../../protocol/calls/call_limit.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("CallLimit ends a call when its time is over", async () => {
  const limit = new CallLimit("echo", { timeoutMs: 1 });
  await new Promise((resolve) => limit.signal.addEventListener("abort", resolve));
  const { reason } = limit.signal;
  assert(reason instanceof ConnectionError && reason.code === "timed-out");
  assertEquals(reason.message, "the call of echo took longer than 0.001 s");
});

Deno.test("CallLimit ends a call with its caller's signal, before and after it was made", () => {
  const control = new AbortController();
  const limit = new CallLimit("echo", { signal: control.signal });
  control.abort("enough");
  assertEquals(limit.signal.reason, "enough");
  assertEquals(new CallLimit("echo", { signal: control.signal }).signal.reason, "enough");
});

Deno.test("CallLimit keeps the first reason", () => {
  const limit = new CallLimit("echo", {});
  limit.abort("one");
  limit.abort("two");
  assertEquals(limit.signal.reason, "one");
});

Deno.test("CallLimit sets no timer for no limit, and leaves none behind", () => {
  new CallLimit("echo", { timeoutMs: Infinity });
  const limit = new CallLimit("echo", {});
  limit.clear();
});

Deno.test("CallLimit goes on with the signal where the time no longer counts", () => {
  const control = new AbortController();
  const limit = new CallLimit("echo", { signal: control.signal });
  limit.clearTime();
  control.abort("enough");
  assertEquals(limit.signal.reason, "enough");
});

Deno.test("CallLimit forgets its caller's signal once it is cleared", () => {
  const control = new AbortController();
  const limit = new CallLimit("echo", { signal: control.signal });
  limit.clear();
  control.abort("enough");
  assertEquals(limit.signal.aborted, false);
});
