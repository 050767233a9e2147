import { Semaphore } from "../../protocol/semaphore.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("Semaphore lets so many in at once, first come, first served", async () => {
  const places = new Semaphore(2);
  const order: number[] = [];
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 9 }, (_, i) =>
      places.run(async () => {
        order.push(i);
        most = Math.max(most, ++inside);
        await Promise.resolve();
        inside--;
      })),
  );
  assertEquals(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(most, 2);
});

Deno.test("Semaphore gets the place of a task that fails back", async () => {
  const places = new Semaphore(1);
  for (let i = 0; i < 3; i++) {
    await assertRejects(() => places.run(() => Promise.reject(new TypeError("no"))), TypeError);
  }
  assertEquals(await places.run(() => Promise.resolve(1)), 1);
});
