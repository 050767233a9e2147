import { QuietCall } from "../../../keeper/watch/quiet_call.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A call on a clock that stands still. */
class Setting {
  readonly clock = new FakeClock();
  readonly controller = new AbortController();
  readonly calls: number[] = [];
  /** What a call waits for. */
  work: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  readonly #startMs = this.clock.now();
  readonly call = new QuietCall(async () => {
    this.calls.push(this.clock.now() - this.#startMs);
    this.#wake();
    await this.work;
  }, {
    quietMs: 300,
    patienceMs: 1_000,
    signal: this.controller.signal,
    delay: this.clock.delay,
    now: this.clock.now,
  });

  /** Waits for so many calls. */
  async until(count: number): Promise<void> {
    while (this.calls.length < count) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Moves on to the end of a wait. */
  async pass(durationMs: number): Promise<void> {
    await this.clock.untilDelayIs(durationMs);
    this.clock.advance(durationMs);
  }
}

Deno.test("QuietCall calls once for many changes, when it has been quiet", async () => {
  const setting = new Setting();
  const { call, clock } = setting;
  call.note();
  await clock.untilDelayIs(300);
  clock.advance(200);
  call.note();
  call.note();
  clock.advance(100);
  await setting.pass(200);
  await call.idle();
  assertEquals(setting.calls, [500]);
});

Deno.test("QuietCall does not wait for ever where it is never quiet", async () => {
  const setting = new Setting();
  const { call, clock } = setting;
  call.note();
  for (const leftMs of [300, 200, 200, 200]) {
    await clock.untilDelayIs(leftMs);
    clock.advance(leftMs - 100);
    call.note();
    clock.advance(100);
  }
  await clock.untilDelayIs(100);
  assertEquals(setting.calls, []);
  clock.advance(50);
  call.note();
  clock.advance(50);
  await setting.until(1);
  assertEquals(setting.calls, [1_000]);
  setting.controller.abort();
  await call.idle();
});

Deno.test("QuietCall calls again for what changed during a call", async () => {
  const setting = new Setting();
  const { call } = setting;
  const blocked = Promise.withResolvers<void>();
  setting.work = blocked.promise;
  call.note();
  await setting.pass(300);
  await setting.until(1);
  call.note();
  blocked.resolve();
  await setting.pass(300);
  await call.idle();
  assertEquals(setting.calls, [300, 600]);
});

Deno.test("QuietCall calls no more once its signal is aborted", async () => {
  const { call, clock, controller, calls } = new Setting();
  call.note();
  await clock.untilDelayIs(300);
  controller.abort();
  await call.idle();
  call.note();
  await call.idle();
  assertEquals(calls, []);
});
