import { AgentHooks, type AgentHooksOptions } from "../../../agent/hooks/agent_hooks.ts";
import type { DueHook } from "../../../agent/hooks/due_hook.ts";
import { type HookResult, StorageError, type WantedState } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { hookedFile, runHook, SIGNER, wantedState } from "../../support/hook_manifest.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { ENDS, PlayedHooks } from "../../support/played_hooks.ts";

/** The journal of an agent, which outlasts it. */
class PlayedJournal {
  saved: readonly DueHook[] | null = [];
  saves = 0;

  open(): AgentHooksOptions["journal"] {
    return {
      known: this.saved,
      save: (due) => {
        this.saved = JSON.parse(JSON.stringify(due));
        this.saves++;
        return Promise.resolve();
      },
    };
  }
}

function play(performer: PlayedHooks, more: Partial<AgentHooksOptions> = {}) {
  const clock = new FakeClock();
  const journal = new PlayedJournal();
  const logger = new MemoryLogger();
  const start = (again: Partial<AgentHooksOptions> = {}) =>
    new AgentHooks({
      performer,
      journal: journal.open(),
      logger,
      delay: clock.delay,
      random: () => 1,
      ...more,
      ...again,
    });
  return { clock, journal, logger, start, hooks: start() };
}

/** A state with one file for each hook. */
function stateOf(names: readonly string[], digest = "ab".repeat(32)): WantedState {
  return wantedState({
    hooks: names.map((name) => runHook(name)),
    entries: names.map((name) => hookedFile(`${name}.conf`, { hook: name, digest })),
  });
}

function summary(results: readonly HookResult[]): string[] {
  return results.map(({ hook, outcome, attempts }) => `${hook} ${outcome} ${attempts}`);
}

const ONE = stateOf(["reload"]);
const PATHS = ["reload.conf"];

Deno.test("AgentHooks marks a hook before the change, and runs it once everything is in place", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal } = play(performer);
  await hooks.mark(ONE, PATHS);
  assertEquals(performer.runs.length, 0);
  const [due] = journal.saved ?? [];
  assertEquals([due?.hook, due?.attempts, due?.changedFiles], ["reload", 0, PATHS]);
  const results = await hooks.finish(PATHS);
  assertEquals(summary(results), ["reload ran 1"]);
  assertEquals(results[0]?.changeId, due?.changeId);
  assertEquals(performer.runs[0]?.call.due, due);
  assertEquals(journal.saved, []);
  await hooks.stop();
});

Deno.test("AgentHooks runs nothing and writes nothing where nothing changed", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal } = play(performer);
  await hooks.mark(ONE, []);
  assertEquals(await hooks.finish([]), []);
  assertEquals([performer.runs.length, journal.saves], [0, 0]);
  await hooks.stop();
});

Deno.test("AgentHooks forgets a hook whose change did not come about", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal } = play(performer);
  await hooks.mark(stateOf(["a", "b"]), ["a.conf", "b.conf"]);
  assertEquals(summary(await hooks.finish(["b.conf"])), ["b ran 1"]);
  assertEquals([performer.runs.length, journal.saved], [1, []]);
  await hooks.stop();
});

Deno.test("AgentHooks tells a hook what did change", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks } = play(performer);
  const entries = ["a", "b"].map((path) => hookedFile(path, { hook: "reload" }));
  await hooks.mark(wantedState({ hooks: [runHook("reload")], entries }), ["a", "b"]);
  await hooks.finish(["b"]);
  assertEquals(performer.runs[0]?.call.due.changedFiles, ["b"]);
  await hooks.stop();
});

Deno.test("AgentHooks reports a failing hook at each delivery until it succeeds, under one name", async () => {
  const performer = new PlayedHooks();
  const { hooks, clock } = play(performer);
  await hooks.mark(ONE, PATHS);
  const first = hooks.finish(PATHS);
  (await performer.run(0)).end(ENDS.failed);
  const [failed] = await first;
  assertEquals(summary(failed === undefined ? [] : [failed]), ["reload failed 1"]);
  assertEquals([failed?.exitStatus, failed?.output, failed?.code], [3, "no", "hook-failed"]);
  await hooks.mark(ONE, []);
  assertEquals(summary(await hooks.finish([])), ["reload failed 1"]);
  await clock.untilDelayIs(1_000);
  clock.advance(1_000);
  (await performer.run(1)).end(ENDS.ran);
  await hooks.mark(ONE, []);
  const [ran] = await hooks.finish([]);
  assertEquals([ran?.outcome, ran?.attempts, ran?.changeId], ["ran", 2, failed?.changeId ?? ""]);
  await hooks.mark(ONE, []);
  assertEquals(await hooks.finish([]), []);
  await hooks.stop();
});

Deno.test("AgentHooks gives a new wanted state a new name, and the same state the same", async () => {
  const performer = new PlayedHooks(ENDS.failed);
  const { hooks } = play(performer);
  const ids: (string | null | undefined)[] = [];
  for (const digest of ["ab", "ab", "cd"]) {
    await hooks.mark(stateOf(["reload"], digest.repeat(32)), PATHS);
    ids.push((await hooks.finish(PATHS))[0]?.changeId);
  }
  assertEquals(ids[0], ids[1]);
  assert(ids[1] !== ids[2]);
  await hooks.stop();
});

Deno.test("AgentHooks waits for a hook so long and no longer", async () => {
  const performer = new PlayedHooks();
  const { hooks, clock, journal } = play(performer, { waitMs: 5_000 });
  await hooks.mark(ONE, PATHS);
  const finished = hooks.finish(PATHS);
  const run = await performer.run(0);
  await clock.untilDelayIs(5_000);
  clock.advance(5_000);
  assertEquals(summary(await finished), ["reload running 0"]);
  run.end(ENDS.ran);
  await hooks.mark(ONE, []);
  assertEquals(summary(await hooks.finish([])), ["reload ran 1"]);
  assertEquals(journal.saved, []);
  await hooks.stop();
});

Deno.test("AgentHooks remembers across a crash what was due, under the same name", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal, start } = play(performer);
  await hooks.mark(ONE, PATHS);
  const [due] = journal.saved ?? [];
  const again = start();
  await again.resume(ONE);
  assertEquals((await performer.run(0)).call.due, due);
  await again.mark(ONE, []);
  assertEquals(summary(await again.finish([])), ["reload ran 1"]);
  assertEquals([performer.runs.length, journal.saved], [1, []]);
  await again.stop();
});

Deno.test("AgentHooks lets a hook of another state wait for the next delivery", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal, start } = play(performer);
  await hooks.mark(stateOf(["reload"], "cd".repeat(32)), PATHS);
  const [due] = journal.saved ?? [];
  const again = start();
  await again.resume(ONE);
  assertEquals(performer.runs.length, 0);
  const next = stateOf(["reload"], "cd".repeat(32));
  await again.mark(next, PATHS);
  const [ran] = await again.finish(PATHS);
  assertEquals([ran?.outcome, ran?.changeId], ["ran", due?.changeId ?? ""]);
  await again.stop();
});

Deno.test("AgentHooks runs after a delivery that breaks with the next one, though nothing is left to change", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks } = play(performer);
  await hooks.mark(ONE, PATHS);
  await hooks.mark(ONE, []);
  assertEquals(summary(await hooks.finish([])), ["reload ran 1"]);
  await hooks.stop();
});

Deno.test("AgentHooks runs all that a manifest defines where what was due is lost", async () => {
  for (const way of ["resume", "mark"] as const) {
    const performer = new PlayedHooks(ENDS.ran);
    const { journal, start } = play(performer);
    journal.saved = null;
    const hooks = start();
    const wanted = stateOf(["a", "b"]);
    if (way === "resume") await hooks.resume(wanted);
    await hooks.mark(wanted, []);
    assertEquals(summary(await hooks.finish([])), ["a ran 1", "b ran 1"]);
    await hooks.mark(wanted, []);
    assertEquals(await hooks.finish([]), []);
    await hooks.stop();
  }
});

Deno.test("AgentHooks keeps what one keeper declares apart from another's", async () => {
  const performer = new PlayedHooks(ENDS.failed);
  const { hooks } = play(performer);
  await hooks.mark(ONE, PATHS);
  await hooks.finish(PATHS);
  const other = { ...wantedState(), declaredBy: null };
  await hooks.mark(other, []);
  assertEquals(await hooks.finish([]), []);
  await hooks.mark(ONE, []);
  assertEquals(summary(await hooks.finish([])), ["reload failed 1"]);
  await hooks.stop();
});

Deno.test("AgentHooks knows the hook of what is removed from what it held when it started", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks } = play(performer, { held: ONE });
  await hooks.mark(wantedState({ hooks: [runHook("reload")] }), PATHS);
  assertEquals(summary(await hooks.finish(PATHS)), ["reload ran 1"]);
  await hooks.stop();
});

Deno.test("AgentHooks.due says what would run and changes nothing", async () => {
  const performer = new PlayedHooks(ENDS.failed);
  performer.refused.add("b");
  const { hooks, journal } = play(performer);
  const wanted = stateOf(["a", "b", "c"]);
  const planned = await hooks.due(wanted, ["a.conf", "b.conf"]);
  assertEquals(summary(planned), ["a due 0", "b refused 0"]);
  assertEquals(planned.map(({ changeId, code }) => [changeId, code]), [
    [null, undefined],
    [null, "hook-refused"],
  ]);
  assertEquals([journal.saves, performer.runs.length], [0, 0]);
  await hooks.mark(wanted, ["a.conf"]);
  await hooks.finish(["a.conf"]);
  assertEquals(summary(await hooks.due(wanted, [])), ["a failed 1"]);
  const again = await hooks.due(wanted, ["a.conf"]);
  assertEquals(summary(again), ["a due 1"]);
  assertEquals(again[0]?.changeId, journal.saved?.[0]?.changeId ?? "");
  assertEquals(performer.runs.length, 1);
  await hooks.stop();
});

Deno.test("AgentHooks keeps a hook due that it may not run, and asks again at each delivery", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  performer.refused.add("reload");
  const { hooks, journal, logger } = play(performer);
  for (const paths of [PATHS, []]) {
    await hooks.mark(ONE, paths);
    assertEquals(summary(await hooks.finish(paths)), ["reload refused 0"]);
  }
  assertEquals([journal.saved?.length, logger.messages("warn")], [1, ["a hook may not be run"]]);
  performer.refused.clear();
  await hooks.mark(ONE, []);
  assertEquals(summary(await hooks.finish([])), ["reload ran 1"]);
  await hooks.stop();
});

Deno.test("AgentHooks that stops ends what runs, and leaves it due", async () => {
  const performer = new PlayedHooks();
  const { hooks, journal } = play(performer);
  await hooks.mark(ONE, PATHS);
  const finished = hooks.finish(PATHS);
  const run = await performer.run(0);
  await hooks.stop();
  assert(run.signal.aborted);
  assertEquals(summary(await finished), ["reload running 0"]);
  assertEquals(journal.saved?.map(({ hook, attempts }) => [hook, attempts]), [["reload", 0]]);
});

Deno.test("AgentHooks runs so many at a time, and never logs what one printed", async () => {
  const performer = new PlayedHooks();
  const { hooks, logger } = play(performer, { atOnce: 2 });
  const names = ["a", "b", "c"];
  await hooks.mark(stateOf(names), names.map((name) => `${name}.conf`));
  const finished = hooks.finish(names.map((name) => `${name}.conf`));
  await performer.run(1);
  assertEquals(performer.runs.length, 2);
  performer.runs[1]?.end({ ...ENDS.failed, output: "s3cret" });
  (await performer.run(2)).end(ENDS.ran);
  performer.runs[0]?.end(ENDS.ran);
  assertEquals(summary(await finished), ["a ran 1", "b failed 1", "c ran 1"]);
  assert(!JSON.stringify(logger.events).includes("s3cret"));
  await hooks.stop();
});

/** Files of {@linkcode ONE} that expire; of somebody else's where that is said. */
Deno.test("AgentHooks has the hooks of one keeper wait for none of another", async () => {
  const performer = new PlayedHooks();
  const { hooks } = play(performer, { atOnce: 1 });
  for (const state of [ONE, { ...ONE, declaredBy: null }]) {
    await hooks.mark(state, PATHS);
    void hooks.finish(PATHS);
    await performer.run(performer.runs.length);
  }
  assertEquals(performer.runs.map(({ call }) => call.due.declaredBy), [ONE.declaredBy, null]);
  for (const { end } of performer.runs) end(ENDS.ran);
  await hooks.stop();
});

function expiring(declarer: string | null = SIGNER) {
  return PATHS.map((path) => ({ declarer, path }));
}

Deno.test("AgentHooks marks a hook before a file expires, and runs it once the file is gone", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal } = play(performer);
  await hooks.mark(ONE, []);
  await hooks.finish([]);
  const { told } = await hooks.expire(expiring(), () => {
    assertEquals(journal.saved?.map(({ hook, changedFiles }) => [hook, changedFiles]), [
      ["reload", PATHS],
    ]);
    assertEquals(performer.runs.length, 0);
    return Promise.resolve(PATHS);
  });
  await told;
  assertEquals(performer.runs.map(({ call }) => call.due.changedFiles), [PATHS]);
  // The keeper is told at its next contact, once.
  await hooks.mark(ONE, []);
  assertEquals(summary(await hooks.finish([])), ["reload ran 1"]);
  await hooks.mark(ONE, []);
  assertEquals(await hooks.finish([]), []);
  await hooks.stop();
});

Deno.test("AgentHooks runs nothing for what did not expire after all, or is somebody else's", async () => {
  const performer = new PlayedHooks(ENDS.ran);
  const { hooks, journal } = play(performer);
  await hooks.mark(ONE, []);
  await hooks.finish([]);
  for (const [declarer, gone] of [[SIGNER, []], ["1other", PATHS], [null, PATHS]] as const) {
    let removals = 0;
    await (await hooks.expire(expiring(declarer), () => {
      removals++;
      return Promise.resolve(gone);
    })).told;
    assertEquals(removals, 1);
  }
  assertEquals([performer.runs.length, journal.saved], [0, []]);
  await hooks.stop();
});

Deno.test("AgentHooks tells of what expired only once somebody vouches for what is held", async () => {
  for (const vouches of ["resume", "delivery"] as const) {
    const performer = new PlayedHooks(ENDS.ran);
    const { journal, start } = play(performer);
    const hooks = start({ held: ONE });
    await (await hooks.expire(expiring(), () => Promise.resolve(PATHS))).told;
    assertEquals([performer.runs.length, journal.saved?.length], [0, 1]);
    if (vouches === "resume") await hooks.resume(ONE);
    else await hooks.mark(ONE, PATHS);
    await hooks.mark(ONE, []);
    assertEquals(summary(await hooks.finish([])), ["reload ran 1"], vouches);
    await hooks.stop();
  }
});

Deno.test("AgentHooks runs a hook again that ran while the file expired, also for who resumes then", async () => {
  const performer = new PlayedHooks();
  const { hooks } = play(performer);
  await hooks.mark(ONE, PATHS);
  void hooks.finish(PATHS);
  const early = await performer.run(0);
  const { told } = await hooks.expire(expiring(), async () => {
    const resumed = hooks.resume(ONE);
    early.end(ENDS.ran);
    await Promise.race([resumed, new Promise((resolve) => queueMicrotask(() => resolve(null)))]);
    assertEquals(performer.runs.length, 1);
    return PATHS;
  });
  (await performer.run(1)).end(ENDS.ran);
  await told;
  assertEquals(performer.runs.length, 2);
  await hooks.stop();
});

Deno.test("AgentHooks leaves a hook due where the removal fails", async () => {
  const { hooks, journal } = play(new PlayedHooks(ENDS.ran));
  await hooks.mark(ONE, []);
  await hooks.finish([]);
  await assertRejects(
    () => hooks.expire(expiring(), () => Promise.reject(new StorageError("io-failed", "gone"))),
    StorageError,
  );
  assertEquals(journal.saved?.length, 1);
  await hooks.stop();
});
