import { setImmediate as nextTurn } from "node:timers/promises";
import { FIRST_USE_EXPIRY_MS } from "../../../keeper/limits.ts";
import { parseWires } from "../../../keeper/contact/wire.ts";
import { isPassWanted } from "../../../keeper/report/report.ts";
import type { VaultView } from "../../../keeper/vault/vault.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { declared, FakeAgent, FakeNode, memoryView } from "../../support/fake_fleet.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { fixedRsaKeyPair } from "../../support/session_pair.ts";
import { FILES, kindOf, kindsOf, Stage } from "../keeper_stage.ts";

Deno.test("AgentService.serve serves the others while some hang, die and lie", async () => {
  await using stage = new Stage();
  const stopped = Promise.withResolvers<void>();
  for (let i = 0; i < 6; i++) stage.network.set(`hang${i}:1`, () => stopped.promise);
  stage.network.set("die:1", (duplex) => duplex.writable.abort());
  const good = await stage.add("good:1");
  // The key is made ahead, so that the time that each may take is spent on nothing else.
  await fixedRsaKeyPair();
  const report = await stage.keeper({ concurrency: 6, limits: { baseTimeMs: 4_000 } }).pass();
  stopped.resolve();
  assertEquals(kindsOf(report)["good:1"], "delivered");
  assertEquals(report.agents.filter((agent) => kindOf(agent) === "failed").length, 7);
  assertEquals(good.contacts, 1);
  assert(!isPassWanted(report));
});

Deno.test("AgentService.serve dials those that did well before those that did not", async () => {
  await using stage = new Stage();
  stage.network.set("bad:1", (duplex) => duplex.writable.close());
  await stage.add("good:1");
  const keeper = stage.keeper({ concurrency: 1 });
  await keeper.pass();
  stage.network.dialled.length = 0;
  await keeper.pass();
  assertEquals(stage.network.dialled, ["good:1", "bad:1"]);
});

Deno.test("AgentService.serve brings at once what changed under way", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  let looks = 0;
  stage.view = async () => {
    const view = await memoryView(looks++ === 0 ? FILES : { ...FILES, a: "omega" });
    if (looks > 1) return view;
    const [a] = view.contentsOf({ source: "a", symlinks: "refuse" }).items;
    return viewWith(view, async (file, from) => file === a ? null : await view.open(file, from));
  };
  const report = await stage.keeper().pass();
  assert(isPassWanted(report));
  assertEquals(agent.contacts, 2);
  assertEquals(agent.store.read("a"), new TextEncoder().encode("omega"));
  const [first] = report.agents;
  assert(first?.outcome.kind === "delivered");
  assertEquals(first.outcome.files.map(({ outcome }) => outcome), ["created", "created"]);
});

/** A view that opens its files otherwise. */
function viewWith(view: VaultView, open: VaultView["open"]): VaultView {
  return { contentsOf: (source) => view.contentsOf(source), open };
}

Deno.test("AgentService.serve does not chase a vault that changes all the time", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  stage.view = async () => viewWith(await memoryView(FILES), () => Promise.resolve(null));
  const report = await stage.keeper().pass();
  assertEquals([agent.contacts, isPassWanted(report)], [2, false]);
});

const LEVELS = declared("a", ["b", "approved"]);

Deno.test("AgentService.serve serves agents of two levels and writes the state once for all passes", async () => {
  await using stage = new Stage();
  const [low, high] = [await stage.add("x:1"), await stage.add("y:1")];
  const keeper = stage.keeper({ declarations: LEVELS });
  await keeper.pass();
  await stage.approve(high);
  await keeper.pass();
  const state = await stage.store.load();
  for (let i = 0; i < 3; i++) {
    stage.clock.advance(1_000);
    assert(!isPassWanted(await keeper.pass()));
  }
  assertEquals(await stage.store.load() === state, true);
  assertEquals([low.store.paths(), high.store.paths().sort()], [["a"], ["a", "b"]]);
  assertEquals(new Set(low.revisions).size, 1);
  const [before = 0, after = 0] = high.revisions;
  assertEquals(high.revisions, [before, after, after, after, after]);
  assert(after > before);
});

Deno.test("AgentService.serve offers an agent no lower revision, whatever changes and whatever the clock", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  const keeper = stage.keeper({ declarations: LEVELS });
  const steps = [
    () => stage.view = () => memoryView({ ...FILES, b: "1" }),
    () => stage.approve(agent),
    () => stage.view = () => memoryView({ ...FILES, a: "2" }),
  ];
  await keeper.pass();
  for (const step of steps) {
    stage.clock.advance(-60_000);
    await step();
    await keeper.pass();
  }
  const sorted = [...new Set(agent.revisions)].sort((a, b) => a - b);
  assertEquals([agent.revisions, sorted.length], [sorted, 4]);
});

Deno.test("AgentService.isBehind says so of what changed while an agent was served", async () => {
  await using stage = new Stage();
  const agent = await FakeAgent.make();
  const keeper = stage.keeper();
  stage.network.set("x:1", async (duplex) => {
    stage.view = () => memoryView({ ...FILES, a: "omega" });
    // It is served now, and due for what is noticed once that is over.
    if (agent.contacts === 0) assertEquals(await keeper.noticeVault(), 0);
    await agent.serve(duplex);
  });
  await keeper.pass();
  let report = await keeper.passDue();
  while (report.agents.length === 0) {
    await nextTurn();
    report = await keeper.passDue();
  }
  assertEquals(agent.store.read("a"), new TextEncoder().encode("omega"));
  assertEquals((await keeper.passDue()).agents, []);
});

Deno.test("AgentService.serve gives a node of the original the files of a folder, and says once what else it cannot", async () => {
  await using stage = new Stage();
  const node = new FakeNode(["t/a", "t/sub/b"]);
  stage.network.set("n:1", node.serve);
  stage.view = () => memoryView({ "t/a": "1", "t/sub/b": "2" });
  const logger = new MemoryLogger();
  const options = { declarations: declared("t"), wires: parseWires(["original"]), logger };
  const keeper = stage.keeper(options);
  for (let i = 0; i < 2; i++) assert(isPassWanted(await keeper.pass()));
  assertEquals([node.store.paths().sort(), logger.messages("warn").length], [
    ["t/a", "t/sub/b"],
    1,
  ]);
});

/** A fleet that anybody can join: an agent that was served, and then a flood of addresses that hang. */
class Flood implements AsyncDisposable {
  readonly stage = new Stage();
  readonly over = Promise.withResolvers<void>();
  /** Resolves with the first of the flood that is dialled. */
  readonly began = Promise.withResolvers<void>();
  readonly x = { host: "x", port: 1 };
  readonly keeper = this.stage.keeper({
    fleet: this.stage.fleet({ isOpen: true }),
    concurrency: 4,
  });

  static async open(): Promise<Flood> {
    const flood = new Flood();
    await flood.stage.add("x:1");
    await flood.keeper.pass();
    for (let i = 0; i < 40; i++) {
      flood.stage.network.set(`hang${i}:1`, (duplex) => {
        flood.began.resolve();
        return flood.over.promise.then(() => duplex.writable.close());
      });
    }
    return flood;
  }

  /** The list is honest again. */
  end(): void {
    this.stage.listing = () => [this.x];
  }

  get hanging(): number {
    return this.stage.network.dialled.filter((name) => name.startsWith("hang")).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.over.resolve();
    await this.stage[Symbol.asyncDispose]();
  }
}

Deno.test("AgentService.serve serves whom it knows although a flood of strangers is before it", async () => {
  await using flood = await Flood.open();
  const { keeper } = flood;
  const first = keeper.pass();
  await flood.began.promise;
  flood.end();
  // Its contact in the first pass may take a while yet.
  let report = await keeper.pass();
  for (; report.agents.length === 0; report = await keeper.pass()) await nextTurn();
  assertEquals(kindsOf(report), { "x:1": "delivered" });
  assertEquals(flood.hanging, 1);
  flood.over.resolve();
  assertEquals(Object.keys(kindsOf(await first)).sort(), ["hang0:1", "x:1"]);
  assertEquals(flood.hanging, 1);
});

Deno.test("AgentService.serve serves whom it knows before strangers although his last contact failed", async () => {
  await using flood = await Flood.open();
  const { keeper, stage, x } = flood;
  const { behaviours, dialled } = stage.network;
  const serve = behaviours.get("x:1");
  assert(serve !== undefined);
  stage.network.set("x:1", (duplex) => duplex.writable.close());
  stage.listing = () => [x];
  assertEquals(kindsOf(await keeper.pass()), { "x:1": "failed" });
  stage.network.set("x:1", serve);
  stage.listing = null;
  dialled.length = 0;
  const pass = keeper.pass();
  await flood.began.promise;
  assertEquals(dialled, ["x:1", "hang0:1"]);
  flood.over.resolve();
  assertEquals(kindsOf(await pass)["x:1"], "delivered");
});

Deno.test("AgentService.serve frees the place of an agent that it dialled in vain, not of one that the list left out", async () => {
  await using stage = new Stage();
  for (const address of ["x:1", "y:1"]) await stage.add(address);
  const keeper = stage.keeper({ firstUseLimit: 2 });
  await keeper.pass();
  await stage.add("z:1");
  const isThere = () => stage.network.addresses.filter(({ host }) => host !== "x");
  const outcomes: unknown[] = [];
  for (const gone of [[], [{ host: "x", port: 1 }]]) {
    stage.network.behaviours.delete("x:1");
    stage.listing = () => [...isThere(), ...gone];
    for (let i = 0; i < 2; i++) {
      outcomes.push(kindsOf(await keeper.pass())["z:1"]);
      stage.clock.advance(FIRST_USE_EXPIRY_MS);
    }
  }
  outcomes.push(kindsOf(await keeper.pass())["z:1"]);
  assertEquals(outcomes, ["pending", "pending", "pending", "delivered", "delivered"]);
});

Deno.test("AgentService.serve asks for the enrolment secret at the start of each pass", async () => {
  await using stage = new Stage();
  const [old, young] = [1, 2].map((byte) => new Uint8Array(32).fill(byte));
  assert(old !== undefined && young !== undefined);
  await stage.add("old:1", await FakeAgent.make({ app: "demo", enrolmentSecret: old }));
  await stage.add("young:1", await FakeAgent.make({ app: "demo", enrolmentSecret: young }));
  let secret: Uint8Array<ArrayBuffer> | null = null;
  const keeper = stage.keeper({
    fleet: { ...stage.fleet(), app: "demo" },
    trust: "approve",
    enrolmentSecret: () => Promise.resolve(secret),
  });
  const passes: Record<string, string>[] = [];
  for (secret of [null, old, young]) passes.push(kindsOf(await keeper.pass()));
  assertEquals(passes, [
    { "old:1": "pending", "young:1": "pending" },
    { "old:1": "delivered", "young:1": "enrolment-invalid" },
    { "old:1": "enrolment-invalid", "young:1": "delivered" },
  ]);
});

Deno.test("AgentService.serve numbers what is declared for a component of which nobody is reached", async () => {
  await using stage = new Stage();
  await stage.add("x:1", await FakeAgent.make({ component: "web" }));
  await stage.add("y:1", await FakeAgent.make({ component: "db" }));
  const revisionsOf = async () => {
    const { revisions } = await stage.store.load();
    return new Map(revisions.map(({ component, revision }) => [component, revision]));
  };
  const keeper = stage.keeper();
  await keeper.pass();
  const before = await revisionsOf();
  stage.listing = () => [{ host: "x", port: 1 }, { host: "y", port: 1 }];
  stage.network.behaviours.delete("y:1");
  stage.clock.advance(1_000);
  await keeper.pass();
  assertEquals(await revisionsOf(), before);
  stage.view = () => memoryView({ a: "changed", b: "beta" });
  await keeper.pass();
  const after = await revisionsOf();
  const later = stage.clock.now();
  assertEquals([after.get("web"), after.get("db")], [later, later]);
});
