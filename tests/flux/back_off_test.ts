import {
  backOffMs,
  FIRST_BACK_OFF_MS,
  MAX_BACK_OFF_MS,
  parseRetryAfterMs,
} from "../../flux/back_off.ts";
import { assertEquals } from "../support/assert.ts";

const NOW_MS = Date.parse("2026-07-22T10:00:00Z");

Deno.test("backOffMs doubles its bound until the maximum", () => {
  const almostOne = () => 1 - Number.EPSILON;
  const bounds = [0, 1, 2, 3, 4, 5, 2_000].map((retry) => backOffMs(retry, almostOne) + 1);
  assertEquals(bounds, [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  assertEquals([FIRST_BACK_OFF_MS, MAX_BACK_OFF_MS], [500, 8_000]);
});

Deno.test("backOffMs spreads over the whole interval, from nothing", () => {
  assertEquals(backOffMs(4, () => 0), 0);
  assertEquals(backOffMs(4, () => 0.5), 4_000);
});

Deno.test("parseRetryAfterMs reads seconds", () => {
  assertEquals(parseRetryAfterMs("120", NOW_MS), 120_000);
  assertEquals(parseRetryAfterMs(" 0 ", NOW_MS), 0);
});

Deno.test("parseRetryAfterMs reads an HTTP date, never into the past", () => {
  assertEquals(parseRetryAfterMs("Wed, 22 Jul 2026 10:00:07 GMT", NOW_MS), 7_000);
  assertEquals(parseRetryAfterMs("Wed, 22 Jul 2026 09:00:00 GMT", NOW_MS), 0);
});

Deno.test("parseRetryAfterMs ignores what is neither", () => {
  for (const header of ["", "-5", "1.5", "1e9", "soon", "Soon", "12345678901"]) {
    assertEquals(parseRetryAfterMs(header, NOW_MS), null, header);
  }
});
