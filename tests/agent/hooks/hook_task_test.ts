import { newDueHook } from "../../../agent/hooks/due_hook.ts";
import { HookTask } from "../../../agent/hooks/hook_task.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { runHook, wantedState } from "../../support/hook_manifest.ts";
import { ENDS, PlayedHooks } from "../../support/played_hooks.ts";

const HOOK = runHook("reload");
const DEFINITION = { hook: HOOK, manifest: wantedState({ hooks: [HOOK] }) };

/** A task with a clock and runs that a test plays. */
function playTask() {
  const hooks = new PlayedHooks();
  const clock = new FakeClock();
  const ends: string[] = [];
  const due = newDueHook({ hook: "reload", declaredBy: null, state: "00".repeat(32) });
  const { signal } = new AbortController();
  const task = new HookTask(due, {
    perform: (call) => hooks.perform(call, signal),
    onEnd: (_task, { outcome }) => {
      ends.push(outcome);
      return Promise.resolve();
    },
    delay: clock.delay,
    random: () => 1,
  });
  return { task, hooks, clock, ends, due };
}

Deno.test("HookTask runs nothing before it is released, and once then", async () => {
  const { task, hooks, ends } = playTask();
  assertEquals([task.result.outcome, hooks.runs.length], ["due", 0]);
  const released = task.release(DEFINITION);
  assertEquals(task.result.outcome, "running");
  (await hooks.run(0)).end(ENDS.ran);
  await released;
  const { outcome, attempts, exitStatus } = task.result;
  assertEquals([outcome, attempts, exitStatus, ends, hooks.runs.length], ["ran", 1, 0, ["ran"], 1]);
});

Deno.test("HookTask runs again after growing pauses until it succeeds, under one name", async () => {
  const { task, hooks, clock, ends, due } = playTask();
  const released = task.release(DEFINITION);
  for (const [failures, pauseMs] of [1_000, 2_000, 4_000].entries()) {
    (await hooks.run(failures)).end(ENDS.failed);
    await clock.untilDelayIs(pauseMs);
    assertEquals([task.result.outcome, task.result.output], ["failed", "no"]);
    clock.advance(pauseMs);
  }
  await released;
  (await hooks.run(3)).end(ENDS.ran);
  await task.drop();
  assertEquals(ends, ["failed", "failed", "failed", "ran"]);
  assertEquals(new Set(hooks.runs.map(({ call }) => call.due.changeId)), new Set([due.changeId]));
  assertEquals(hooks.runs.map(({ call }) => call.due.attempts), [0, 1, 2, 3]);
});

Deno.test("HookTask in a pause does not run for being released again", async () => {
  const { task, hooks, clock } = playTask();
  void task.release(DEFINITION);
  (await hooks.run(0)).end(ENDS.failed);
  await clock.untilDelayIs(1_000);
  await task.release(DEFINITION);
  assertEquals(hooks.runs.length, 1);
  await task.drop();
});

Deno.test("HookTask in a pause runs at once where the hook is defined anew", async () => {
  const { task, hooks, clock } = playTask();
  void task.release(DEFINITION);
  (await hooks.run(0)).end(ENDS.failed);
  await clock.untilDelayIs(1_000);
  const hook = runHook("reload", ["/bin/false"]);
  const released = task.release({ ...DEFINITION, hook });
  const run = await hooks.run(1);
  assertEquals(run.call.hook, hook);
  run.end(ENDS.ran);
  await released;
});

Deno.test("HookTask is not content with a run that began before the change", async () => {
  const { task, hooks, ends, due } = playTask();
  void task.release(DEFINITION);
  const early = await hooks.run(0);
  task.hold({ ...due, changedFiles: ["a"] });
  const released = task.release(DEFINITION);
  early.end(ENDS.ran);
  const late = await hooks.run(1);
  assertEquals(late.call.due.changedFiles, ["a"]);
  assertEquals(ends, []);
  late.end(ENDS.ran);
  await released;
  assertEquals([ends, task.due.attempts], [["ran"], 1]);
});

Deno.test("HookTask never has two runs at a time", async () => {
  const { task, hooks, due } = playTask();
  void task.release(DEFINITION);
  const first = await hooks.run(0);
  for (let i = 0; i < 3; i++) {
    task.hold({ ...due, changedFiles: [`${i}`] });
    void task.release(DEFINITION);
  }
  assertEquals(hooks.runs.length, 1);
  first.end(ENDS.failed);
  (await hooks.run(1)).end(ENDS.ran);
  await task.drop();
  assertEquals(hooks.runs.length, 2);
});

Deno.test("HookTask waits with its next run while a change is on its way", async () => {
  const { task, hooks, clock, due } = playTask();
  void task.release(DEFINITION);
  (await hooks.run(0)).end(ENDS.failed);
  await clock.untilDelayIs(1_000);
  task.hold(due);
  clock.advance(1_000_000);
  await Promise.resolve();
  assertEquals([hooks.runs.length, task.result.outcome], [1, "failed"]);
  void task.release(DEFINITION);
  (await hooks.run(1)).end(ENDS.ran);
  await task.drop();
});

Deno.test("HookTask that was refused runs again when it is released, and says so once", async () => {
  const { task, hooks, ends } = playTask();
  for (const index of [0, 1]) {
    const released = task.release(DEFINITION);
    (await hooks.run(index)).end(ENDS.refused);
    await released;
    assertEquals([task.result.outcome, task.result.attempts], ["refused", 0]);
  }
  assertEquals(ends, ["refused"]);
});

Deno.test("HookTask that is dropped ends with its run, and lets go whoever waits for it", async () => {
  const { task, hooks, ends } = playTask();
  const released = task.release(DEFINITION);
  const run = await hooks.run(0);
  const dropped = task.drop();
  await released;
  run.end(ENDS.failed);
  await dropped;
  assertEquals(hooks.runs.length, 1);
  assert(ends.length === 1);
});
