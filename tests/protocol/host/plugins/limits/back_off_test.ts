import { BackOff } from "../../../../../protocol/host/plugins/limits/back_off.ts";
import { assertEquals } from "../../../../support/assert.ts";

Deno.test("BackOff waits twice as long each time, and gives up at the fifth end in ten minutes", () => {
  const backOff = new BackOff();
  const delays = [0, 1, 2, 3, 599_999].map((nowMs) => backOff.next(nowMs));
  assertEquals(delays, [1_000, 2_000, 4_000, 8_000, null]);
});

Deno.test("BackOff waits 60 s at most where the ends are far from each other", () => {
  const backOff = new BackOff();
  const delays = Array.from({ length: 8 }, (_, index) => backOff.next(index * 200_000));
  assertEquals(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

Deno.test("BackOff begins again after ten minutes without an end", () => {
  const backOff = new BackOff();
  const delays = [0, 1, 600_001].map((nowMs) => backOff.next(nowMs));
  assertEquals(delays, [1_000, 2_000, 1_000]);
});
