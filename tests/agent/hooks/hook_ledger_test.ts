import { type DueHook, newDueHook } from "../../../agent/hooks/due_hook.ts";
import { HookLedger } from "../../../agent/hooks/hook_ledger.ts";
import { MAX_DUE_HOOKS } from "../../../agent/limits.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { runHook, SIGNER, wantedState } from "../../support/hook_manifest.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { ENDS } from "../../support/played_hooks.ts";

/** A ledger whose hooks run at once, and what it writes down. */
function open(known: readonly DueHook[] | null = []) {
  const logger = new MemoryLogger();
  const saved: string[][] = [];
  const disk = { isFull: false };
  const ledger = new HookLedger({
    logger,
    journal: {
      known,
      save: (due) => {
        if (disk.isFull) return Promise.reject(new Error("the disk is full"));
        saved.push(due.map(({ hook }) => hook));
        return Promise.resolve();
      },
    },
    perform: () => Promise.resolve(ENDS.ran),
    delay: () => Promise.resolve(),
    random: () => 0,
  });
  return { ledger, logger, saved, disk };
}

function dueHook(hook: string, state = "00", declaredBy: string | null = SIGNER): DueHook {
  return newDueHook({ hook, declaredBy, state });
}

const RELOAD = runHook("reload");
const WANTED = wantedState({ hooks: [RELOAD, runHook("other")] });

Deno.test("HookLedger takes up what was due, and writes down only what is new", async () => {
  const due = dueHook("reload");
  const { ledger, saved } = open([due]);
  assertEquals([ledger.isEmpty, ledger.isLost], [false, false]);
  assertEquals(ledger.taskOf(RELOAD, SIGNER)?.due, due);
  assertEquals([ledger.taskOf(RELOAD, null), ledger.taskOf(runHook("other"), SIGNER)], [
    null,
    null,
  ]);
  await ledger.save();
  assertEquals(saved, []);
  ledger.add(dueHook("other"));
  await ledger.save();
  assertEquals(saved, [["reload", "other"]]);
  await ledger.stop();
});

Deno.test("HookLedger does not pass for empty where what was due is lost", async () => {
  const { ledger } = open(null);
  assertEquals([ledger.isEmpty, ledger.isLost], [false, true]);
  const hooks = WANTED.hooks;
  const fresh = ledger.makeDue(WANTED, { hooks, scope: new Map(), states: new Map() });
  assertEquals(
    [...fresh],
    [],
    "what may have been due before is not forgotten for want of a change",
  );
  ledger.markFound();
  assertEquals([ledger.isEmpty, ledger.isLost], [false, false]);
  assert(hooks.every((hook) => ledger.taskOf(hook, SIGNER) !== null));
  await ledger.stop();
});

Deno.test("HookLedger.makeDue keeps the name of a change, but not over a new state", async () => {
  const { ledger } = open();
  const scope = new Map([["reload", ["b"]]]);
  const make = (state: string, paths = scope) =>
    ledger.makeDue(WANTED, {
      hooks: WANTED.hooks,
      scope: paths,
      states: new Map([["reload", state]]),
    });
  assertEquals([...make("01")], ["reload"]);
  const first = ledger.taskOf(RELOAD, SIGNER)?.due;
  assertEquals([...make("01", new Map([["reload", ["a"]]]))], []);
  const second = ledger.taskOf(RELOAD, SIGNER)?.due;
  assertEquals([second?.changeId, second?.changedFiles], [first?.changeId ?? "", ["b", "a"]]);
  make("02", new Map());
  const third = ledger.taskOf(RELOAD, SIGNER)?.due;
  assert(third?.changeId !== first?.changeId);
  assertEquals([third?.state, third?.changedFiles], ["02", ["b", "a"]]);
  assertEquals(ledger.taskOf(runHook("other"), SIGNER), null);
  await ledger.stop();
});

Deno.test("HookLedger.amend forgets what came to nothing, and sorts what did change", async () => {
  const { ledger } = open();
  const fresh = ledger.makeDue(WANTED, {
    hooks: WANTED.hooks,
    scope: new Map([["reload", ["b", "a", "c"]], ["other", ["d"]]]),
    states: new Map(),
  });
  ledger.amend(WANTED, { fresh, changes: new Map([["reload", ["c", "a"]]]) });
  assertEquals(ledger.taskOf(RELOAD, SIGNER)?.due.changedFiles, ["a", "c"]);
  assertEquals(ledger.taskOf(runHook("other"), SIGNER), null);
  await ledger.stop();
});

Deno.test("HookLedger forgets what the same keeper defines no longer", async () => {
  const { ledger } = open([dueHook("gone"), dueHook("reload")]);
  ledger.forgetUndefined({ ...WANTED, declaredBy: "1other" });
  assert(ledger.taskOf(runHook("gone"), SIGNER) !== null);
  ledger.forgetUndefined(WANTED);
  assertEquals(ledger.taskOf(runHook("gone"), SIGNER), null);
  assert(ledger.taskOf(RELOAD, SIGNER) !== null);
  await ledger.stop();
});

Deno.test("HookLedger tells once that a hook has run, and writes down that it is due no more", async () => {
  const { ledger, saved, logger } = open([dueHook("reload")]);
  const before = ledger.takeResult(RELOAD, SIGNER);
  assertEquals([before?.outcome, before?.attempts], ["due", 0]);
  await ledger.taskOf(RELOAD, SIGNER)?.release({ hook: RELOAD, manifest: WANTED });
  const told = ledger.takeResult(RELOAD, SIGNER);
  assertEquals([told?.outcome, told?.attempts], ["ran", 1]);
  assertEquals(ledger.takeResult(RELOAD, SIGNER), null);
  assertEquals([saved, logger.messages("info")], [[[]], ["a hook has run"]]);
  await ledger.stop();
});

Deno.test("HookLedger goes on in memory where nothing can be saved, says so once, and tries again", async () => {
  const { ledger, saved, logger, disk } = open();
  disk.isFull = true;
  ledger.add(dueHook("reload"));
  await ledger.save();
  ledger.add(dueHook("other"));
  await ledger.save();
  assertEquals(logger.messages("warn"), ["what hooks are due is kept in memory only"]);
  disk.isFull = false;
  await ledger.save();
  assertEquals(saved, [["reload", "other"]]);
  await ledger.stop();
});

Deno.test("HookLedger forgets no hook of one keeper for those of another", async () => {
  const { ledger, logger } = open();
  ledger.add(dueHook("reload"));
  for (let i = 0; i <= MAX_DUE_HOOKS; i++) ledger.add(dueHook(`hook-${i}`, "00", null));
  assert(ledger.taskOf(RELOAD, SIGNER) !== null);
  assertEquals(ledger.taskOf(runHook("hook-0"), null), null);
  assertEquals(logger.messages("warn").length, 1);
  await ledger.stop();
});

Deno.test("HookLedger keeps no result for a keeper that does not define the hook any more", async () => {
  const { ledger } = open();
  for (const due of [dueHook("reload"), dueHook("other"), dueHook("other", "00", null)]) {
    ledger.add(due);
    const hook = runHook(due.hook);
    await ledger.taskOf(hook, due.declaredBy)?.release({ hook, manifest: WANTED });
  }
  ledger.forgetUndefined(wantedState({ hooks: [RELOAD] }));
  assertEquals(ledger.takeResult(runHook("other"), SIGNER), null);
  assertEquals(ledger.takeResult(RELOAD, SIGNER)?.outcome, "ran");
  assertEquals(ledger.takeResult(runHook("other"), null)?.outcome, "ran");
  await ledger.stop();
});

Deno.test("HookLedger remembers so many hooks, forgets the oldest, and says so", async () => {
  const { ledger, logger } = open();
  for (let i = 0; i <= MAX_DUE_HOOKS; i++) ledger.add(dueHook(`hook-${i}`));
  assertEquals(ledger.taskOf(runHook("hook-0"), SIGNER), null);
  assert(ledger.taskOf(runHook(`hook-${MAX_DUE_HOOKS}`), SIGNER) !== null);
  assertEquals(logger.messages("warn").length, 1);
  await ledger.stop();
});
