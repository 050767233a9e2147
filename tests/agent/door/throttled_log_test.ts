import {
  OTHERS,
  ThrottledLog,
  type ThrottledLogOptions,
} from "../../../agent/door/throttled_log.ts";
import { assertEquals } from "../../support/assert.ts";

/** A log with a clock that stands still until it is moved, and then calls what is due. */
function makeLog(options: ThrottledLogOptions = {}) {
  let nowMs = 0;
  const calls = new Map<() => void, number>();
  const told: [subject: string, count: number, reasons?: Readonly<Record<string, number>>][] = [];
  const log = new ThrottledLog((subject, { count, reasons }) => {
    told.push(Object.keys(reasons).length === 0 ? [subject, count] : [subject, count, reasons]);
  }, {
    intervalMs: 100,
    now: () => nowMs,
    callLater: (call, ms) => {
      calls.set(call, nowMs + ms);
      return () => calls.delete(call);
    },
    ...options,
  });
  const advanceTo = (toMs: number) => {
    nowMs = toMs;
    for (const [call, atMs] of calls) {
      if (atMs > nowMs) continue;
      calls.delete(call);
      call();
    }
  };
  /** Moves the clock as a machine does that is too busy for timers. */
  const skipTo = (toMs: number) => nowMs = toMs;
  return { told, log, calls, advanceTo, skipTo };
}

Deno.test("ThrottledLog tells of the first event at once and of the next ones by number", () => {
  const { told, log, skipTo } = makeLog();
  for (let i = 0; i < 5; i++) log.note("a");
  skipTo(99);
  log.note("a");
  assertEquals(told, [["a", 1]]);
  skipTo(100);
  log.note("a");
  assertEquals(told, [["a", 1], ["a", 6]]);
});

Deno.test("ThrottledLog tells what is untold when the time is over, though nothing more comes", () => {
  const { told, log, advanceTo } = makeLog();
  for (let i = 0; i < 5; i++) log.note("a");
  advanceTo(99);
  assertEquals(told, [["a", 1]]);
  advanceTo(100);
  assertEquals(told, [["a", 1], ["a", 4]]);
});

Deno.test("ThrottledLog tells of each subject when its own time is over", () => {
  const { told, log, advanceTo } = makeLog();
  for (let i = 0; i < 2; i++) log.note("a");
  advanceTo(60);
  for (let i = 0; i < 3; i++) log.note("b");
  advanceTo(100);
  assertEquals(told, [["a", 1], ["b", 1], ["a", 1]]);
  advanceTo(160);
  assertEquals(told, [["a", 1], ["b", 1], ["a", 1], ["b", 2]]);
});

Deno.test("ThrottledLog tells of a subject at another one's event where its timer is late", () => {
  const { told, log, skipTo } = makeLog();
  for (let i = 0; i < 3; i++) log.note("a");
  skipTo(100);
  log.note("b");
  assertEquals(told, [["a", 1], ["a", 2], ["b", 1]]);
});

Deno.test("ThrottledLog tells of a subject once an interval, whatever wakes it", () => {
  const { told, log, advanceTo } = makeLog();
  for (let ms = 0; ms < 1_000; ms += 10) {
    advanceTo(ms);
    log.note("a");
  }
  assertEquals(told.length, 10);
  assertEquals(told.reduce((sum, [, count]) => sum + count, 0), 90);
});

Deno.test("ThrottledLog waits for nothing once all is told and time has passed", () => {
  const { told, log, calls, advanceTo } = makeLog();
  for (let i = 0; i < 2; i++) log.note("a");
  advanceTo(100);
  assertEquals(calls.size, 1);
  advanceTo(200);
  assertEquals(calls.size, 0);
  assertEquals(told, [["a", 1], ["a", 1]]);
  log.note("a");
  assertEquals(told.at(-1), ["a", 1], "it is told at once again");
});

Deno.test("ThrottledLog tells subjects apart", () => {
  const { told, log } = makeLog();
  for (const subject of ["a", "b", "a", "b"]) log.note(subject);
  assertEquals(told, [["a", 1], ["b", 1]]);
});

Deno.test("ThrottledLog tells the reasons of a subject in one line, with a number each", () => {
  const { told, log, advanceTo } = makeLog();
  for (const reason of ["late", "garbage", "late", "late"]) log.note("a", reason);
  advanceTo(100);
  assertEquals(told, [["a", 1, { late: 1 }], ["a", 3, { garbage: 1, late: 2 }]]);
});

Deno.test("ThrottledLog gives the reasons that are too many one name", () => {
  const { told, log, advanceTo } = makeLog({ maxReasons: 2 });
  for (const reason of ["a", "b", "c", "d", "e", "b"]) log.note("x", reason);
  advanceTo(100);
  assertEquals(told.at(-1), ["x", 5, { b: 2, c: 1, [OTHERS]: 2 }]);
});

Deno.test("ThrottledLog gives the subjects that are too many one name", () => {
  const { told, log } = makeLog({ maxSubjects: 2 });
  for (let i = 0; i < 1_000; i++) log.note(`${i}`);
  assertEquals(told, [["0", 1], ["1", 1], [OTHERS, 1]]);
  log.flush();
  assertEquals(told.at(-1), [OTHERS, 997]);
});

Deno.test("ThrottledLog makes room by what it has not heard of for long", () => {
  const { told, log, skipTo } = makeLog({ maxSubjects: 1 });
  log.note("a");
  skipTo(100);
  log.note("b");
  assertEquals(told, [["a", 1], ["b", 1]]);
});

Deno.test("ThrottledLog tells the rest when it is flushed, and waits for nothing", () => {
  const { told, log, calls } = makeLog();
  for (let i = 0; i < 3; i++) log.note("a");
  log.note("b");
  log.flush();
  assertEquals(told, [["a", 1], ["b", 1], ["a", 2]]);
  assertEquals(calls.size, 0);
});

Deno.test("ThrottledLog leaves no timer of the platform when it is flushed", () => {
  const log = new ThrottledLog(() => {});
  log.note("a");
  log.flush();
});
