import { delay } from "../../protocol/delay.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("delay resolves on the real clock", async () => {
  await delay(0);
  await delay(0, new AbortController().signal);
});

Deno.test("delay rejects with the reason of its signal, before and while it waits", async () => {
  const reason = new RangeError("enough");
  await assertRejects(() => delay(3_600_000, AbortSignal.abort(reason)), RangeError);
  const controller = new AbortController();
  const waiting = delay(3_600_000, controller.signal);
  controller.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
});
