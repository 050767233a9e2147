import fc from "fast-check";
import {
  FIRST_RETRY_MS,
  FORGET_ADDRESS_MS,
  MAX_REMEMBERED_ADDRESSES,
  RELIST_AFTER_MS,
} from "../../../keeper/limits.ts";
import { orderAgents, Schedule, type ScheduledAgent } from "../../../keeper/fleet/schedule.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const A = { host: "a", port: 1 };
const B = { host: "b", port: 1 };
const POLLING_MS = 300_000;

function scheduleOf(random: () => number = () => 0): Schedule {
  return new Schedule({ pollingIntervalMs: POLLING_MS, random });
}

function only(agents: readonly ScheduledAgent[]): ScheduledAgent {
  const [agent] = agents;
  assert(agent !== undefined && agents.length === 1);
  return agent;
}

function finish(schedule: Schedule, agent: ScheduledAgent, isWanted: boolean, nowMs = 0): void {
  schedule.begin(agent);
  schedule.finish(agent, { isWanted, durationMs: 1, waitingKey: null, given: null, nowMs });
}

Deno.test("Schedule has a new agent due at once and a good one at the next whole pass", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const agent = only(schedule.due(0));
  finish(schedule, agent, true);
  assertEquals([schedule.due(Number.MAX_SAFE_INTEGER), schedule.nextDueMs()], [[], Infinity]);
  assertEquals(schedule.idle(), [agent]);
});

Deno.test("Schedule leaves an agent alone while it is served", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  const [first] = schedule.idle();
  assert(first !== undefined);
  schedule.begin(first);
  assertEquals(schedule.idle().map(({ name }) => name), ["b:1"]);
});

Deno.test("Schedule names who is being served, and only while it is listed", () => {
  const schedule = scheduleOf();
  schedule.setFleet([{ host: "x", port: 1 }, { host: "y", port: 1 }], 0);
  const [x] = schedule.idle();
  assert(x !== undefined);
  schedule.begin(x);
  assertEquals(schedule.busy(), ["x:1"]);
  schedule.setFleet([{ host: "y", port: 1 }], 1);
  assertEquals(schedule.busy(), []);
});

Deno.test("Schedule waits longer after each failure, up to the polling interval", () => {
  const schedule = scheduleOf(() => 0.999_999);
  schedule.setFleet([A], 0);
  const agent = only(schedule.idle());
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    finish(schedule, agent, false);
    pauses.push(schedule.nextDueMs());
  }
  const bounds = Array.from({ length: 9 }, (_, i) => Math.min(FIRST_RETRY_MS * 2 ** i, POLLING_MS));
  assertEquals(pauses, bounds);
});

Deno.test("Schedule leaves half of each pause to chance", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.integer({ min: 1, max: 60 }),
    (chance, failures) => {
      const schedule = scheduleOf(() => chance);
      schedule.setFleet([A], 0);
      const agent = only(schedule.idle());
      for (let i = 0; i < failures; i++) finish(schedule, agent, false);
      const bound = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), POLLING_MS);
      assert(agent.nextAtMs >= bound / 2 && agent.nextAtMs <= bound);
    },
  ));
});

Deno.test("Schedule forgets failures with the first success", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const agent = only(schedule.idle());
  finish(schedule, agent, false);
  finish(schedule, agent, true);
  assertEquals([agent.failures, agent.nextAtMs], [0, Infinity]);
});

Deno.test("Schedule serves nobody who is listed no more, and knows him again", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  const [agent] = schedule.idle();
  assert(agent !== undefined);
  finish(schedule, agent, false);
  schedule.setFleet([B], 1);
  assertEquals([schedule.size, schedule.idle().map(({ name }) => name)], [1, ["b:1"]]);
  schedule.setFleet([A, B], FORGET_ADDRESS_MS);
  assertEquals(schedule.idle().find(({ name }) => name === "a:1")?.failures, 1);
});

Deno.test("Schedule forgets an address after two hours", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  finish(schedule, only(schedule.idle()), false);
  schedule.setFleet([], 0);
  schedule.setFleet([], FORGET_ADDRESS_MS);
  schedule.setFleet([A], FORGET_ADDRESS_MS + 1);
  assertEquals(only(schedule.idle()).failures, 0);
});

for (
  const { name, ground, isWanted } of [
    { name: "who waited for the operator and is trusted now", ground: null, isWanted: false },
    { name: "whose level has changed", ground: "first-use", isWanted: true },
  ] as const
) {
  Deno.test(`Schedule releases ${name}`, () => {
    const schedule = scheduleOf();
    schedule.setFleet([A], 0);
    const agent = only(schedule.idle());
    schedule.begin(agent);
    const waitingKey = { fingerprint: "f", ground };
    schedule.finish(agent, { isWanted, durationMs: 1, waitingKey, given: null, nowMs: 0 });
    for (const same of [null, ground]) schedule.release(() => same, 1);
    schedule.release((fingerprint) => fingerprint === "f" ? ground : "enrolled", 1);
    assertEquals(schedule.due(1), []);
    schedule.release((fingerprint) => fingerprint === "f" ? "approved" : null, 1);
    assertEquals(schedule.due(1), [agent]);
  });
}

function hosts(count: number, prefix = "h"): { host: string; port: number }[] {
  return Array.from({ length: count }, (_, i) => ({ host: `${prefix}${i}`, port: 1 }));
}

Deno.test("Schedule.hurry makes an agent due, unless it is served", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const agent = only(schedule.due(0));
  finish(schedule, agent, true);
  assertEquals(schedule.due(1_000), []);
  schedule.hurry(agent, 1_000);
  assertEquals(schedule.due(1_000), [agent]);
  schedule.begin(agent);
  schedule.hurry(agent, 1_000);
  assertEquals([schedule.due(2_000), agent.nextAtMs], [[], Infinity]);
});

Deno.test("Schedule says when the next agent is due among more than a call can take", () => {
  const schedule = scheduleOf();
  schedule.setFleet(hosts(150_000), 5);
  assertEquals(schedule.nextDueMs(), 5);
});

Deno.test("Schedule forgets at once who left the list before any contact", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const agent = only(schedule.idle());
  schedule.setFleet([B], 1);
  schedule.setFleet([A, B], 2);
  assert(schedule.idle().every((other) => other !== agent) && schedule.size === 2);
});

Deno.test("Schedule.drop has an agent due that comes back, and forgets one that was never tried", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  const [tried, untried] = schedule.idle();
  assert(tried !== undefined && untried !== undefined);
  finish(schedule, tried, true);
  for (const agent of [tried, untried]) schedule.begin(agent);
  schedule.setFleet([], 1);
  for (const agent of [tried, untried]) schedule.drop(agent, 2);
  schedule.setFleet([A, B], 3);
  const [first, second] = schedule.due(3);
  assert(first === tried && second !== untried && second?.name === "b:1");
});

Deno.test("Schedule remembers no more of the gone than it may, and those that went last", () => {
  const schedule = scheduleOf();
  const gone = [...hosts(MAX_REMEMBERED_ADDRESSES), { host: "late", port: 1 }];
  schedule.setFleet(gone, 0);
  for (const agent of schedule.idle()) finish(schedule, agent, false);
  schedule.setFleet([{ host: "late", port: 1 }], 1);
  schedule.setFleet([], 2);
  schedule.setFleet(gone, 3);
  const failures = schedule.idle().map(({ failures }) => failures);
  assertEquals([failures.filter((count) => count === 0).length, failures[0]], [1, 1]);
  assertEquals(schedule.idle().find(({ name }) => name === "late:1")?.failures, 1);
});

Deno.test("Schedule keeps up with a list that changes completely at each answer", () => {
  const schedule = scheduleOf();
  for (let i = 0; i < 200; i++) {
    schedule.setFleet(hosts(1_000, `a${i}-`), i);
    for (const agent of schedule.due(i)) finish(schedule, agent, false, i);
    assertEquals(schedule.size, 1_000);
  }
  schedule.setFleet(hosts(1_000, "a100-"), 200);
  assert(schedule.idle().every(({ failures }) => failures === 0));
});

Deno.test("Schedule.isListed tells who is on the list now", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  schedule.setFleet([B], 1);
  assertEquals(["a:1", "b:1", "c:1"].map((name) => schedule.isListed(name)), [false, true, false]);
});

Deno.test("orderAgents puts first who did well, is on record and is quick", () => {
  const schedule = scheduleOf();
  schedule.setFleet(["failed", "slow", "new", "known"].map((host) => ({ host, port: 1 })), 0);
  const agents = schedule.idle();
  for (const agent of agents) {
    if (agent.name === "failed:1") agent.failures = 1;
    if (agent.name === "slow:1") agent.lastDurationMs = 9;
  }
  const ordered = orderAgents(agents, (name) => ["known:1", "slow:1", "failed:1"].includes(name));
  assertEquals(ordered.map(({ name }) => name), ["known:1", "slow:1", "new:1", "failed:1"]);
});

/** What a primary lists. */
function behind(...components: readonly string[]) {
  return components.map((component) => ({ component, hasTls: false }));
}

Deno.test("Schedule has those due that a primary lists for the first time", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  for (const agent of schedule.idle()) finish(schedule, agent, true);
  const listed = schedule.setBehind(A, [{ component: "db", hasTls: true }], 5);
  assertEquals(listed.map(({ name }) => name), ["a:1/db"]);
  assertEquals(schedule.due(5), listed);
  assertEquals(listed.map(({ primary, hasTls, address }) => [primary, hasTls, address]), [
    ["a:1", true, { ...A, component: "db" }],
  ]);
  assertEquals(schedule.behind("a:1"), listed);
  assertEquals(schedule.behind("b:1"), []);
});

Deno.test("Schedule drops whom a primary lists no more, and no other's", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  schedule.setBehind(B, behind("db"), 0);
  for (const agent of schedule.setBehind(A, behind("db", "web"), 0)) {
    finish(schedule, agent, true);
  }
  schedule.setBehind(A, behind("web"), 1);
  assertEquals([schedule.isListed("a:1/db"), schedule.isListed("b:1/db")], [false, true]);
});

Deno.test("Schedule has an agent due at once that its primary lists again", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const [db] = schedule.setBehind(A, behind("db"), 0);
  assert(db !== undefined);
  finish(schedule, db, true);
  schedule.setBehind(A, [], 1);
  assertEquals(schedule.setBehind(A, behind("db"), 7), [db]);
  assertEquals(db.nextAtMs, 7);
});

Deno.test("Schedule drops those behind a primary with the primary", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A, B], 0);
  schedule.setBehind(A, behind("db"), 0);
  schedule.setFleet([B], 1);
  assertEquals(schedule.idle().map(({ name }) => name), ["b:1"]);
  schedule.setFleet([A, B], 2);
  assertEquals(schedule.isListed("a:1/db"), false);
});

Deno.test("Schedule expects those on record behind a primary that is new on the list", () => {
  const schedule = scheduleOf();
  const recorded = new Set(["a:1/db", "a:1", "c:1/db", "nonsense/", "a:1/a/b"]);
  schedule.setFleet([A, B], 0, recorded);
  assertEquals(schedule.idle().map(({ name }) => name).sort(), ["a:1", "a:1/db", "b:1"]);
  // What the primary has said of them since then counts.
  schedule.setBehind(A, [], 1);
  schedule.setFleet([A, B], 2, recorded);
  assertEquals(schedule.isListed("a:1/db"), false);
});

Deno.test("Schedule.expect lists nobody behind an agent that is not listed", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  schedule.expect(["a:1/db", "b:1/db", "b:1"], 0);
  assertEquals(schedule.idle().map(({ name }) => name), ["a:1", "a:1/db"]);
});

Deno.test("Schedule remembers nobody whom a primary listed and who was never served", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  for (let i = 0; i < 100; i++) {
    for (const agent of schedule.setBehind(A, behind(`c${i}`), i)) {
      finish(schedule, agent, false);
    }
  }
  const [last] = schedule.behind("a:1");
  assertEquals([last?.name, last?.failures], ["a:1/c99", 1]);
  const [first] = schedule.setBehind(A, behind("c0"), 100);
  assertEquals(first?.failures, 0);
});

Deno.test("Schedule asks a primary again soon after its list has changed, then after longer pauses", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const agent = only(schedule.idle());
  const pauseAfter = (...components: readonly string[]) => {
    schedule.setBehind(A, behind(...components), 0);
    finish(schedule, agent, true);
    schedule.askAgain(agent, 0);
    return agent.nextAtMs;
  };
  assertEquals(pauseAfter(), RELIST_AFTER_MS);
  assertEquals(pauseAfter(), 2 * RELIST_AFTER_MS);
  assertEquals(pauseAfter("db"), RELIST_AFTER_MS);
  assertEquals(pauseAfter("db"), 2 * RELIST_AFTER_MS);
  assertEquals(pauseAfter("web"), RELIST_AFTER_MS);
  for (let i = 0; i < 3; i++) pauseAfter("web");
  // The next pass comes sooner than that.
  assertEquals(pauseAfter("web"), Infinity);
});

Deno.test("Schedule asks nobody again who has listed nobody yet", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 0);
  const agent = only(schedule.idle());
  finish(schedule, agent, true);
  schedule.askAgain(agent, 0);
  assertEquals(agent.nextAtMs, Infinity);
});

Deno.test("Schedule.hurry puts nothing off", () => {
  const schedule = scheduleOf();
  schedule.setFleet([A], 3);
  const agent = only(schedule.idle());
  schedule.hurry(agent, 9);
  assertEquals(agent.nextAtMs, 3);
  finish(schedule, agent, true);
  schedule.hurry(agent, 9);
  assertEquals(agent.nextAtMs, 9);
});
