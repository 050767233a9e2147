import { AgentConversation } from "../../../keeper/actions/agent_conversation.ts";
import type { CalledAgent } from "../../../keeper/contact/called_agent.ts";
import type { KeeperOptions } from "../../../keeper/keeper_options.ts";
import type { CallDesk } from "../../../protocol/calls/call_desk.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { FluxVaultError, PeerRejectedError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { ECHO } from "../../support/call_desks.ts";
import { FakeAgent } from "../../support/fake_fleet.ts";
import { withPrimary } from "../../support/primary_stage.ts";
import { Stage } from "../keeper_stage.ts";

const CALLS = { calls: { actions: [ECHO] } };

Deno.test("AgentConversation calls an agent that is trusted, and delivers nothing", async () => {
  await using stage = new Stage();
  const agent = await stage.add("a:1", await FakeAgent.make(CALLS));
  await stage.approve(agent);
  const keeper = stage.keeper({ trust: "approve" });
  const answer = await keeper.converse("a:1", async (desk, { level, address }) => {
    return [await desk.call("echo", { input: 7 }), level, address.host];
  });
  assertEquals(answer, [7, "approved", "a"]);
  assertEquals([agent.revisions, agent.store.paths()], [[], []]);
});

Deno.test("AgentConversation follows steps, each with the answer of the one before", async () => {
  await using stage = new Stage();
  const agent = await stage.add("a:1", await FakeAgent.make(CALLS));
  await stage.approve(agent);
  const keeper = stage.keeper({ trust: "approve" });
  const sum = await keeper.converse("a:1", async function* () {
    let sum = 0;
    for (const number of [1, 2, 3]) {
      sum = Number(yield { action: "echo", input: await Promise.resolve(sum + number) });
    }
    return sum;
  });
  assertEquals(sum, 6);
});

Deno.test("AgentConversation trusts nobody, and remembers nothing", async () => {
  await using stage = new Stage();
  await stage.add("a:1", await FakeAgent.make(CALLS));
  const keeper = stage.keeper();
  const before = JSON.stringify(await stage.store.load());
  await assertRejects(
    () => keeper.converse("a:1", () => Promise.resolve()),
    PeerRejectedError,
    "rejected",
  );
  assertEquals(JSON.stringify(await stage.store.load()), before);
});

Deno.test("AgentConversation throws what the work throws", async () => {
  await using stage = new Stage();
  await stage.approve(await stage.add("a:1", await FakeAgent.make(CALLS)));
  const keeper = stage.keeper({ trust: "approve" });
  const call = () => keeper.converse("a:1", (desk) => desk.call("other"));
  await assertRejects(call, CallError, "unknown-action");
  await assertRejects(
    () => keeper.converse("a:1", () => Promise.reject(new RangeError("mine"))),
    RangeError,
  );
});

Deno.test("AgentConversation says why it did not come about", async () => {
  await using stage = new Stage();
  await stage.approve(await stage.add("old:1"));
  const keeper = stage.keeper({ trust: "approve" });
  const nothing = () => Promise.resolve();
  await assertRejects(() => keeper.converse("old:1", nothing), FluxVaultError, "calls-unknown");
  await assertRejects(
    () => keeper.converse("gone:1", nothing),
    FluxVaultError,
    "connection-refused",
  );
});

Deno.test("AgentConversation reaches an agent behind a primary", async () => {
  await withPrimary([], async ({ stage, primary }) => {
    await primary.add("db", CALLS);
    const keeper = stage.keeper();
    await keeper.pass();
    const delivered = primary.agent.revisions.length;
    const call = await keeper.converse("p:1/db", async (desk, { component }) => {
      return [await desk.call("echo", { input: 1 }), component];
    });
    assertEquals(call, [1, "db"]);
    assertEquals(primary.agent.revisions.length, delivered);
  });
});

Deno.test("AgentConversation refuses what is no address", () => {
  const options = { fleet: { app: null } } as KeeperOptions;
  for (const address of ["", "a", "a:0", "a:1/", "a:1/b/c", "a:99999"]) {
    const talk = new AgentConversation(address, () => Promise.resolve());
    assertThrows(() => talk.optionsBy(options), TypeError);
  }
});

Deno.test("AgentConversation is not held twice where its session is opened again", async () => {
  let times = 0;
  const talk = new AgentConversation("a:1", () => Promise.resolve(++times));
  const { task } = talk.optionsBy({ fleet: { app: null } } as KeeperOptions);
  for (let i = 0; i < 2; i++) {
    await task?.converse?.({} as CallDesk, { agent: {} as CalledAgent, audit: null });
  }
  assertEquals(times, 1);
});
