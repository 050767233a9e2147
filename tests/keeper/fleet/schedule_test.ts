import fc from "fast-check";
import { FIRST_RETRY_MS, FORGET_ADDRESS_MS } from "../../../keeper/limits.ts";
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
  schedule.finish(agent, { isWanted, durationMs: 1, waitingKey: null, nowMs });
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
    schedule.finish(agent, { isWanted, durationMs: 1, waitingKey, nowMs: 0 });
    for (const same of [null, ground]) schedule.release(() => same, 1);
    schedule.release((fingerprint) => fingerprint === "f" ? ground : "enrolled", 1);
    assertEquals(schedule.due(1), []);
    schedule.release((fingerprint) => fingerprint === "f" ? "approved" : null, 1);
    assertEquals(schedule.due(1), [agent]);
  });
}

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
