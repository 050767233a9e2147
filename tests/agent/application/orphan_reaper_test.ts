import { OrphanReaper } from "../../../agent/application/orphan_reaper.ts";
import { OwnChildren } from "../../../agent/application/own_children.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Children that have ended, in the order in which the system shows them. */
function play(ended: readonly number[]) {
  const zombies = [...ended];
  const reaped: number[] = [];
  const listeners = new Set<() => void>();
  const children = new OwnChildren();
  const clock = new FakeClock();
  const start = () =>
    new OrphanReaper({
      library: {
        peek: () => zombies[0] ?? null,
        reap: (pid) => {
          const at = zombies.indexOf(pid);
          if (at >= 0) reaped.push(...zombies.splice(at, 1));
          return at >= 0;
        },
      },
      children,
      signals: {
        add: (_name, listener) => void listeners.add(listener),
        remove: (_name, listener) => void listeners.delete(listener),
      },
      delay: clock.delay,
    });
  const signal = () => listeners.forEach((listener) => listener());
  return { zombies, reaped, children, clock, start, signal, listeners };
}

Deno.test("OrphanReaper reaps what there is, and what comes", () => {
  const { start, reaped, zombies, signal } = play([7, 8]);
  using _reaper = start();
  assertEquals(reaped, [7, 8]);
  zombies.push(9, 10);
  signal();
  assertEquals(reaped, [7, 8, 9, 10]);
});

Deno.test("OrphanReaper leaves a child to whoever waits for it, and takes what was behind it", async () => {
  const { start, reaped, zombies, children, clock } = play([7, 8]);
  const ended = Promise.withResolvers<void>();
  children.track(7, ended.promise);
  using _reaper = start();
  assertEquals(reaped, []);
  await clock.untilDelayIs(10);
  clock.advance(10);
  await clock.untilDelayIs(20);
  assertEquals(reaped, []);
  // The runtime has taken note of its end.
  zombies.shift();
  ended.resolve();
  clock.advance(20);
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(reaped, [8]);
});

Deno.test("OrphanReaper does not go round for a child that cannot be reaped", () => {
  const { start, reaped, zombies } = play([]);
  zombies.push(7);
  const library = { peek: () => 7, reap: () => false };
  const { children, clock } = play([]);
  const signals = { add() {}, remove() {} };
  const reaper = new OrphanReaper({ library, children, signals, delay: clock.delay });
  reaper[Symbol.dispose]();
  using _other = start();
  assertEquals(reaped, [7]);
});

Deno.test("OrphanReaper listens no more once it is disposed of", () => {
  const { start, reaped, zombies, signal, listeners } = play([]);
  start()[Symbol.dispose]();
  assertEquals(listeners.size, 0);
  zombies.push(7);
  signal();
  assertEquals(reaped, []);
});
