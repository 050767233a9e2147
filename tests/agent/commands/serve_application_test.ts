import { exitStatusOf, ServedApplication } from "../../../agent/commands/serve_application.ts";
import { readPrograms } from "../../../agent/commands/application_settings.ts";
import { OwnChildren } from "../../../agent/application/mod.ts";
import { openDiskRoots } from "../../../agent/disk/mod.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import type { SignalSource } from "../../../protocol/host/mod.ts";
import { ConnectionError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { serveContext } from "../../support/serve_context.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

/** These start real processes of a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

/** A delivery that brought one file. */
const REPORT: AgentSessionReport = {
  remoteAddress: "192.0.2.1",
  wire: 2,
  isComplete: true,
  isPlan: false,
  files: [{ path: "a", outcome: "created" }],
  hooks: [],
  contentBytes: 1,
  durationMs: 1,
  error: null,
};

async function open(script: string, args: readonly string[] = []) {
  const folder = await temporaryFolder();
  const clock = new FakeClock();
  const listeners = new Map<string, () => void>();
  const signals: SignalSource = {
    add: (name, listener) => void listeners.set(name, listener),
    remove: (name) => void listeners.delete(name),
  };
  let hasLeft = false;
  const base = await serveContext(args, { PATH: "/usr/bin:/bin", FLUXVAULT_X: "x" });
  const context = {
    ...base,
    rest: ["/bin/sh", "-c", script],
    mayRun: true,
    delay: (durationMs: number, signal?: AbortSignal) => {
      return clock.delay(durationMs, signal ?? new AbortController().signal);
    },
    signals,
    leaveSignals: () => hasLeft = true,
  };
  const { application: settings } = await readPrograms(context);
  assert(settings !== null);
  const disk = await openDiskRoots({
    workingFolder: folder.path,
    stateFolder: null,
    absoluteFolders: [],
  });
  const application = new ServedApplication(context, {
    settings,
    disk,
    children: new OwnChildren(),
  });
  const end = new AbortController();
  const life = { signal: end.signal, end: () => end.abort() };
  return {
    application,
    life,
    clock,
    listeners,
    folder: folder.path,
    logger: context.logger,
    hasLeft: () => hasLeft,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test(
  "ServedApplication runs once its files are there, and ends the agent with its status",
  UNIX,
  async () => {
    await using yard = await open('[ -z "$FLUXVAULT_X" ] && [ "$A" = one ] && exit 6', [
      "--env",
      "A=a",
    ]);
    const running = yard.application.run(yard.life);
    assert(yard.hasLeft() && yard.listeners.has("SIGTERM"));
    await Deno.writeTextFile(`${yard.folder}/a`, "one\n");
    yard.application.noteReport({ ...REPORT, isPlan: true });
    yard.application.noteReport(REPORT);
    assertEquals(await running, 6);
    assert(yard.life.signal.aborted);
    assertEquals(yard.listeners.size, 0);
  },
);

Deno.test("ServedApplication says once a minute what is waited for", UNIX, async () => {
  await using yard = await open("exit 0", ["--wait-for", "a,b"]);
  const running = yard.application.run(yard.life);
  const told = () =>
    yard.logger.events.filter(({ message }) => message.includes("waits for its files"))
      .map(({ properties }) => [properties["waitedS"], properties["missing"]]);
  await yard.clock.untilDelayIs(1_000);
  yard.clock.advance(1_000);
  await yard.clock.untilDelayIs(60_000);
  yard.application.noteReport(REPORT);
  yard.clock.advance(60_000);
  await yard.clock.untilDelayIs(60_000);
  assertEquals(told(), [[0, "a, b"], [60, "b"]]);
  yard.life.end();
  assertEquals(await running, 0);
});

Deno.test("ServedApplication gives up at its time, and ends the agent", UNIX, async () => {
  await using yard = await open("exit 0", ["--wait-timeout", "30"]);
  const running = yard.application.run(yard.life);
  await yard.clock.untilDelayIs(1_000);
  yard.clock.advance(30_000);
  const error = await assertRejects(() => running, ConnectionError, "timed-out");
  assertMatch(error.message, /within 30 s: all: no keeper has delivered/);
  assert(yard.life.signal.aborted);
});

Deno.test(
  "ServedApplication that is stopped before it has begun has done its work",
  UNIX,
  async () => {
    await using yard = await open("exit 3");
    const running = yard.application.run(yard.life);
    yard.listeners.get("SIGTERM")?.();
    assertEquals(await running, 0);
    yard.application.signal("SIGHUP");
  },
);

Deno.test("ServedApplication is ended with the agent, in order", UNIX, async () => {
  await using yard = await open("trap 'exit 8' TERM; echo >up; while :; do sleep 0.05; done");
  const pipe = `${yard.folder}/up`;
  const script = `trap 'exit 8' TERM; echo up >${pipe}; while :; do sleep 0.05; done`;
  assertEquals((await new Deno.Command("mkfifo", { args: [pipe] }).output()).code, 0);
  await using second = await open(script);
  const running = second.application.run(second.life);
  second.application.noteReport(REPORT);
  assertEquals(await Deno.readTextFile(pipe), "up\n");
  second.life.end();
  assertEquals(await running, 8);
});

Deno.test("exitStatusOf is the status, or 128 and the number of the signal", async () => {
  assertEquals(await exitStatusOf({ status: 7, signal: null }), 7);
  assertEquals(await exitStatusOf({ status: null, signal: "SIGKILL" }), 137);
  assertEquals(await exitStatusOf({ status: null, signal: "SIGTERM" }), 143);
});
