import { OwnChildren } from "../../../agent/application/own_children.ts";
import { type HookProgram, runHookProgram } from "../../../agent/hooks/hook_program.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** These start real programs of a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

/** Long enough for a shell to have begun, however busy the machine is. */
const SOON_MS = 3_000;

function shell(script: string, more: Partial<HookProgram> = {}): HookProgram {
  return {
    path: "/bin/sh",
    args: ["-c", script],
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    timeoutMs: 60_000,
    ...more,
  };
}

function run(
  program: HookProgram,
  more: { readonly signal?: AbortSignal; readonly graceMs?: number } = {},
) {
  const signal = more.signal ?? new AbortController().signal;
  return runHookProgram(program, { children: new OwnChildren(), ...more, signal });
}

/** A pipe that programs write to; its end comes when the last of them is gone. */
async function openPipe(folder: TemporaryFolder) {
  const path = `${folder.path}/pipe`;
  assertEquals((await new Deno.Command("mkfifo", { args: [path] }).output()).code, 0);
  return { path, untilClosed: Deno.readTextFile(path) };
}

Deno.test("runHookProgram tells the status and the end of what was printed", UNIX, async () => {
  assertEquals(await run(shell("echo out; echo err >&2; exit 0")), {
    outcome: "ran",
    exitStatus: 0,
    signal: null,
    output: "out\nerr",
  });
  assertEquals(await run(shell("echo no; exit 7")), {
    outcome: "failed",
    exitStatus: 7,
    signal: null,
    output: "no",
    code: "hook-failed",
  });
});

Deno.test("runHookProgram tells the signal that ended it", UNIX, async () => {
  const { outcome, exitStatus, signal, code } = await run(shell("kill -USR1 $$"));
  assertEquals([outcome, exitStatus, signal, code], ["failed", null, "SIGUSR1", "hook-failed"]);
});

Deno.test("runHookProgram says so where there is nothing to run", UNIX, async () => {
  for (const more of [{ path: "/nowhere/program" }, { cwd: "/nowhere" }]) {
    const { outcome, code } = await run(shell("true", more));
    assertEquals([outcome, code], ["failed", "hook-unstartable"]);
  }
});

Deno.test(
  "runHookProgram gives the program its arguments, folder and variables and no others",
  UNIX,
  async () => {
    await using folder = await temporaryFolder();
    const program = {
      path: "/usr/bin/env",
      args: ["-0", "A B=$(id)"],
      cwd: folder.path,
      env: { FLUXVAULT_HOOK: "x\ny" },
      timeoutMs: 60_000,
    };
    const { output } = await run(program);
    assertEquals(output, "FLUXVAULT_HOOK=x\ny\\x00A B=$(id)\\x00");
  },
);

Deno.test("runHookProgram ends a program at its time, and all that it started", UNIX, async () => {
  await using folder = await temporaryFolder();
  const { path, untilClosed } = await openPipe(folder);
  const script = `exec 3>${path}; sleep 600 & trap 'echo asked; exit 0' TERM; wait`;
  const end = await run(shell(script, { timeoutMs: SOON_MS }));
  assertEquals([end.outcome, end.code, end.exitStatus, end.output], [
    "failed",
    "hook-timed-out",
    0,
    "asked",
  ]);
  await untilClosed;
});

Deno.test(
  "runHookProgram kills a program that does not end when it is asked to",
  UNIX,
  async () => {
    await using folder = await temporaryFolder();
    const { path, untilClosed } = await openPipe(folder);
    const script = `exec 3>${path}; trap '' TERM; while :; do sleep 0.05; done`;
    const end = await run(shell(script, { timeoutMs: SOON_MS }), { graceMs: 100 });
    assertEquals([end.code, end.signal], ["hook-timed-out", "SIGKILL"]);
    await untilClosed;
  },
);

Deno.test("runHookProgram ends a program where the agent stops", UNIX, async () => {
  const stop = new AbortController();
  const running = run(shell("sleep 600"), { signal: stop.signal });
  stop.abort();
  const { outcome, signal } = await running;
  assertEquals([outcome, signal], ["failed", "SIGTERM"]);
});

Deno.test("runHookProgram does not wait for what goes on in the background", UNIX, async () => {
  const started = performance.now();
  const end = await run(shell("sleep 600 & echo $!"));
  assert(performance.now() - started < 60_000);
  assertEquals([end.outcome, end.exitStatus], ["ran", 0]);
  Deno.kill(Number(end.output), "SIGKILL");
});

Deno.test("runHookProgram tracks its child for as long as it runs", UNIX, async () => {
  const children = new OwnChildren();
  const tracked: number[] = [];
  const { track } = children;
  children.track = (pid, ended) => {
    tracked.push(pid);
    track.call(children, pid, ended);
  };
  const { signal } = new AbortController();
  const { output } = await runHookProgram(shell("echo $$"), { children, signal });
  assertEquals(tracked, [Number(output)]);
  assert(!children.has(Number(output)));
});
