import { FIRST_RETRY_MS, RELIST_AFTER_MS } from "../../../keeper/limits.ts";
import { agreementOf } from "../../../keeper/plan/agreed_plan.ts";
import { isPassWanted } from "../../../keeper/report/report.ts";
import { KnownAgentsDraft } from "../../../keeper/trust/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type Behaviour, FakeAgent, memoryView } from "../../support/fake_fleet.ts";
import { PlayedPrimary } from "../../support/played_primary.ts";
import { withPrimary } from "../../support/primary_stage.ts";
import { FILES, kindsOf, RunningKeeper } from "../keeper_stage.ts";

const die: Behaviour = (duplex) => duplex.writable.abort();

Deno.test("relayAlone retries an agent alone, by a session that delivers nothing to the primary", async () => {
  await withPrimary(["db"], async ({ stage, primary, agents: [db] }) => {
    assert(db !== undefined);
    primary.behind.set("db", die);
    const keeper = stage.keeper();
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "delivered", "p:1/db": "failed" });
    for (let failures = 1; failures <= 2; failures++) {
      stage.clock.advance(FIRST_RETRY_MS * 2 ** (failures - 1) / 2 - 1);
      assertEquals((await keeper.passDue()).agents, []);
      stage.clock.advance(1);
      const [agent] = (await keeper.passDue()).agents;
      assertEquals([agent?.address, agent?.failures], ["p:1/db", failures + 1]);
    }
    primary.behind.set("db", db.serve);
    stage.clock.advance(FIRST_RETRY_MS * 4 / 2);
    assertEquals(kindsOf(await keeper.passDue()), { "p:1/db": "delivered" });
    assertEquals(stage.network.dialled, Array.from({ length: 4 }, () => "p:1"));
    assertEquals(primary.agent.revisions.length, 1);
    assertEquals(db.store.read("b"), new TextEncoder().encode("beta"));
  });
});

Deno.test("relayAlone shares one session among all who are due behind a primary", async () => {
  await withPrimary(["a", "b", "c"], async ({ stage, primary }) => {
    const served = new Map(primary.behind);
    for (const name of primary.behind.keys()) primary.behind.set(name, die);
    const keeper = stage.keeper();
    await keeper.pass();
    for (const [name, behaviour] of served) primary.behind.set(name, behaviour);
    stage.clock.advance(FIRST_RETRY_MS);
    stage.network.dialled.length = 0;
    const report = await keeper.passDue();
    assertEquals(report.agents.map(({ address }) => address), ["p:1/a", "p:1/b", "p:1/c"]);
    assert(isPassWanted(report));
    assertEquals(stage.network.dialled, ["p:1"]);
  });
});

Deno.test("relayAlone does not hold up the end of a delivery for those who failed before", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const stopped = Promise.withResolvers<void>();
    primary.behind.set("db", () => stopped.promise);
    const ended: string[] = [];
    const keeper = stage.keeper({
      limits: { baseTimeMs: 4_000 },
      onContact: ({ address }) => ended.push(address),
    });
    await keeper.pass();
    assertEquals(ended, ["p:1/db", "p:1"]);
    ended.length = 0;
    await keeper.pass();
    stopped.resolve();
    assertEquals(ended, ["p:1", "p:1/db"]);
  });
});

Deno.test("relayAlone serves those behind a primary that refuses its own delivery", async () => {
  await withPrimary(["db"], async ({ stage, agents: [db] }) => {
    const report = await stage.keeper().pass();
    assertEquals(kindsOf(report), { "p:1": "manifest-stale", "p:1/db": "delivered" });
    assertEquals(db?.store.read("b"), new TextEncoder().encode("beta"));
  }, { refusal: "manifest-stale" });
});

Deno.test("relayAlone says of all who are behind a primary that it cannot be reached", async () => {
  await withPrimary(["db", "web"], async ({ stage }) => {
    const keeper = stage.keeper();
    await keeper.pass();
    stage.network.behaviours.delete("p:1");
    stage.listing = () => [{ host: "p", port: 1 }];
    stage.network.dialled.length = 0;
    const report = await keeper.pass();
    assertEquals(report.agents.map(({ address, outcome }) => [address, outcome]), [
      ["p:1", { kind: "unreachable", code: "connection-refused" }],
      ["p:1/db", { kind: "unreachable", code: "primary-unreachable" }],
      ["p:1/web", { kind: "unreachable", code: "primary-unreachable" }],
    ]);
    assertEquals(stage.network.dialled, ["p:1"]);
    stage.clock.advance(FIRST_RETRY_MS);
    assertEquals((await keeper.passDue()).agents.length, 3);
    assertEquals(stage.network.dialled, ["p:1", "p:1"]);
  });
});

Deno.test("relayAlone knows after a restart who was behind a primary that is gone", async () => {
  await withPrimary(["db"], async ({ stage }) => {
    await stage.keeper().pass();
    stage.network.behaviours.delete("p:1");
    stage.listing = () => [{ host: "p", port: 1 }];
    const report = await stage.keeper().pass();
    assertEquals(kindsOf(report), { "p:1": "unreachable", "p:1/db": "unreachable" });
  });
});

Deno.test("relayAlone relays nothing by a primary whose key has changed", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const keeper = stage.keeper();
    await keeper.pass();
    await withPrimary(["db"], async ({ primary: impostor }) => {
      await stage.add("p:1", impostor.agent);
      const report = await keeper.pass();
      assertEquals(kindsOf(report), { "p:1": "identity-changed", "p:1/db": "unreachable" });
      assertEquals([impostor.lists, impostor.relayed], [0, []]);
      stage.clock.advance(FIRST_RETRY_MS);
      const [, db] = (await keeper.passDue()).agents;
      assertEquals(db?.outcome, { kind: "unreachable", code: "primary-untrusted" });
      assertEquals([impostor.lists, impostor.relayed], [0, []]);
    });
    assertEquals(primary.relayed, ["db"]);
  });
});

Deno.test("relayBeside looks soon for those who register after the first contact with a primary", async () => {
  await withPrimary([], async ({ stage, primary }) => {
    const keeper = stage.keeper();
    await keeper.pass();
    const db = await primary.add("db");
    stage.clock.advance(RELIST_AFTER_MS - 1);
    assertEquals((await keeper.passDue()).agents, []);
    stage.clock.advance(1);
    assertEquals(kindsOf(await keeper.passDue()), { "p:1": "delivered", "p:1/db": "delivered" });
    // The primary restarts, and knows nobody for a while.
    primary.behind.delete("db");
    await keeper.pass();
    primary.behind.set("db", db.serve);
    stage.clock.advance(RELIST_AFTER_MS);
    assertEquals(kindsOf(await keeper.passDue()), { "p:1": "delivered", "p:1/db": "delivered" });
  });
});

Deno.test("relayAlone brings what changed for one component to its agents alone, at once", async () => {
  await withPrimary(["db"], async ({ stage, primary, agents: [db] }) => {
    const keeper = stage.keeper({ trust: "approve" });
    await stage.approve(primary.agent);
    const running = new RunningKeeper(keeper);
    assertEquals(kindsOf(await running.next()), { "p:1": "delivered", "p:1/db": "pending" });
    assert(db !== undefined);
    await stage.approve(db);
    await keeper.noticeDecisions();
    assertEquals(kindsOf(await running.next()), { "p:1/db": "delivered" });
    await running.stop();
    assertEquals(primary.agent.revisions.length, 1);
  });
});

const onlyDb = { isMeant: (component: string | null) => component === "db" };

Deno.test("relayForUnmeant serves those that are meant behind a primary that is not", async () => {
  await withPrimary(["db", "web"], async ({ stage, primary, agents: [db, web] }) => {
    await stage.approve(primary.agent);
    assert(db !== undefined && web !== undefined);
    for (const isOnRecord of [false, true]) {
      const contacts: string[] = [];
      const keeper = stage.keeper({
        task: onlyDb,
        onContact: ({ address }) => contacts.push(address),
      });
      assertEquals(kindsOf(await keeper.pass()), { "p:1/db": "delivered" });
      assertEquals(contacts, ["p:1/db"], `on record: ${isOnRecord}`);
    }
    assertEquals([primary.agent.revisions.length, web.contacts], [0, 0]);
    assertEquals(db.store.read("b"), new TextEncoder().encode("beta"));
  });
});

Deno.test("relayForUnmeant relays nothing by a primary that nobody trusts, and has none wait", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const report = await stage.keeper({ task: onlyDb }).pass();
    assertEquals([report.agents, primary.lists], [[], 0]);
    const { agents, pending } = await stage.store.load();
    assertEquals([agents, pending], [[], []]);
  });
});

Deno.test("relayForUnmeant asks a primary behind which somebody is on record whether one is new there", async () => {
  await withPrimary(["web"], async ({ stage, primary }) => {
    await stage.add("d:1", await FakeAgent.make({ component: "db" }));
    await stage.keeper().pass();
    stage.network.dialled.length = 0;
    assertEquals(kindsOf(await stage.keeper({ task: onlyDb }).pass()), { "d:1": "delivered" });
    // The primary has somebody behind it on record: there may be a new one.
    assertEquals(stage.network.dialled.sort(), ["d:1", "p:1"]);
    assertEquals(primary.relayed, ["web"]);
  });
});

Deno.test("relayAlone serves those who were planned, and nobody else", async () => {
  await withPrimary(["db", "web"], async ({ stage, primary, agents: [, web] }) => {
    await stage.keeper().pass();
    const only = new Set(["p:1/db"]);
    assertEquals(kindsOf(await stage.keeper().pass({ only })), { "p:1/db": "delivered" });
    assertEquals([primary.agent.revisions.length, web?.contacts], [1, 1]);
    const both = new Set(["p:1", "p:1/web"]);
    assertEquals(kindsOf(await stage.keeper().pass({ only: both })), {
      "p:1": "delivered",
      "p:1/web": "delivered",
    });
  });
});

Deno.test("relayBeside asks agents behind a primary what they would do", async () => {
  await withPrimary(["db", "web"], async ({ stage, primary, agents: [db, web] }) => {
    assert(db !== undefined && web !== undefined);
    for (const agent of [primary.agent, db]) await stage.approve(agent);
    const knownAgents = new KnownAgentsDraft(stage.store);
    const task = { isPlan: true };
    const plan = await stage.keeper({ knownAgents, task, trust: "approve" }).pass();
    assertEquals(kindsOf(plan), { "p:1": "planned", "p:1/db": "planned", "p:1/web": "pending" });
    assertEquals(db.store.paths(), []);
    const agreement = agreementOf(plan);
    const only = new Set(["p:1", "p:1/db"]);
    const keeper = stage.keeper({ task: { agreement }, trust: "approve" });
    assertEquals(kindsOf(await keeper.pass({ only })), {
      "p:1": "delivered",
      "p:1/db": "delivered",
    });
    stage.view = () => memoryView({ ...FILES, a: "omega" });
    const late = stage.keeper({ task: { agreement }, trust: "approve" });
    assertEquals((await late.pass({ only })).agents.map(({ outcome }) => outcome), [
      { kind: "failed", code: "plan-outdated" },
      { kind: "failed", code: "plan-outdated" },
    ]);
  });
});

Deno.test("relayBeside has agents behind a primary remove all, too", async () => {
  await withPrimary(["db"], async ({ stage, primary, agents: [db] }) => {
    await stage.keeper().pass();
    assert(isPassWanted(await stage.keeper({ task: { isWipe: true }, trust: "pinned" }).pass()));
    assertEquals([primary.agent.store.paths(), db?.store.paths()], [[], []]);
  });
});

Deno.test("relayBeside lets agents behind a primary enrol", async () => {
  const enrolmentSecret = new Uint8Array(32).fill(7);
  await withPrimary([], async ({ stage, primary }) => {
    await primary.add("db", { enrolmentSecret });
    await primary.add("web", { enrolmentSecret: new Uint8Array(32).fill(8) });
    const report = await stage.keeper({ trust: "approve", enrolmentSecret }).pass();
    assertEquals(report.agents.map(({ address, trust }) => [address, trust]), [
      ["p:1", "enrolled"],
      ["p:1/db", "enrolled"],
      ["p:1/web", null],
    ]);
    assertEquals(kindsOf(report)["p:1/web"], "enrolment-invalid");
  }, { enrolmentSecret });
});

Deno.test("relayBeside follows a primary that has moved, and those behind it", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const keeper = stage.keeper();
    await keeper.pass();
    stage.network.behaviours.delete("p:1");
    stage.network.set("q:1", primary.agent.serve);
    stage.listing = () => [{ host: "p", port: 1 }, { host: "q", port: 1 }];
    assertEquals(kindsOf(await keeper.pass()), {
      "p:1": "unreachable",
      "p:1/db": "unreachable",
      "q:1": "delivered",
      "q:1/db": "delivered",
    });
    const { agents } = await stage.store.load();
    assertEquals(agents.map(({ address }) => address).sort(), ["q:1", "q:1/db"]);
  });
});

Deno.test("relayBeside asks nobody behind a primary whether others are behind him", async () => {
  await withPrimary([], async ({ stage, primary }) => {
    await using inner = await PlayedPrimary.make({ component: "db" });
    await inner.add("web");
    primary.behind.set("db", inner.agent.serve);
    assertEquals(kindsOf(await stage.keeper().pass()), {
      "p:1": "delivered",
      "p:1/db": "delivered",
    });
    assertEquals([inner.lists, inner.relayed], [0, []]);
  });
});

Deno.test("relayAlone is not kept busy by a primary that lists others each time", async () => {
  let lists = 0;
  await withPrimary([], async ({ stage }) => {
    const keeper = stage.keeper();
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "delivered", "p:1/n1": "unreachable" });
    for (let rounds = 0; rounds < 60; rounds++) {
      stage.clock.advance(RELIST_AFTER_MS / 6);
      // Whoever is due because of the last list makes for another one.
      for (let i = 0; i < 9; i++) await keeper.passDue();
    }
    assert(lists > 5 && lists <= 2 + 2 * 60 / 6, String(lists));
  }, { list: () => [{ Component: `n${++lists}` }] });
});
