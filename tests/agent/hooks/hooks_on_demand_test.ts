import { AgentHooks, type AgentHooksOptions } from "../../../agent/hooks/agent_hooks.ts";
import type { DueHook } from "../../../agent/hooks/due_hook.ts";
import { HooksOnDemand } from "../../../agent/hooks/hooks_on_demand.ts";
import type { WantedState } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { hookedFile, runHook, wantedState } from "../../support/hook_manifest.ts";
import { ENDS, PlayedHooks } from "../../support/played_hooks.ts";

const PATHS = ["a"];
const NONE = wantedState({ entries: [hookedFile("a")] });
const SOME = wantedState({
  hooks: [runHook("reload")],
  entries: [hookedFile("a", { hook: "reload" })],
});

async function open(
  { held = null as WantedState | null, mayBeDue = false, known = [] as readonly DueHook[] } = {},
) {
  const performer = new PlayedHooks(ENDS.ran);
  const journal: AgentHooksOptions["journal"] = { known, save: () => Promise.resolve() };
  const loads: (WantedState | null)[] = [];
  const hooks = await HooksOnDemand.open({
    held,
    mayBeDue,
    load: (held) => {
      loads.push(held);
      return Promise.resolve(new AgentHooks({ performer, journal, held }));
    },
  });
  return { hooks, loads, performer };
}

Deno.test("HooksOnDemand loads nothing for manifests without hooks", async () => {
  const { hooks, loads } = await open({ held: NONE });
  await hooks.resume(NONE);
  assertEquals(await hooks.due(NONE, PATHS), []);
  await hooks.mark(NONE, PATHS);
  assertEquals(await hooks.finish(PATHS), []);
  await hooks.stop();
  assertEquals(loads, []);
});

Deno.test("HooksOnDemand has what expires removed, and tells nobody, where there is no hook", async () => {
  const { hooks, loads } = await open();
  await hooks.mark(NONE, PATHS);
  const removed: string[] = [];
  const { told } = await hooks.expire([{ declarer: NONE.declaredBy, path: "a" }], () => {
    removed.push("a");
    return Promise.resolve(["a"]);
  });
  await told;
  assertEquals([removed, loads], [["a"], []]);
});

Deno.test("HooksOnDemand loads what runs hooks once, with the first manifest that has one", async () => {
  const { hooks, loads, performer } = await open();
  await hooks.mark(NONE, []);
  await hooks.finish([]);
  assertEquals((await hooks.due(SOME, PATHS)).map(({ outcome }) => outcome), ["due"]);
  await hooks.mark(SOME, PATHS);
  assertEquals((await hooks.finish(PATHS)).map(({ hook, outcome }) => [hook, outcome]), [
    ["reload", "ran"],
  ]);
  await hooks.stop();
  assertEquals(performer.runs.length, 1);
  // What was held before says what a change is.
  assertEquals(loads, [NONE]);
});

Deno.test("HooksOnDemand loads at once what may be due, or is held", async () => {
  assertEquals((await open({ held: SOME })).loads, [SOME]);
  assertEquals((await open({ held: NONE, mayBeDue: true })).loads, [NONE]);
});

Deno.test("HooksOnDemand forgets what is due once no manifest defines it any more", async () => {
  const { hooks, performer } = await open({ held: SOME });
  await hooks.mark(SOME, PATHS);
  await hooks.mark(NONE, PATHS);
  assertEquals(await hooks.finish(PATHS), []);
  await hooks.resume(SOME);
  await hooks.stop();
  assertEquals(performer.runs.length, 0);
});

Deno.test("HooksOnDemand tells the hooks of what expires", async () => {
  const { hooks, performer } = await open();
  await hooks.mark(SOME, []);
  await hooks.finish([]);
  const expiring = [{ declarer: SOME.declaredBy, path: "a" }];
  const { told } = await hooks.expire(expiring, () => Promise.resolve(["a"]));
  await told;
  await hooks.stop();
  assertEquals(performer.runs.map(({ call }) => call.due.changedFiles), [["a"]]);
});
