import { Supervisor } from "../../../agent/application/supervisor.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { PlayedStarts } from "../../support/played_child.ts";

function play(onChange?: string, endsAt?: readonly string[]) {
  const starts = new PlayedStarts(endsAt);
  const clock = new FakeClock();
  const logger = new MemoryLogger();
  const { prepare } = starts;
  const supervisor = new Supervisor({
    prepare,
    onChange: onChange ?? "restart",
    stopTimeoutMs: 10_000,
    logger,
    delay: clock.delay,
  });
  return { supervisor, starts, clock, logger };
}

Deno.test("Supervisor ends with its application", async () => {
  const { supervisor, starts } = play();
  assertEquals(supervisor.isStarted, false);
  await supervisor.start();
  assertEquals(supervisor.isStarted, true);
  (await starts.child(0)).exit(7);
  assertEquals(await supervisor.ended, { status: 7, signal: null });
});

Deno.test("Supervisor can be asked again where the application could not be started", async () => {
  const { supervisor, starts } = play();
  starts.fault = new Error("a file is missing");
  await assertRejects(() => supervisor.start(), Error);
  starts.fault = null;
  await supervisor.start();
  assertEquals(starts.children.length, 1);
});

Deno.test("Supervisor starts again after a change, with what was made ready before the old one ended", async () => {
  const { supervisor, starts } = play();
  await supervisor.start();
  await supervisor.change();
  const [first, second] = starts.children;
  assertEquals([first?.signals, first?.isGroupEnded], [["SIGTERM"], true]);
  second?.exit(3);
  assertEquals(await supervisor.ended, { status: 3, signal: null });
});

Deno.test("Supervisor kills an application that does not end in time", async () => {
  const { supervisor, starts, clock, logger } = play("restart", ["SIGKILL"]);
  await supervisor.start();
  const changed = supervisor.change();
  await clock.untilDelayIs(10_000);
  assertEquals(starts.children[0]?.signals, ["SIGTERM"]);
  clock.advance(10_000);
  await changed;
  assertEquals([starts.children[0]?.signals, starts.children.length], [["SIGTERM", "SIGKILL"], 2]);
  assertEquals(logger.messages("warn"), ["the application did not end and is killed"]);
});

Deno.test("Supervisor lets the application be where it could not start again", async () => {
  const { supervisor, starts, logger } = play();
  await supervisor.start();
  starts.fault = new Error("holds a NUL");
  await supervisor.change();
  assertEquals([starts.children.length, starts.children[0]?.signals], [1, []]);
  assertEquals(logger.messages("error").length, 1);
  starts.fault = null;
  await supervisor.change();
  assertEquals(starts.children.length, 2);
});

Deno.test("Supervisor starts once more for changes that came during a restart", async () => {
  const { supervisor, starts } = play("restart", ["SIGKILL"]);
  await supervisor.start();
  const changed = supervisor.change();
  const first = await starts.child(0);
  await Promise.all([supervisor.change(), supervisor.change()]);
  await first.untilSignalled("SIGTERM");
  first.exit(0);
  const second = await starts.child(1);
  await second.untilSignalled("SIGTERM");
  second.exit(0);
  await changed;
  assertEquals(starts.children.length, 3);
  starts.children[2]?.exit(5);
  assertEquals((await supervisor.ended).status, 5);
});

Deno.test("Supervisor starts nothing again that ended by itself, or is asked to end", async () => {
  const own = play();
  await own.supervisor.start();
  (await own.starts.child(0)).exit(1);
  await own.supervisor.ended;
  await own.supervisor.change();
  const asked = play("restart", []);
  await asked.supervisor.start();
  asked.supervisor.signal("SIGTERM");
  await asked.supervisor.change();
  assertEquals([own.starts.children.length, asked.starts.children.length], [1, 1]);
  assertEquals(asked.starts.children[0]?.signals, ["SIGTERM"]);
});

Deno.test("Supervisor that is asked to end during a restart ends with the one before", async () => {
  for (const name of ["SIGTERM", "SIGINT", "SIGQUIT"]) {
    const { supervisor, starts } = play("restart", []);
    await supervisor.start();
    const changed = supervisor.change();
    const child = await starts.child(0);
    await child.untilSignalled("SIGTERM");
    supervisor.signal(name);
    child.exit(4);
    await changed;
    assertEquals(await supervisor.ended, { status: 4, signal: null });
    assertEquals([starts.children.length, starts.discarded], [1, 1]);
  }
});

Deno.test("Supervisor that ends by itself while it is made ready anew gives that up", async () => {
  const { supervisor, starts } = play();
  await supervisor.start();
  const ready = Promise.withResolvers<void>();
  starts.ready = ready.promise;
  const changed = supervisor.change();
  starts.children[0]?.exit(6);
  assertEquals((await supervisor.ended).status, 6);
  ready.resolve();
  await changed;
  assertEquals([starts.children.length, starts.discarded], [1, 1]);
});

Deno.test("Supervisor rejects where the application cannot be started again", async () => {
  const { supervisor, starts } = play();
  await supervisor.start();
  starts.startFault = new RangeError("gone");
  await supervisor.change();
  await assertRejects(() => supervisor.ended, RangeError);
});

Deno.test("Supervisor sends a signal for a change, or nothing, where that was asked for", async () => {
  for (const [onChange, signals] of [["SIGHUP", ["SIGHUP"]], ["none", []]] as const) {
    const { supervisor, starts } = play(onChange);
    await supervisor.change();
    await supervisor.start();
    await supervisor.change();
    assertEquals([starts.children.length, starts.children[0]?.signals], [1, [...signals]]);
  }
});

Deno.test("Supervisor passes signals on to what runs, and none before", async () => {
  const { supervisor, starts } = play();
  supervisor.signal("SIGUSR1");
  supervisor.signal("SIGTERM");
  await supervisor.start();
  supervisor.signal("SIGUSR1");
  assertEquals(starts.children[0]?.signals, ["SIGUSR1"]);
  await supervisor.change();
  supervisor.signal("SIGUSR2");
  assertEquals(starts.children[1]?.signals, ["SIGUSR2"]);
});

Deno.test("Supervisor.stop ends the application in order, and is done at once without one", async () => {
  const { supervisor, starts } = play();
  await supervisor.stop();
  await supervisor.start();
  await supervisor.stop();
  assertEquals(starts.children[0]?.signals, ["SIGTERM"]);
  assertEquals(await supervisor.ended, { status: null, signal: "SIGTERM" });
  await supervisor.stop();
  assert(starts.children.length === 1);
});
