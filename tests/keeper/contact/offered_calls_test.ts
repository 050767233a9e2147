import type { CalledAgent } from "../../../keeper/contact/called_agent.ts";
import { MAX_LOGGED_FAILURES } from "../../../keeper/contact/limits.ts";
import { CallError, type SessionCalls } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { ECHO } from "../../support/call_desks.ts";
import { FakeAgent } from "../../support/fake_fleet.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { kindsOf, Stage } from "../keeper_stage.ts";

/** A stage with one agent that has calls. */
async function staged(calls?: SessionCalls): Promise<Stage> {
  const stage = new Stage();
  const options = { component: "web", ...(calls === undefined ? {} : { calls }) };
  await stage.add("x:1", await FakeAgent.make(options));
  return stage;
}

Deno.test("callsOf lets a keeper's agents call what is offered to them, and be called", async () => {
  const told: unknown[] = [];
  await using stage = await staged({
    actions: [ECHO],
    work: async (desk) => void told.push(await desk.call("component")),
  });
  const agents: CalledAgent[] = [];
  const keeper = stage.keeper({
    calls: (agent) => {
      agents.push(agent);
      return {
        actions: [{ name: "component", run: () => Promise.resolve(agent.component) }],
        work: async (desk) => void told.push(await desk.call("echo", { input: agent.level })),
      };
    },
  });
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "delivered" });
  assertEquals(told.sort(), ["first-use", "web"]);
  const [agent] = agents;
  assert(agent !== undefined);
  const { origin, extendTime, fingerprint, ...rest } = agent;
  extendTime(1);
  assertEquals(rest, {
    address: { host: "x", port: 1 },
    app: null,
    component: "web",
    level: "first-use",
    isPlan: false,
  });
  assertEquals([origin.readiness.wants, fingerprint.length > 32], [["files", "calls"], true]);
});

Deno.test("callsOf says whether an agent is only asked what it would do", async () => {
  await using stage = await staged();
  await stage.keeper().pass();
  const plans: boolean[] = [];
  const keeper = stage.keeper({
    task: { isPlan: true },
    calls: ({ isPlan }) => {
      plans.push(isPlan);
      return null;
    },
  });
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "planned" });
  assertEquals(plans, [true]);
});

Deno.test("callsOf asks nobody what an agent may call that is not let in", async () => {
  await using stage = await staged();
  let isAsked = false;
  const keeper = stage.keeper({
    trust: "approve",
    calls: () => {
      isAsked = true;
      return null;
    },
  });
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "pending" });
  assertEquals(isAsked, false);
});

Deno.test("callsOf offers nothing where there is nothing to offer", async () => {
  const codes: string[] = [];
  const work: SessionCalls["work"] = async (desk) => {
    codes.push((await assertRejects(() => desk.call("component"), CallError)).code);
  };
  await using stage = await staged({ work });
  assertEquals(kindsOf(await stage.keeper().pass()), { "x:1": "delivered" });
  assertEquals(kindsOf(await stage.keeper({ calls: () => null }).pass()), { "x:1": "delivered" });
  assertEquals(codes, ["unknown-action", "unknown-action"]);
});

Deno.test("callsOf has no delivery suffer from what fails in calls", async () => {
  const logger = new MemoryLogger();
  await using stage = await staged({
    work: async (desk) => void await assertRejects(() => desk.call("fail"), CallError, "no-luck"),
  });
  const keeper = stage.keeper({
    logger,
    calls: () => ({
      actions: [{ name: "fail", run: () => Promise.reject(new CallError("no-luck", "sorry")) }],
      work: async (desk) => void await desk.call("sing"),
    }),
  });
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "delivered" });
  assertEquals(logger.messages("warn").sort(), [
    "What an agent called for has failed.",
    "What was asked of an agent has failed.",
  ]);
});

Deno.test("callsOf writes down no more of an agent that calls in vain on and on than it may", async () => {
  const logger = new MemoryLogger();
  const failures = 3 * MAX_LOGGED_FAILURES;
  await using stage = await staged({
    work: async (desk) => {
      for (let i = 0; i < failures; i++) await assertRejects(() => desk.call("fail"), CallError);
    },
  });
  let failed = 0;
  const keeper = stage.keeper({
    logger,
    calls: () => ({
      actions: [{ name: "fail", run: () => Promise.reject(new CallError("no-luck", "sorry")) }],
      onFailure: () => void failed++,
    }),
  });
  for (const passes of [1, 2]) {
    assertEquals(kindsOf(await keeper.pass()), { "x:1": "delivered" });
    const lines = logger.messages("warn").length;
    assertEquals([failed, lines], [passes * failures, passes * MAX_LOGGED_FAILURES]);
  }
});
