import { createDeferred } from "../../protocol/deferred.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("createDeferred settles its promise once, as it is told from outside", async () => {
  const { promise, resolve, reject } = createDeferred<number>();
  resolve(1);
  reject(new RangeError("too late"));
  assertEquals(await promise, 1);
});

Deno.test("createDeferred rejects its promise", async () => {
  const { promise, reject } = createDeferred<void>();
  reject(new RangeError("no"));
  await assertRejects(() => promise, RangeError);
});
