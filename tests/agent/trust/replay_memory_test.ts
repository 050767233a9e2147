import { ReplayMemory } from "../../../agent/trust/replay_memory.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("ReplayMemory admits a key once until its time is over", () => {
  const memory = new ReplayMemory();
  assertEquals(memory.admit("a", { nowMs: 0, untilMs: 100 }), true);
  assertEquals(memory.admit("a", { nowMs: 100, untilMs: 300 }), false);
  assertEquals(memory.admit("b", { nowMs: 100, untilMs: 300 }), true);
  assertEquals(memory.admit("a", { nowMs: 101, untilMs: 300 }), true);
});

Deno.test("ReplayMemory forgets what is over when something new comes", () => {
  const memory = new ReplayMemory();
  for (let i = 0; i < 10; i++) memory.admit(`${i}`, { nowMs: 0, untilMs: 100 });
  assertEquals(memory.size, 10);
  memory.admit("new", { nowMs: 101, untilMs: 200 });
  assertEquals(memory.size, 1);
});

Deno.test("ReplayMemory holds no more than it may, and gives up the oldest", () => {
  const memory = new ReplayMemory(3);
  for (const key of ["a", "b", "c", "d"]) memory.admit(key, { nowMs: 0, untilMs: 100 });
  assertEquals(memory.size, 3);
  assertEquals(memory.admit("b", { nowMs: 0, untilMs: 100 }), false);
  assertEquals(memory.admit("a", { nowMs: 0, untilMs: 100 }), true);
});

Deno.test("ReplayMemory remembers 16,384 by default", () => {
  const memory = new ReplayMemory();
  for (let i = 0; i < 16_385; i++) memory.admit(`${i}`, { nowMs: 0, untilMs: 100 });
  assertEquals(memory.size, 16_384);
});
