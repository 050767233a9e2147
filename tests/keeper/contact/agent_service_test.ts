import { isPassWanted } from "../../../keeper/report/report.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { memoryView } from "../../support/fake_fleet.ts";
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
  const report = await stage.keeper({ concurrency: 6, limits: { baseTimeMs: 1_000 } }).pass();
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
    return {
      ...view,
      open: (entry, from) => {
        return entry.path === "a" ? Promise.resolve(null) : view.open(entry, from);
      },
    };
  };
  const report = await stage.keeper().pass();
  assert(isPassWanted(report));
  assertEquals(agent.contacts, 2);
  assertEquals(agent.store.read("a"), new TextEncoder().encode("omega"));
  const [first] = report.agents;
  assert(first?.outcome.kind === "delivered");
  assertEquals(first.outcome.files.map(({ outcome }) => outcome), ["created", "created"]);
});

Deno.test("AgentService.serve does not chase a vault that changes all the time", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  stage.view = async () => ({ ...await memoryView(FILES), open: () => Promise.resolve(null) });
  const report = await stage.keeper().pass();
  assertEquals([agent.contacts, isPassWanted(report)], [2, false]);
});

const LEVELS = [
  { local: "a", remote: "a" },
  { local: "b", remote: "b", requires: "approved" },
] as const;

Deno.test("AgentService.serve serves agents of two levels and writes the state once for all passes", async () => {
  await using stage = new Stage();
  const [low, high] = [await stage.add("x:1"), await stage.add("y:1")];
  const keeper = stage.keeper({ files: LEVELS });
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
  const keeper = stage.keeper({ files: LEVELS });
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
