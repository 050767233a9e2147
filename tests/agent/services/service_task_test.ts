import type { ServiceEvent } from "../../../agent/services/service_status.ts";
import { ServiceTask, type ServiceWish } from "../../../agent/services/service_task.ts";
import { type Service, StorageError } from "../../../protocol/mod.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { PlayedLauncher } from "../../support/played_services.ts";

function wishOf(more: Partial<Service> = {}, rest: Partial<ServiceWish> = {}): ServiceWish {
  const service = serviceOf("web", more);
  return { service, state: JSON.stringify(more), refusal: null, isLacking: false, ...rest };
}

function play(wish: ServiceWish, random = () => 1) {
  const clock = new FakeClock();
  const launcher = new PlayedLauncher();
  const events: ServiceEvent[] = [];
  const { delay, now } = clock;
  const onEvent = (event: ServiceEvent) => void events.push(event);
  const task = new ServiceTask(wish, { launcher, onEvent, delay, random, now });
  return { clock, launcher, events, task };
}

/** Lets all that is due happen, without the clock. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

Deno.test("ServiceTask settles once it has run for a second, and stops when it is dropped", async () => {
  const { clock, launcher, task } = play(wishOf());
  const process = await launcher.untilStarted(1);
  await clock.untilDelayIs(1_000);
  assertEquals(task.status.state, "running");
  clock.advance(1_000);
  await task.settled;
  const { state, pid, starts } = task.status;
  assertEquals([state, pid, starts], ["running", 100, 1]);
  await task.drop();
  assertEquals(process.sent, ["SIGTERM", "end group", "end group"]);
  assertEquals([task.status.state, task.status.pid, task.log.isClosed], ["stopped", null, true]);
});

Deno.test("ServiceTask starts again after 1, 2, 4 up to 60 s what ends, and after 1 s again what ran for a minute", async () => {
  const { clock, launcher, task } = play(wishOf());
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    const process = await launcher.untilStarted(launcher.processes.length || 1);
    process.end(1);
    await task.settled;
    await clock.untilDelayIs(pauseMs);
    const before = launcher.processes.length;
    clock.advance(pauseMs);
    await launcher.untilStarted(before + 1);
    await settle();
  }
  clock.advance(60_000);
  await settle();
  launcher.processes.at(-1)?.end(0);
  await clock.untilDelayIs(1_000);
  await task.drop();
});

Deno.test("ServiceTask pauses by chance for half of the time", async () => {
  const { clock, launcher, task } = play(wishOf(), () => 0);
  (await launcher.untilStarted(1)).end(1);
  await clock.untilDelayIs(500);
  await task.drop();
});

Deno.test("ServiceTask leaves what has ended by its policy", async () => {
  for (
    const [restart, exitStatus, state, code] of [
      ["never", 1, "stopped", "service-failed"],
      ["never", 0, "stopped", "service-ended"],
      ["on-failure", 0, "stopped", "service-ended"],
      ["on-failure", 1, "pausing", "service-failed"],
      ["always", 0, "pausing", "service-ended"],
    ] as const
  ) {
    const { launcher, task } = play(wishOf({ restart }));
    (await launcher.untilStarted(1)).end(exitStatus);
    await task.settled;
    assertEquals([task.status.state, task.status.code], [state, code]);
    await task.drop();
  }
});

Deno.test("ServiceTask ends what was left in the group of a process that has ended", async () => {
  const { launcher, task } = play(wishOf({ restart: "never" }));
  const process = await launcher.untilStarted(1);
  process.end(0);
  await task.settled;
  assertEquals(process.sent, ["end group"]);
  await task.drop();
});

Deno.test("ServiceTask kills what does not end in its time", async () => {
  const { clock, launcher, task } = play(wishOf({ stopSignal: "SIGINT", stopTimeoutS: 7 }));
  launcher.areDeaf = true;
  const process = await launcher.untilStarted(1);
  await settle();
  const dropping = task.drop();
  await clock.untilDelayIs(7_000);
  assertEquals([process.sent, process.isAlive, task.status.state], [["SIGINT"], true, "stopping"]);
  clock.advance(7_000);
  await dropping;
  assertEquals(process.sent.slice(0, 2), ["SIGINT", "end group"]);
});

Deno.test("ServiceTask starts again what is another, or whose file was changed, and nothing else", async () => {
  const { clock, launcher, task } = play(wishOf());
  await launcher.untilStarted(1);
  await clock.untilDelayIs(1_000);
  task.update(wishOf(), { isTouched: false });
  await settle();
  assertEquals(launcher.processes.length, 1);
  task.update(wishOf(), { isTouched: true });
  await launcher.untilStarted(2);
  task.update(wishOf({ command: ["other"] }), { isTouched: false });
  await launcher.untilStarted(3);
  assertEquals(launcher.started.at(-1)?.command, ["other"]);
  assertEquals(launcher.processes.filter(({ isAlive }) => isAlive).length, 1);
  await task.drop();
});

Deno.test("ServiceTask has only one process at a time, however often it is changed", async () => {
  const { launcher, task } = play(wishOf());
  for (let i = 0; i < 20; i++) {
    task.update(wishOf({ command: [`${i}`] }), { isTouched: false });
    for (let turns = 0; turns < i % 7; turns++) await Promise.resolve();
    assert(launcher.processes.filter(({ isAlive }) => isAlive).length <= 1);
  }
  await settle();
  assertEquals(launcher.started.at(-1)?.command, ["19"]);
  await task.drop();
  assertEquals(launcher.processes.filter(({ isAlive }) => isAlive).length, 0);
});

Deno.test("ServiceTask waits for files, and stops where one is gone", async () => {
  const { launcher, task } = play(wishOf({}, { isLacking: true }));
  await task.settled;
  assertEquals([task.status.state, task.status.code], ["waiting", "file-missing"]);
  task.update(wishOf(), { isTouched: false });
  const process = await launcher.untilStarted(1);
  await settle();
  task.update(wishOf({}, { isLacking: true }), { isTouched: true });
  await task.settled;
  assertEquals([process.isAlive, task.status.state], [false, "waiting"]);
  await task.drop();
});

Deno.test("ServiceTask starts nothing that is refused", async () => {
  const { launcher, task } = play(wishOf({}, { refusal: "service-refused" }));
  await task.settled;
  assertEquals([task.status.state, task.status.code], ["refused", "service-refused"]);
  task.start();
  task.restart();
  await task.settled;
  assertEquals(launcher.processes.length, 0);
  await task.drop();
});

Deno.test("ServiceTask stays stopped by an operator until it is started or becomes another", async () => {
  const { launcher, task } = play(wishOf());
  const process = await launcher.untilStarted(1);
  task.hold();
  await task.settled;
  assertEquals([process.isAlive, task.status.code], [false, "service-held"]);
  task.update(wishOf(), { isTouched: true });
  await task.settled;
  assertEquals([task.status.code, launcher.processes.length], ["service-held", 1]);
  task.start();
  await launcher.untilStarted(2);
  task.hold();
  await task.settled;
  task.update(wishOf({ command: ["other"] }), { isTouched: false });
  await launcher.untilStarted(3);
  await task.drop();
});

Deno.test("ServiceTask tries again what cannot be started, and says why", async () => {
  const { clock, launcher, task } = play(wishOf());
  launcher.failure = new StorageError("io-failed", "the file is no text");
  await task.settled;
  assertEquals([task.status.state, task.status.code], ["pausing", "io-failed"]);
  launcher.failure = new Error("ENOENT");
  clock.advance(1_000);
  await clock.untilDelayIs(2_000);
  assertEquals(task.status.code, "service-unstartable");
  launcher.failure = null;
  clock.advance(2_000);
  await launcher.untilStarted(1);
  await task.drop();
});

Deno.test("ServiceTask starts again what is unwell as often in a row as it may be", async () => {
  const health = { command: ["check"], intervalS: 30, timeoutS: 5, retries: 2 };
  const { clock, launcher, task, events } = play(wishOf({ health }));
  const process = await launcher.untilStarted(1);
  await clock.untilDelayIs(1_000);
  clock.advance(1_000);
  await clock.untilDelayIs(29_000);
  clock.advance(29_000);
  await settle();
  assertEquals(task.status.health, "well");
  launcher.isWell = false;
  clock.advance(30_000);
  await settle();
  assertEquals([task.status.health, process.isAlive], ["unwell", true]);
  launcher.isWell = true;
  clock.advance(30_000);
  await settle();
  assertEquals([task.status.health, process.isAlive], ["well", true]);
  launcher.isWell = false;
  clock.advance(30_000);
  await settle();
  clock.advance(30_000);
  await settle();
  assertEquals([process.isAlive, task.status.code], [false, "service-unhealthy"]);
  assert(events.some(({ state, code }) => state === "pausing" && code === "service-unhealthy"));
  await task.drop();
});

Deno.test("ServiceTask starts again what uses more memory than it may, and lets be what is not known", async () => {
  const { clock, launcher, task } = play(wishOf({ memoryMb: 2 }));
  const process = await launcher.untilStarted(1);
  process.bytes = 2 * 1_048_576;
  await settle();
  clock.advance(2_000);
  await settle();
  process.bytes = null;
  clock.advance(2_000);
  await settle();
  assert(process.isAlive);
  process.bytes = 2 * 1_048_576 + 1;
  clock.advance(2_000);
  await settle();
  assertEquals([process.isAlive, task.status.code], [false, "service-memory"]);
  await task.drop();
});
