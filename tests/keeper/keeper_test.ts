import { setImmediate as nextTurn } from "node:timers/promises";
import { isPassWanted } from "../../keeper/report/report.ts";
import { parseWires } from "../../keeper/contact/wire.ts";
import { FluxVaultError, randomBytes, StorageError } from "../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { declared, FakeAgent, FakeNode, memoryView, playedNode } from "../support/fake_fleet.ts";
import { COLLISION } from "../support/original_peers.ts";
import { kindOf, kindsOf, RunningKeeper, Stage } from "./keeper_stage.ts";

const API_DOWN = new FluxVaultError("api-unreachable", "no answer");

Deno.test("Keeper.pass brings every agent to hold what the vault holds", async () => {
  await using stage = new Stage();
  const agents = await Promise.all(["x:1", "y:1", "z:1"].map((address) => stage.add(address)));
  const report = await stage.keeper().pass();
  assertEquals(kindsOf(report), { "x:1": "delivered", "y:1": "delivered", "z:1": "delivered" });
  for (const { store } of agents) {
    assertEquals(store.read("b"), new TextEncoder().encode("beta"));
  }
  assert(isPassWanted(report) && report.isWhole && report.pass === 1);
});

Deno.test("Keeper.pass has nothing to send the second time", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper();
  await keeper.pass();
  const [agent] = (await keeper.pass()).agents;
  assert(agent?.outcome.kind === "delivered");
  assertEquals([agent.outcome.contentBytes, agent.failures], [0, 0]);
  assert(agent.outcome.files.every(({ outcome }) => outcome === "unchanged"));
});

Deno.test("Keeper.pass refuses another key at an address it knows, and says which", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper();
  await keeper.pass();
  const impostor = await stage.add("x:1");
  const report = await keeper.pass();
  assertEquals(kindsOf(report), { "x:1": "identity-changed" });
  assertEquals(impostor.store.read("a"), undefined);
  assertEquals(
    (await stage.store.load()).pending.map(({ fingerprint, reason }) => {
      return [fingerprint, reason];
    }),
    [[report.agents[0]?.fingerprint, "changed"]],
  );
});

Deno.test("Keeper.pass serves the new key once the operator approved it", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper();
  await keeper.pass();
  await stage.add("x:1");
  await keeper.pass();
  await stage.approveAll();
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "delivered" });
  assertEquals((await stage.store.load()).agents.length, 1);
});

Deno.test("Keeper.pass refuses a relay and serves the agent behind it", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  const keeper = stage.keeper({ concurrency: 1 });
  await keeper.pass();
  stage.network.set("relay:1", agent.serve);
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "delivered", "relay:1": "relay-suspected" });
});

Deno.test("Keeper.pass holds both of two clones", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  const { identity } = agent;
  const keeper = stage.keeper({ concurrency: 1 });
  await keeper.pass();
  await stage.add("y:1", await FakeAgent.make({ identity, instance: randomBytes(16) }));
  assertEquals(kindsOf(await keeper.pass())["y:1"], "clone-suspected");
  assertEquals(kindsOf(await keeper.pass()), {
    "x:1": "clone-suspected",
    "y:1": "clone-suspected",
  });
});

Deno.test("Keeper.pass serves a clone's original again, two polling intervals after the clone ended", async () => {
  await using stage = new Stage();
  const { identity } = await stage.add("x:1");
  const keeper = stage.keeper({ pollingIntervalMs: 1_000 });
  await keeper.pass();
  await stage.add("y:1", await FakeAgent.make({ identity, instance: randomBytes(16) }));
  await keeper.pass();
  stage.network.behaviours.delete("y:1");
  stage.clock.advance(1_999);
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "clone-suspected" });
  stage.clock.advance(1);
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "delivered" });
});

Deno.test("Keeper.pass gives first-use places to no more agents than there are", async () => {
  await using stage = new Stage();
  for (const address of ["x:1", "y:1", "z:1"]) await stage.add(address);
  const report = await stage.keeper({ firstUseLimit: 2 }).pass();
  const kinds = report.agents.map(kindOf).sort();
  assertEquals(kinds, ["delivered", "delivered", "pending"]);
});

Deno.test("Keeper.pass serves the last list where there is no other, and says so", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper();
  await keeper.pass();
  stage.listing = () => API_DOWN;
  const report = await keeper.pass();
  assertEquals(kindsOf(report), { "x:1": "delivered" });
  assertEquals(report.problems.map(({ code }) => code), ["api-unreachable"]);
  assert(!isPassWanted(report));
});

Deno.test("Keeper.pass fails where there never was a list", async () => {
  await using stage = new Stage();
  stage.listing = () => API_DOWN;
  await assertRejects(() => stage.keeper().pass(), FluxVaultError, "api-unreachable");
});

Deno.test("Keeper.pass fails where the vault cannot be read", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  stage.view = () => Promise.reject(new StorageError("file-missing", "no vault"));
  await assertRejects(() => stage.keeper().pass(), StorageError, "file-missing");
  assertEquals(stage.network.dialled, []);
});

Deno.test("Keeper.pass delivers a change of equal checksum to a node of the original", async () => {
  await using stage = new Stage();
  const node = new FakeNode(["a"]);
  stage.network.set("n:1", node.serve);
  const wires = parseWires(["original"]);
  const keeper = stage.keeper({ wires, declarations: declared("a") });
  for (const text of COLLISION) {
    stage.view = () => memoryView({ a: text });
    assert(isPassWanted(await keeper.pass()));
    assertEquals(node.store.read("a"), new TextEncoder().encode(text));
  }
});

Deno.test("Keeper.pass serves an agent while nodes of the original hang and lie", async () => {
  await using stage = new Stage();
  const served = Promise.withResolvers<void>();
  const hang = playedNode(({ link }) => served.promise.then(() => link.close()));
  stage.network.set("hang:1", hang);
  stage.network.set("lie:1", playedNode(({ link }) => link.write(new Uint8Array(9))));
  const good = await FakeAgent.make();
  stage.network.set("good:1", (duplex) => good.serve(duplex).finally(served.resolve));
  const report = await stage.keeper({ wires: parseWires(["original", "good=2"]) }).pass();
  assertEquals(report.agents.map(kindOf), ["delivered", "failed", "failed"]);
});

Deno.test("Keeper.pass says that it cannot keep what nodes of the original hold", async () => {
  await using stage = new Stage();
  stage.network.set("n:1", new FakeNode(["a", "b"]).serve);
  const merge = () => Promise.reject(new StorageError("disk-full", "no space is left"));
  const deliveries = { load: () => Promise.resolve(new Map()), merge };
  const report = await stage.keeper({ wires: parseWires(["original"]), deliveries }).pass();
  assertEquals([kindsOf(report), report.problems[0]?.code], [{ "n:1": "delivered" }, "disk-full"]);
});

Deno.test("Keeper.pass ends with the reason of its signal, in the middle of everything", async () => {
  await using stage = new Stage();
  const controller = new AbortController();
  const stopped = Promise.withResolvers<void>();
  stage.network.set("x:1", () => {
    controller.abort(new DOMException("stop", "AbortError"));
    return stopped.promise;
  });
  await assertRejects(() => stage.keeper().pass({ signal: controller.signal }), DOMException);
  stopped.resolve();
});

Deno.test("Keeper.pass gives no more places than the app has instances, and none before it knows", async () => {
  await using stage = new Stage();
  const options = { instances: null as number | null };
  for (const address of ["x:1", "y:1", "z:1"]) await stage.add(address);
  const keeper = stage.keeper({ fleet: stage.fleet(options), firstUseLimit: undefined });
  assertEquals((await keeper.pass()).agents.map(kindOf), ["pending", "pending", "pending"]);
  options.instances = 2;
  const kinds = (await keeper.pass()).agents.map(kindOf);
  assertEquals(kinds.sort(), ["delivered", "delivered", "pending"]);
});

Deno.test("Keeper.pass gives no place to an agent whose address leaves the list meanwhile", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const rogue = await FakeAgent.make();
  const keeper = stage.keeper();
  stage.network.set("rogue:1", async (duplex) => {
    stage.listing = () => stage.network.addresses.filter(({ host }) => host !== "rogue");
    await keeper.pass();
    await rogue.serve(duplex);
  });
  const report = await keeper.pass();
  assertEquals(report.agents.find(({ address }) => address === "rogue:1")?.outcome, {
    kind: "pending",
    reason: "not-listed",
  });
  assertEquals((await stage.store.load()).agents.map(({ address }) => address), ["x:1"]);
});

Deno.test("Keeper.passDue serves whom the operator let in", async () => {
  await using stage = new Stage();
  for (const address of ["x:1", "y:1"]) await stage.add(address);
  const keeper = stage.keeper({ trust: "approve" });
  await keeper.pass();
  await stage.approveAll();
  await keeper.noticeDecisions();
  const report = await keeper.passDue();
  assertEquals([kindsOf(report), report.isWhole], [
    { "x:1": "delivered", "y:1": "delivered" },
    false,
  ]);
  assertEquals((await keeper.passDue()).agents, []);
});

Deno.test("Keeper.pass leaves alone an agent that a pass serves which began while another went on", async () => {
  await using stage = new Stage();
  const [hanging, blocked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const blocking = Promise.withResolvers<void>();
  stage.network.set("hang:1", (duplex) => hanging.promise.then(() => duplex.writable.close()));
  const agent = await FakeAgent.make();
  stage.network.set("x:1", async (duplex) => {
    await agent.serve(duplex);
    stage.network.set("x:1", (duplex) => {
      blocking.resolve();
      return blocked.promise.then(() => agent.serve(duplex));
    });
  });
  const keeper = stage.keeper();
  const first = keeper.pass();
  let second = keeper.pass();
  // Its first contact ends at some time, and then a pass finds it idle.
  while (await Promise.race([second, blocking.promise]) !== undefined) {
    await nextTurn();
    second = keeper.pass();
  }
  hanging.resolve();
  await first;
  assertEquals((await keeper.pass()).agents.map(({ address }) => address), ["hang:1"]);
  blocked.resolve();
  assertEquals(kindsOf(await second)["x:1"], "delivered");
});

Deno.test("Keeper refuses first-use without a limit, and a concurrency below one", async () => {
  await using stage = new Stage();
  assertThrows(() => stage.keeper({ firstUseLimit: 0 }), RangeError);
  assertThrows(() => stage.keeper({ firstUseLimit: undefined }), RangeError);
  assertThrows(() => stage.keeper({ concurrency: 0 }), RangeError);
});

Deno.test("Keeper.run serves the fleet at each polling interval until it is stopped", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const running = new RunningKeeper(stage.keeper({ discoveryIntervalMs: 10_000_000 }));
  assertEquals(kindsOf(await running.next()), { "x:1": "delivered" });
  await stage.clock.untilDelayIs(300_000);
  stage.clock.advance(300_000);
  assertEquals((await running.next()).isWhole, true);
  const reason = await running.stop();
  assert(reason instanceof DOMException, String(reason));
});

Deno.test("Keeper.pass names the agents that another pass has in hand", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  await stage.add("y:1");
  const keeper = stage.keeper();
  const [first, second] = await Promise.all([keeper.pass(), keeper.pass()]);
  assertEquals([first.agents.length, first.elsewhere], [2, []]);
  assertEquals([second.agents.length, second.elsewhere], [0, ["x:1", "y:1"]]);
});

Deno.test("Keeper.run serves a new agent as soon as it is listed", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const running = new RunningKeeper(stage.keeper({ discoveryIntervalMs: 60_000 }));
  await running.next();
  await stage.add("y:1");
  await stage.clock.untilDelayIs(60_000);
  stage.clock.advance(60_000);
  const report = await running.next();
  assertEquals([kindsOf(report), report.isWhole], [{ "y:1": "delivered" }, false]);
  await running.stop();
});

Deno.test("Keeper.run tries an agent again after a pause that grows", async () => {
  await using stage = new Stage();
  stage.network.set("x:1", (duplex) => duplex.writable.close());
  const running = new RunningKeeper(stage.keeper());
  for (const pauseMs of [2_500, 5_000, 10_000]) {
    await running.next();
    await stage.clock.untilDelayIs(pauseMs);
    stage.clock.advance(pauseMs);
  }
  assertEquals((await running.next()).agents[0]?.failures, 4);
  await running.stop();
});

Deno.test("Keeper.run serves an agent soon after the operator approved it", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const running = new RunningKeeper(stage.keeper({ trust: "approve", discoveryIntervalMs: 1_000 }));
  assertEquals(kindsOf(await running.next()), { "x:1": "pending" });
  await stage.clock.untilDelayIs(1_000);
  await stage.approveAll();
  stage.clock.advance(1_000);
  assertEquals(kindsOf(await running.next()), { "x:1": "delivered" });
  await running.stop();
});

Deno.test("Keeper.run serves an agent at once that it is told was approved", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper({ trust: "approve", discoveryIntervalMs: 10_000_000 });
  const running = new RunningKeeper(keeper);
  assertEquals(kindsOf(await running.next()), { "x:1": "pending" });
  await stage.approveAll();
  await keeper.noticeDecisions();
  assertEquals(kindsOf(await running.next()), { "x:1": "delivered" });
  await running.stop();
});

const LEVELS = declared("a", ["b", "approved"]);

Deno.test("Keeper.run brings what was withheld once the agent is approved, and tries in vain before", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  const keeper = stage.keeper({ declarations: LEVELS, discoveryIntervalMs: 1_000 });
  const running = new RunningKeeper(keeper);
  assertEquals((await running.next()).agents[0]?.failures, 0);
  await stage.clock.untilDelayIs(1_000);
  await stage.approve(agent);
  stage.clock.advance(1_000);
  await running.next();
  assertEquals([agent.contacts, agent.store.paths().sort()], [2, ["a", "b"]]);
  await running.stop();
});

Deno.test("Keeper.run brings a change of the vault to those whom it concerns, at once", async () => {
  await using stage = new Stage();
  const all = declared("a", "b").all;
  const [a = [], rest = []] = [all.slice(0, 1), all.slice(1)];
  const of = (component: string | null) => component === "web" ? a : rest;
  for (const component of ["web", "db"]) {
    await stage.add(`${component}:1`, await FakeAgent.make({ component }));
  }
  const keeper = stage.keeper({
    declarations: { all, hooks: [], of },
    discoveryIntervalMs: 10_000_000,
  });
  const running = new RunningKeeper(keeper);
  await running.next();
  assertEquals(await keeper.noticeVault(), 0);
  stage.view = () => memoryView({ a: "omega", b: "beta" });
  assertEquals(await keeper.noticeVault(), 1);
  const report = await running.next();
  assertEquals([kindsOf(report), report.isWhole], [{ "web:1": "delivered" }, false]);
  assertEquals(await keeper.noticeVault(), 0);
  await running.stop();
});

Deno.test("Keeper.run reports what is wrong and goes on", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const { view } = stage;
  stage.listing = () => API_DOWN;
  const running = new RunningKeeper(stage.keeper({ discoveryIntervalMs: 1_000 }));
  assertEquals((await running.next()).problems.map(({ code }) => code), ["api-unreachable"]);
  stage.listing = null;
  stage.view = () => Promise.reject(new StorageError("file-missing", "no vault"));
  await stage.clock.untilDelayIs(1_000);
  stage.clock.advance(1_000);
  assertEquals((await running.next()).problems.map(({ code }) => code), ["file-missing"]);
  stage.view = view;
  await stage.clock.untilDelayIs(1_000);
  stage.clock.advance(300_000);
  assertEquals(kindsOf(await running.next()), { "x:1": "delivered" });
  await running.stop();
});
