import { OTHER_SUBJECTS, ThrottledLog } from "../../agent/throttled_log.ts";
import { assertEquals } from "../support/assert.ts";

function makeLog(maxSubjects = 10) {
  const clock = { nowMs: 0 };
  const told: [string, number][] = [];
  const log = new ThrottledLog((subject, count) => told.push([subject, count]), {
    intervalMs: 100,
    maxSubjects,
    now: () => clock.nowMs,
  });
  return { clock, told, log };
}

Deno.test("ThrottledLog tells of the first event at once and of the next ones by number", () => {
  const { clock, told, log } = makeLog();
  for (let i = 0; i < 5; i++) log.note("a");
  clock.nowMs = 99;
  log.note("a");
  assertEquals(told, [["a", 1]]);
  clock.nowMs = 100;
  log.note("a");
  assertEquals(told, [["a", 1], ["a", 6]]);
});

Deno.test("ThrottledLog tells subjects apart", () => {
  const { told, log } = makeLog();
  for (const subject of ["a", "b", "a", "b"]) log.note(subject);
  assertEquals(told, [["a", 1], ["b", 1]]);
});

Deno.test("ThrottledLog gives the subjects that are too many one name", () => {
  const { told, log } = makeLog(2);
  for (let i = 0; i < 1_000; i++) log.note(`${i}`);
  assertEquals(told, [["0", 1], ["1", 1], [OTHER_SUBJECTS, 1]]);
});

Deno.test("ThrottledLog makes room by what it has not heard of for long, and tells its rest", () => {
  const { clock, told, log } = makeLog(1);
  log.note("a");
  log.note("a");
  clock.nowMs = 100;
  log.note("b");
  assertEquals(told, [["a", 1], ["a", 1], ["b", 1]]);
});

Deno.test("ThrottledLog tells the rest when it is flushed", () => {
  const { told, log } = makeLog();
  for (let i = 0; i < 3; i++) log.note("a");
  log.note("b");
  log.flush();
  assertEquals(told, [["a", 1], ["b", 1], ["a", 2]]);
});
