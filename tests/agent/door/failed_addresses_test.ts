import { FailedAddresses } from "../../../agent/door/failed_addresses.ts";
import { assertEquals } from "../../support/assert.ts";

const MINUTE_MS = 60_000;

/** What a test does with failures, whose clock stands still until it is moved. */
function makeFailed(maxAddresses = 10) {
  let nowMs = 1_000;
  const failed = new FailedAddresses({ freeFailures: 4, maxAddresses, now: () => nowMs });
  return {
    failed,
    fail: (key: string, times: number) => {
      for (let i = 0; i < times; i++) failed.note(key);
    },
    advance: (ms: number) => nowMs += ms,
  };
}

Deno.test("FailedAddresses penalises no address for a few failures", () => {
  const { failed, fail } = makeFailed();
  fail("a", 4);
  assertEquals(failed.isPenalised("a"), false);
  fail("a", 1);
  assertEquals(failed.isPenalised("a"), true);
  assertEquals(failed.isPenalised("b"), false);
});

Deno.test("FailedAddresses forgives a failure a minute", () => {
  const { failed, fail, advance } = makeFailed();
  fail("a", 6);
  advance(2 * MINUTE_MS - 1);
  assertEquals(failed.isPenalised("a"), true);
  advance(1);
  assertEquals(failed.isPenalised("a"), false);
  fail("a", 1);
  assertEquals(failed.isPenalised("a"), true, "four are still outstanding");
});

Deno.test("FailedAddresses never penalises whoever fails once a minute", () => {
  const { failed, fail, advance } = makeFailed();
  for (let i = 0; i < 1_000; i++) {
    fail("a", 1);
    assertEquals(failed.isPenalised("a"), false);
    advance(MINUTE_MS);
  }
});

Deno.test("FailedAddresses forgives all ten minutes after the last failure, however many", () => {
  const { failed, fail, advance } = makeFailed();
  fail("a", 10_000);
  advance(10 * MINUTE_MS);
  fail("a", 4);
  assertEquals(failed.isPenalised("a"), false);
});

Deno.test("FailedAddresses forgets what it is told to forget", () => {
  const { failed, fail } = makeFailed();
  fail("a", 9);
  failed.clear("a");
  assertEquals([failed.isPenalised("a"), failed.size], [false, 0]);
});

Deno.test("FailedAddresses forgets the least guilty first, and never more guilty ones for many new", () => {
  const { failed, fail } = makeFailed(3);
  fail("a", 5);
  fail("b", 6);
  for (let i = 0; i < 1_000; i++) fail(`new ${i}`, 1);
  assertEquals(failed.size, 3);
  assertEquals(["a", "b"].map((key) => failed.isPenalised(key)), [true, true]);
});

Deno.test("FailedAddresses forgets those who are forgiven before all others", () => {
  const { failed, fail, advance } = makeFailed(1);
  fail("a", 5);
  advance(5 * MINUTE_MS);
  fail("b", 5);
  assertEquals([failed.isPenalised("b"), failed.size], [true, 1]);
});

Deno.test("FailedAddresses counts the failures that are outstanding, ten at most", () => {
  const { failed, fail, advance } = makeFailed();
  fail("a", 3);
  advance(1);
  assertEquals([failed.countOf("a"), failed.countOf("b")], [3, 0]);
  advance(MINUTE_MS);
  assertEquals(failed.countOf("a"), 2);
  advance(2 * MINUTE_MS);
  assertEquals(failed.countOf("a"), 0);
  fail("a", 1_000);
  assertEquals(failed.countOf("a"), 10);
});

Deno.test("FailedAddresses forgives a light failure sooner", () => {
  const { failed, advance } = makeFailed();
  for (let i = 0; i < 5; i++) failed.note("a", { forgivenMs: MINUTE_MS / 2 });
  assertEquals([failed.isPenalised("a"), failed.countOf("a")], [false, 3]);
  advance(2.5 * MINUTE_MS);
  assertEquals(failed.countOf("a"), 0);
});
