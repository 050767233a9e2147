import { Turn } from "../../../agent/delivery/turn.ts";
import { PeerRejectedError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const LONG = { waitMs: 60_000, signal: new AbortController().signal };

Deno.test("Turn goes from one to the next in the order of their coming", async () => {
  const turn = new Turn();
  const order: string[] = [];
  const first = await turn.take(LONG);
  const others = ["b", "c"].map(async (name) => {
    const passOn = await turn.take(LONG);
    order.push(name);
    passOn();
  });
  order.push("a");
  first();
  await Promise.all(others);
  assertEquals(order, ["a", "b", "c"]);
});

Deno.test("Turn rejects as busy whoever waited too long, and skips him", async () => {
  const turn = new Turn();
  const first = await turn.take(LONG);
  await assertRejects(() => turn.take({ ...LONG, waitMs: 1 }), PeerRejectedError, "busy");
  const third = turn.take(LONG);
  first();
  (await third)();
});

Deno.test("Turn rejects with the reason of the signal", async () => {
  const turn = new Turn();
  const control = new AbortController();
  const passOn = await turn.take(LONG);
  const waiting = turn.take({ ...LONG, signal: control.signal });
  const reason = new RangeError("stopped");
  control.abort(reason);
  assertEquals(await assertRejects(() => waiting, RangeError), reason);
  passOn();
  assertEquals(
    await assertRejects(() => turn.take({ ...LONG, signal: control.signal }), RangeError),
    reason,
  );
});

Deno.test("Turn is passed on once, however often that is asked", async () => {
  const turn = new Turn();
  const first = await turn.take(LONG);
  const second = turn.take(LONG);
  first();
  first();
  const passOn = await second;
  await assertRejects(() => turn.take({ ...LONG, waitMs: 1 }), PeerRejectedError, "busy");
  passOn();
});
