import { MAX_TIMER_MS } from "../../keeper/limits.ts";
import { type Delay, sleep } from "../../keeper/sleep.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";

const NEVER = new Promise<void>(() => {});
const { signal: LASTING } = new AbortController();

/** A delay that ends when it is cut short, and what it was asked for. */
class WatchedDelay {
  readonly asked: number[] = [];
  isCut = false;

  readonly delay: Delay = (durationMs, signal) => {
    this.asked.push(durationMs);
    const { promise, reject } = Promise.withResolvers<void>();
    const stop = () => {
      this.isCut = true;
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    return promise;
  };
}

Deno.test("sleep waits for its time", async () => {
  const clock = new FakeClock();
  let isAwake = false;
  const sleeping = sleep(1_000, { wake: NEVER, signal: LASTING, delay: clock.delay })
    .then(() => isAwake = true);
  await clock.untilDelayIs(1_000);
  clock.advance(999);
  await clock.untilDelayIs(1);
  assert(!isAwake);
  clock.advance(1);
  await sleeping;
});

Deno.test("sleep ends at a wake-up call, and its wait with it", async () => {
  const { promise: wake, resolve } = Promise.withResolvers<void>();
  const watched = new WatchedDelay();
  const sleeping = sleep(1_000, { wake, signal: LASTING, delay: watched.delay });
  assertEquals([watched.asked, watched.isCut], [[1_000], false]);
  resolve();
  await sleeping;
  assert(watched.isCut);
});

Deno.test("sleep ends at the end of everything, and does not reject", async () => {
  const watched = new WatchedDelay();
  const controller = new AbortController();
  const { signal } = controller;
  const sleeping = sleep(1_000, { wake: NEVER, signal, delay: watched.delay });
  controller.abort(new TypeError("stop"));
  await sleeping;
  assert(watched.isCut);
  await sleep(1_000, { wake: NEVER, signal, delay: watched.delay });
});

Deno.test("sleep takes a delay that fails for the end of it", async () => {
  const delay = () => Promise.reject(new TypeError("a fault"));
  await sleep(1_000, { wake: NEVER, signal: LASTING, delay });
});

Deno.test("sleep asks for no time below zero, and for none that a timer cannot run", async () => {
  const watched = new WatchedDelay();
  for (const durationMs of [-Infinity, -1, 0, MAX_TIMER_MS + 1, Infinity]) {
    await sleep(durationMs, { wake: Promise.resolve(), signal: LASTING, delay: watched.delay });
  }
  assertEquals(watched.asked, [0, 0, 0, MAX_TIMER_MS, MAX_TIMER_MS]);
});

Deno.test("sleep by the real clock ends by itself, or when it is cut short", async () => {
  await sleep(0, { wake: NEVER, signal: LASTING });
  await sleep(MAX_TIMER_MS, { wake: Promise.resolve(), signal: LASTING });
  await sleep(MAX_TIMER_MS, { wake: NEVER, signal: AbortSignal.abort() });
  const controller = new AbortController();
  const sleeping = sleep(MAX_TIMER_MS, { wake: NEVER, signal: controller.signal });
  controller.abort();
  await sleeping;
});
