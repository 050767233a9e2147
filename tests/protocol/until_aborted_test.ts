import { createDeferred } from "../../protocol/deferred.ts";
import { untilAborted } from "../../protocol/until_aborted.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("untilAborted gives back what the work does", async () => {
  const { signal } = new AbortController();
  assertEquals(await untilAborted(Promise.resolve(7), signal), 7);
  const failing = () => untilAborted(Promise.reject(new RangeError("broken")), signal);
  await assertRejects(failing, RangeError);
});

Deno.test("untilAborted rejects with the reason of its signal, before and while it waits", async () => {
  const reason = new RangeError("enough");
  const endless = createDeferred<void>().promise;
  await assertRejects(() => untilAborted(endless, AbortSignal.abort(reason)), RangeError);
  const controller = new AbortController();
  const waiting = untilAborted(endless, controller.signal);
  controller.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
});

Deno.test("untilAborted drops what the work throws once nobody waits", async () => {
  const { promise, reject } = createDeferred<void>();
  const waiting = untilAborted(promise, AbortSignal.abort("enough"));
  assertEquals(await waiting.catch((error) => error), "enough");
  reject(new RangeError("late"));
  await promise.catch(() => {});
});
