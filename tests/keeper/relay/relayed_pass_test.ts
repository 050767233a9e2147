import { setImmediate as nextTurn } from "node:timers/promises";
import { explainRelayFault } from "../../../keeper/relay/relayed_pass.ts";
import { isPassWanted } from "../../../keeper/report/report.ts";
import type { Keeper } from "../../../keeper/keeper.ts";
import type { KeeperOptions } from "../../../keeper/keeper_options.ts";
import {
  CallError,
  ConnectionError,
  createDeferred,
  FluxVaultError,
  PeerRejectedError,
  randomBytes,
} from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeAgent } from "../../support/fake_fleet.ts";
import { PlayedPrimary } from "../../support/played_primary.ts";
import { withPrimary } from "../../support/primary_stage.ts";
import { kindsOf } from "../keeper_stage.ts";

const BETA = new TextEncoder().encode("beta");

Deno.test("RelayedPass serves the agents behind a primary in one pass over one connection", async () => {
  await withPrimary(["db", "web"], async ({ stage, primary, agents }) => {
    const report = await stage.keeper().pass();
    assertEquals(kindsOf(report), {
      "p:1": "delivered",
      "p:1/db": "delivered",
      "p:1/web": "delivered",
    });
    assert(isPassWanted(report));
    assertEquals(stage.network.dialled, ["p:1"]);
    for (const { store } of [primary.agent, ...agents]) assertEquals(store.read("b"), BETA);
    const known = (await stage.store.load()).agents;
    assertEquals(known.map(({ address, component }) => [address, component]).sort(), [
      ["p:1", "agent"],
      ["p:1/db", "db"],
      ["p:1/web", "web"],
    ]);
  });
});

Deno.test("RelayedPass has nobody wait for a place that the primary holds", async () => {
  for (const isOpen of [false, true]) {
    await withPrimary(["db", "web"], async ({ stage }) => {
      const fleet = stage.fleet({ isOpen });
      const report = await stage.keeper({ fleet, concurrency: 1 }).pass();
      assert(isPassWanted(report) && report.agents.length === 3);
    });
  }
});

Deno.test("RelayedPass relays nothing by a primary that nobody approved", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const keeper = stage.keeper({ trust: "approve" });
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "pending" });
    assertEquals([primary.lists, primary.relayed], [0, []]);
    await stage.approve(primary.agent);
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "delivered", "p:1/db": "pending" });
    await stage.approveAll();
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "delivered", "p:1/db": "delivered" });
  });
});

Deno.test("RelayedPass asks nobody who does not say that he relays", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    assertEquals(kindsOf(await stage.keeper().pass()), { "p:1": "delivered" });
    assertEquals(primary.lists, 0);
  }, { relays: false });
});

Deno.test("RelayedPass costs neither the primary nor the others an agent that hangs or dies", async () => {
  await withPrimary(["web"], async ({ stage, primary, agents }) => {
    const stopped = Promise.withResolvers<void>();
    primary.behind.set("hang", () => stopped.promise);
    primary.behind.set("die", (duplex) => duplex.writable.abort());
    primary.behind.set("mute", (duplex) => duplex.writable.close());
    const report = await stage.keeper({ limits: { baseTimeMs: 5_000 } }).pass();
    stopped.resolve();
    assertEquals(kindsOf(report), {
      "p:1": "delivered",
      "p:1/die": "failed",
      "p:1/hang": "failed",
      "p:1/mute": "failed",
      "p:1/web": "delivered",
    });
    assertEquals(agents[0]?.store.read("b"), BETA);
    const [hang] = report.agents.filter(({ address }) => address === "p:1/hang");
    assertEquals(hang?.outcome, { kind: "failed", code: "timed-out" });
    const [first] = report.agents;
    // What a primary waits for those behind it is not its own time.
    assert(first !== undefined && first.durationMs < 5_000, String(first?.durationMs));
  });
});

Deno.test("RelayedPass gives nothing by way of a primary that tampers", async () => {
  const change = (bytes: Uint8Array, direction: "forth" | "back") => {
    // What is sealed begins behind the opening lines.
    if (direction === "back" && bytes[0] !== 0x7b) bytes[bytes.length - 1] = 0;
    return bytes;
  };
  await withPrimary(["db"], async ({ stage, agents: [db] }) => {
    assertEquals(kindsOf(await stage.keeper().pass()), {
      "p:1": "delivered",
      "p:1/db": "failed",
    });
    assertEquals(db?.store.read("a"), undefined);
  }, { change });
});

Deno.test("RelayedPass notices a primary that leads to another agent than it says", async () => {
  await withPrimary(["db", "web"], async ({ stage, agents: [db, web] }) => {
    const report = await stage.keeper().pass();
    assertEquals(kindsOf(report), {
      "p:1": "delivered",
      "p:1/db": "component-mismatch",
      "p:1/web": "delivered",
    });
    assertEquals([db?.contacts, web?.contacts], [0, 2]);
    const { agents, pending } = await stage.store.load();
    assertEquals([agents.map(({ address }) => address).sort(), pending], [["p:1", "p:1/web"], []]);
  }, { leadTo: () => "web" });
});

Deno.test("RelayedPass takes an agent that a primary puts in the place of a known one for another", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const keeper = stage.keeper();
    assert(isPassWanted(await keeper.pass()));
    const impostor = await primary.add("db");
    assertEquals(kindsOf(await keeper.pass()), {
      "p:1": "delivered",
      "p:1/db": "identity-changed",
    });
    assertEquals(impostor.store.read("a"), undefined);
  });
});

Deno.test("RelayedPass takes the key of one component for no other component's", async () => {
  await withPrimary(["db"], async ({ stage, primary, agents: [db] }) => {
    const keeper = stage.keeper();
    assert(isPassWanted(await keeper.pass()) && db !== undefined);
    const { identity, instance } = db;
    const liar = await primary.add("web", { identity, instance });
    assertEquals(kindsOf(await keeper.pass())["p:1/web"], "identity-mismatch");
    assertEquals(liar.store.read("a"), undefined);
  });
});

Deno.test("RelayedPass leaves out what a primary cannot list, and says so", async () => {
  const list = (components: readonly string[]) => [
    ...components.map((Component) => ({ Component })),
    ...[null, { Component: "../etc" }, { Component: "agent" }, { Component: "DB" }],
  ];
  await withPrimary(["db"], async ({ stage }) => {
    const report = await stage.keeper().pass();
    assertEquals(kindsOf(report), { "p:1": "delivered", "p:1/db": "delivered" });
    assertEquals(report.problems.map(({ code }) => code), ["relay-list-malformed"]);
    assert(!isPassWanted(report));
  }, { list });
});

Deno.test("RelayedPass says so where a primary gives no list, and serves it all the same", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    const report = await stage.keeper().pass();
    assertEquals(kindsOf(report), { "p:1": "delivered" });
    assertEquals(report.problems.map(({ code }) => code), ["relay-failed"]);
    assertEquals(primary.relayed, []);
  }, { list: () => "nonsense" });
});

Deno.test("RelayedPass serves no more agents behind a primary than it may list", async () => {
  const list = () => Array.from({ length: 500 }, (_, i) => ({ Component: `c${i}` }));
  await withPrimary(["c0"], async ({ stage, primary }) => {
    const report = await stage.keeper().pass();
    assertEquals([report.agents.length, primary.relayed.length], [65, 64]);
    assertEquals(kindsOf(report)["p:1/c0"], "delivered");
    assertEquals(kindsOf(report)["p:1/c1"], "unreachable");
  }, { list });
});

Deno.test("RelayedPass drops an agent that is listed no more", async () => {
  await withPrimary(["db", "web"], async ({ stage, primary }) => {
    const keeper = stage.keeper();
    await keeper.pass();
    primary.behind.delete("db");
    assertEquals(kindsOf(await keeper.pass()), { "p:1": "delivered", "p:1/web": "delivered" });
    const again = await primary.add("db", { identity: (await FakeAgent.make()).identity });
    assertEquals(kindsOf(await keeper.pass())["p:1/db"], "identity-changed");
    assertEquals(again.contacts, 1);
  });
});

Deno.test("RelayedPass serves two processes with one key behind a primary as it does elsewhere", async () => {
  await withPrimary(["db"], async ({ stage, primary, agents: [db] }) => {
    const keeper = stage.keeper({ concurrency: 1 });
    assert(isPassWanted(await keeper.pass()) && db !== undefined);
    const { identity } = db;
    const clone = await FakeAgent.make({ component: "db", identity, instance: randomBytes(16) });
    await using other = await PlayedPrimary.make();
    other.behind.set("db", clone.serve);
    await stage.add("q:1", other.agent);
    assertEquals(kindsOf(await keeper.pass()), {
      "p:1": "delivered",
      "p:1/db": "delivered",
      "q:1": "delivered",
      "q:1/db": "clone-suspected",
    });
    assertEquals(clone.store.read("a"), undefined);
    assertEquals(primary.relayed, ["db", "db"]);
  });
});

Deno.test("RelayedPass takes one process behind a primary and elsewhere for a relay", async () => {
  await withPrimary(["db"], async ({ stage, agents: [db] }) => {
    const keeper = stage.keeper();
    assert(isPassWanted(await keeper.pass()) && db !== undefined);
    stage.network.set("d:1", db.serve);
    assertEquals(kindsOf(await keeper.pass()), {
      "d:1": "relay-suspected",
      "p:1": "delivered",
      "p:1/db": "delivered",
    });
  });
});

/**
 * Makes a pass, and returns how many behind the primary were served at a time at the most.
 *
 * @param wanted How many there should be: none is let go before so many are held, or nobody is to come.
 */
async function countAtOnce(
  keeper: Keeper,
  { behind }: PlayedPrimary,
  wanted: number,
): Promise<number> {
  let [most, came] = [0, 0];
  const held = new Set<() => void>();
  const honest = new Map(behind);
  // Agents that say nothing yet cannot have ended: whoever is held, is served.
  const release = async () => {
    const deadlineMs = performance.now() + 20_000;
    while (held.size < wanted && came < honest.size && performance.now() < deadlineMs) {
      await nextTurn();
    }
    // Whoever is one too many comes now.
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    for (const go of held) go();
    held.clear();
  };
  for (const [component, serve] of honest) {
    behind.set(component, async (duplex) => {
      const { promise, resolve } = createDeferred<void>();
      held.add(resolve);
      came++;
      most = Math.max(most, held.size);
      if (held.size === 1) void release();
      await promise;
      return await serve(duplex);
    });
  }
  assert(isPassWanted(await keeper.pass()));
  for (const [component, serve] of honest) behind.set(component, serve);
  return most;
}

Deno.test("RelayedPass serves no more agents at a time than a keeper may, those behind primaries too", async () => {
  await withPrimary(["a", "b", "c", "d", "e"], async ({ stage, primary }) => {
    const keeper = stage.keeper({ concurrency: 2 });
    await keeper.pass();
    assertEquals(await countAtOnce(keeper, primary, 2), 2);
  });
});

Deno.test("RelayedPass leaves most places to others where a primary lists ever new agents", async () => {
  await withPrimary(["a", "b", "c", "d", "e"], async ({ stage, primary }) => {
    const keeper = stage.keeper({ concurrency: 8 });
    assertEquals(await countAtOnce(keeper, primary, 2), 2);
    assertEquals(await countAtOnce(keeper, primary, 5), 5);
  });
});

Deno.test("RelayedPass serves agents behind a primary with an IPv6 address", async () => {
  await withPrimary(["db"], async ({ stage, primary }) => {
    stage.network.behaviours.delete("p:1");
    stage.network.set("[2001:db8::1]:8888", primary.agent.serve);
    stage.listing = () => [{ host: "2001:db8::1", port: 8888 }];
    for (const keeper of [stage.keeper(), stage.keeper()]) {
      assertEquals(kindsOf(await keeper.pass()), {
        "[2001:db8::1]:8888": "delivered",
        "[2001:db8::1]:8888/db": "delivered",
      });
    }
  });
});

Deno.test("RelayedPass counts agents behind a primary among the first-use places", async () => {
  await withPrimary(["db", "web"], async ({ stage }) => {
    const report = await stage.keeper({ firstUseLimit: 2 }).pass();
    const reasons = report.agents.flatMap(({ outcome }) => {
      return outcome.kind === "pending" ? outcome.reason : [];
    });
    assertEquals([kindsOf(report)["p:1"], reasons], ["delivered", ["places-taken"]]);
  });
  await withPrimary(["db"], async ({ stage }) => {
    const fleet = stage.fleet({ instances: 3 });
    const report = await stage.keeper({ fleet, firstUseLimit: undefined }).pass();
    assertEquals(report.agents.map(({ outcome }) => outcome)[1], {
      kind: "pending",
      reason: "places-unknown",
    });
  });
});

Deno.test("RelayedPass reaches under TLS who asks for it, and nobody else", async () => {
  const list = (components: readonly string[]) =>
    components.map((Component) => ({ Component, Tls: Component === "db" }));
  await withPrimary(["db", "web"], async ({ stage, agents: [db] }) => {
    const report = await stage.keeper().pass();
    const [, hidden] = report.agents;
    assertEquals(hidden?.outcome, { kind: "unreachable", code: "tls-unknown" });
    assertEquals(kindsOf(report)["p:1/web"], "delivered");
    assertEquals(db?.store.read("a"), undefined);
    const secured: string[] = [];
    const secure: KeeperOptions["secure"] = (connection, { component }) => {
      secured.push(component);
      return Promise.resolve(connection);
    };
    assert(isPassWanted(await stage.keeper({ secure }).pass()));
    assertEquals(secured, ["db"]);
    const refuse = () => Promise.reject(new ConnectionError("connection-lost", "no certificate"));
    const refused = await stage.keeper({ secure: refuse }).pass();
    assertEquals(refused.agents[1]?.outcome, { kind: "unreachable", code: "connection-lost" });
  }, { list });
});

Deno.test("RelayedPass waits for none that leaves its primary's list before its turn", async () => {
  await withPrimary(["a", "b"], async ({ stage, primary, agents: [a, b] }) => {
    const keeper = stage.keeper({ concurrency: 1 });
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const serve = primary.behind.get("a");
    assert(serve !== undefined);
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    primary.behind.set("a", async (duplex) => {
      begin();
      await held;
      return await serve(duplex);
    });
    const passing = keeper.pass();
    await begun;
    // The fleet does without the primary by now, and so without who waits behind it.
    stage.listing = () => [{ host: "q", port: 1 }];
    const other = keeper.pass();
    await nextTurn();
    letGo();
    // Who was let go on found no place any more.
    assertEquals(kindsOf(await passing), { "p:1": "delivered", "p:1/a": "pending" });
    assertEquals(kindsOf(await other), { "q:1": "unreachable" });
    assertEquals([a?.contacts, b?.contacts], [1, 0]);
  });
});

const REFUSED = new ConnectionError("connection-refused", "nobody");
const FAULTS: readonly (readonly [FluxVaultError, boolean, string])[] = [
  [REFUSED, false, "primary-unreachable"],
  [REFUSED, true, "primary-failed"],
  [new PeerRejectedError("relay-suspected", "no", { by: "us" }), true, "primary-untrusted"],
  [new PeerRejectedError("relay-suspected", "no", { by: "peer" }), true, "primary-refuses"],
  [new CallError("relay-busy", "no"), true, "relay-failed"],
  [new FluxVaultError("relay-unknown", "no"), true, "relay-unknown"],
];

for (const [error, isConnected, expected] of FAULTS) {
  const where = isConnected ? "in a session" : "before there is one";
  Deno.test(`explainRelayFault says ${expected} of ${error.name} ${error.code} ${where}`, () => {
    const fault = explainRelayFault("p:1", { error, isConnected });
    assert(fault instanceof FluxVaultError && !(fault instanceof PeerRejectedError));
    assertEquals(fault.code, expected);
  });
}
