import type { CallTask } from "../../../keeper/contact/contact_task.ts";
import type { Action } from "../../../protocol/calls/action.ts";
import { createDeferred } from "../../../protocol/deferred.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ECHO } from "../../support/call_desks.ts";
import { FakeAgent } from "../../support/fake_fleet.ts";
import { withPrimary } from "../../support/primary_stage.ts";
import { kindsOf, Stage } from "../keeper_stage.ts";

const CALLS = { calls: { actions: [ECHO] } };

Deno.test("talkByCalls calls in the place of a delivery, and the agent has nothing to do with files", async () => {
  await using stage = new Stage();
  const agent = await stage.add("a:1", await FakeAgent.make(CALLS));
  const answers: unknown[] = [];
  const converse: CallTask = async (desk, { agent: { level }, audit }) => {
    answers.push(await desk.call("echo", { input: 7 }), level, audit);
  };
  const view = () => Promise.reject(new TypeError("nobody looks into the vault"));
  stage.view = view;
  const report = await stage.keeper({ task: { converse } }).pass();
  assertEquals(kindsOf(report), { "a:1": "called" });
  assertEquals([answers, agent.revisions, agent.store.paths()], [[7, "first-use", null], [], []]);
});

Deno.test("talkByCalls gives a call the time that it takes", async () => {
  await using stage = new Stage();
  // Longer than a contact may take, and that is long enough for a handshake on a busy machine.
  const run = () => new Promise((resolve) => setTimeout(() => resolve(1), 5_100));
  const slow: Action = { name: "slow", run };
  await stage.add("a:1", await FakeAgent.make({ calls: { actions: [slow] } }));
  const converse: CallTask = async (desk) => void await desk.call("slow");
  const keeper = stage.keeper({ task: { converse }, limits: { baseTimeMs: 5_000 } });
  // The key of the session was made already.
  assertEquals(kindsOf(await keeper.pass()), { "a:1": "called" });
});

Deno.test("talkByCalls says of an agent that takes no calls that it does not", async () => {
  await using stage = new Stage();
  await stage.add("a:1");
  const report = await stage.keeper({ task: { converse: () => Promise.resolve() } }).pass();
  assertEquals(report.agents[0]?.outcome, { kind: "failed", code: "calls-unknown" });
});

Deno.test("talkByCalls fails a contact with what the task throws, and ends the session in order", async () => {
  await using stage = new Stage();
  await stage.add("a:1", await FakeAgent.make(CALLS));
  const converse: CallTask = async (desk) => void await desk.call("other");
  const report = await stage.keeper({ task: { converse } }).pass();
  assertEquals(report.agents[0]?.outcome, { kind: "failed", code: "unknown-action" });
});

Deno.test("talkByCalls calls those behind a primary over the session with it, side by side", async () => {
  await withPrimary([], async ({ stage, primary }) => {
    for (const name of ["db", "web"]) await primary.add(name, CALLS);
    const all = createDeferred<void>();
    const called = new Set<string | null>();
    const converse: CallTask = async (desk, { agent: { component } }) => {
      if (component !== "agent") {
        assertEquals(await desk.call("echo", { input: component }), component);
      }
      called.add(component);
      if (called.size === 3) all.resolve();
      await all.promise;
    };
    const report = await stage.keeper({ task: { converse }, concurrency: 8 }).pass();
    assertEquals(kindsOf(report), { "p:1": "called", "p:1/db": "called", "p:1/web": "called" });
    assertEquals(stage.network.dialled, ["p:1"]);
    assert(primary.agent.revisions.length === 0);
  });
});

Deno.test("talkByCalls gives a call the time that it takes, of a primary behind which all are done, too", async () => {
  await withPrimary([], async ({ stage, primary }) => {
    await primary.add("db", CALLS);
    const done = createDeferred<void>();
    const converse: CallTask = async (_desk, { agent: { component } }) => {
      if (component === "db") return done.resolve();
      await done.promise;
      await new Promise((r) => setTimeout(r, 5_100));
    };
    const keeper = stage.keeper({ task: { converse }, limits: { baseTimeMs: 5_000 } });
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "called", "p:1/db": "called" });
  });
});
