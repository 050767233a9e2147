import { Semaphore } from "../../protocol/semaphore.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

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

Deno.test("Semaphore lets 200,000 in, one after the other, without moving all that wait each time", async () => {
  const places = new Semaphore(1);
  const start = performance.now();
  let last = -1;
  let isInOrder = true;
  await Promise.all(Array.from({ length: 200_000 }, (_, i) =>
    places.run(() => {
      isInOrder &&= i === last + 1;
      last = i;
      return Promise.resolve();
    })));
  assertEquals([isInOrder, last], [true, 199_999]);
  // It takes a fraction of a second, and took minutes.
  assert(performance.now() - start < 30_000);
});
