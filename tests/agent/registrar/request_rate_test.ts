import { RequestRate } from "../../../agent/registrar/request_rate.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function countTaken(rate: RequestRate, address: string, times = 20): number {
  return Array.from({ length: times }, () => rate.take(address)).filter((taken) => taken).length;
}

Deno.test("RequestRate allows some at once, and then one after the other", () => {
  const clock = new FakeClock();
  const rate = new RequestRate({ ...clock, burst: 3, pauseMs: 1_000 });
  assertEquals(countTaken(rate, "a"), 3);
  clock.advance(999);
  assertEquals(countTaken(rate, "a"), 0);
  clock.advance(1);
  assertEquals(countTaken(rate, "a"), 1);
  clock.advance(60_000);
  assertEquals(countTaken(rate, "a"), 3);
});

Deno.test("RequestRate counts each address on its own", () => {
  const rate = new RequestRate({ now: () => 0, burst: 3 });
  assertEquals([countTaken(rate, "a"), countTaken(rate, "b")], [3, 3]);
});

Deno.test("RequestRate gives a crowd of addresses one count, and none of it memory", () => {
  const clock = new FakeClock();
  const rate = new RequestRate({ ...clock, burst: 2, pauseMs: 1_000, maxAddresses: 3 });
  const counts = Array.from({ length: 10 }, (_, i) => countTaken(rate, `${i}`));
  assertEquals(counts, [2, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
  clock.advance(2_000);
  assertEquals(countTaken(rate, "new"), 2);
});
