import { RateLimit } from "../../../../../protocol/host/plugins/limits/rate_limit.ts";
import { assertEquals } from "../../../../support/assert.ts";

Deno.test("RateLimit lets a burst pass, and then so many a second", () => {
  let nowMs = 0;
  const limit = new RateLimit({ burst: 2, perSecond: 4, now: () => nowMs });
  assertEquals([limit.take(), limit.take(), limit.take()], [true, true, false]);
  nowMs = 250;
  assertEquals([limit.take(), limit.take()], [true, false]);
  nowMs = 60_000;
  assertEquals([limit.take(), limit.take(), limit.take()], [true, true, false]);
});

Deno.test("RateLimit has what is reserved happen in turn, and no sooner than it may", () => {
  let nowMs = 0;
  const limit = new RateLimit({ burst: 1, perSecond: 4, now: () => nowMs });
  assertEquals([limit.reserve(), limit.reserve(), limit.reserve()], [0, 250, 500]);
  nowMs = 500;
  assertEquals([limit.take(), limit.reserve()], [false, 250]);
});
