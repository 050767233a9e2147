import fc from "fast-check";
import type { AgentPlan } from "../../../keeper/plan/agent_plan.ts";
import { isPlanEmpty } from "../../../keeper/plan/agent_plan.ts";
import type { PassReport } from "../../../keeper/report/report.ts";
import { EMPTY_STATE, KnownAgentsDraft } from "../../../keeper/trust/mod.ts";
import type { Declaration } from "../../../keeper/vault/declaration.ts";
import { declareForAll } from "../../../keeper/vault/declarations.ts";
import { encodeUtf8, type FileResult, type FileStrategy } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { declared, FakeAgent, memoryView } from "../../support/fake_fleet.ts";
import { kindsOf, Stage } from "../keeper_stage.ts";

/** Returns what agents said they would do, by address. */
function plansOf({ agents }: PassReport): Map<string, AgentPlan> {
  return new Map(agents.flatMap(({ address, outcome }) => {
    return outcome.kind === "planned" ? [[address, outcome.plan]] : [];
  }));
}

/** Plans in a stage as a command would. */
async function plan(stage: Stage, options: Parameters<Stage["keeper"]>[0] = {}) {
  const knownAgents = new KnownAgentsDraft(stage.store);
  const report = await stage.keeper({ knownAgents, ...options, task: { isPlan: true } }).pass();
  return { report, plans: plansOf(report) };
}

Deno.test("a plan changes nothing, neither at the agent nor at the keeper", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  await stage.keeper().pass();
  const before = await stage.store.load();
  stage.view = () => memoryView({ a: "changed", b: "beta" });
  const { plans } = await plan(stage);
  assertEquals(plans.get("x:1")?.files, [
    { path: "a", outcome: "updated" },
    { path: "b", outcome: "unchanged" },
  ]);
  assertEquals(agent.store.read("a"), encodeUtf8("alpha"));
  assertEquals(await stage.store.load(), before);
  const held = await agent.store.heldManifest();
  assertEquals(held?.message.revision, before.revisions[0]?.revision);
});

Deno.test("a plan trusts nobody at first use, and does not tell such an agent what there is", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  const { report, plans } = await plan(stage);
  assertEquals(report.agents[0]?.news, { kind: "first-use", place: 1, places: 10 });
  const planned = plans.get("x:1");
  assertEquals([planned?.isAsked, planned?.files, planned?.entries.length], [false, [], 2]);
  assertEquals([agent.revisions, await stage.store.load()], [[], EMPTY_STATE]);
});

Deno.test("a plan counts the first-use places that it would give", async () => {
  await using stage = new Stage();
  for (const address of ["x:1", "y:1", "z:1"]) await stage.add(address);
  const { report } = await plan(stage, { firstUseLimit: 2, concurrency: 1 });
  assertEquals(Object.values(kindsOf(report)).sort(), ["pending", "planned", "planned"]);
});

Deno.test("a plan lists agents that wait, that are not there, and that are turned away", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  await stage.add("y:1");
  await stage.keeper().pass();
  await stage.add("y:1");
  await stage.add("z:1");
  stage.listing = () => [...stage.network.addresses, { host: "w", port: 1 }];
  const { report } = await plan(stage, { trust: "approve", firstUseLimit: undefined });
  assertEquals(kindsOf(report), {
    "w:1": "unreachable",
    "x:1": "planned",
    "y:1": "identity-changed",
    "z:1": "pending",
  });
});

Deno.test("a plan says what is withheld, and asks about what the agent's level is given alone", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  await stage.keeper().pass();
  const declarations = declared("a", ["b", "approved"]);
  const { plans } = await plan(stage, { declarations });
  const planned = plans.get("x:1");
  assertEquals(planned?.withheld, [{ path: "b", required: "approved" }]);
  assertEquals(planned?.entries.map(({ path }) => path), ["a"]);
  assertEquals(planned?.files.find(({ path }) => path === "b")?.outcome, "removed");
});

Deno.test("a pass does nothing but what was agreed to", async () => {
  await using stage = new Stage();
  const agents = [await stage.add("x:1"), await stage.add("y:1"), await stage.add("z:1")];
  await stage.keeper().pass();
  stage.view = () => memoryView({ a: "new", b: "beta" });
  const { report, plans } = await plan(stage);
  const fingerprints = new Map(report.agents.map((agent) => [agent.address, agent.fingerprint]));
  const agreement = {
    // Another agent is at the second address by now, and another manifest for the third.
    hasAgent: (address: string, fingerprint: string) =>
      address !== "y:1" && fingerprints.get(address) === fingerprint,
    hasManifest: (address: string, digest: string) =>
      address !== "z:1" && plans.get(address)?.digest === digest,
  };
  const applied = await stage.keeper({ task: { agreement } }).pass();
  assertEquals(
    applied.agents.map(({ address, outcome }) => [
      address,
      outcome.kind === "failed" ? outcome.code : outcome.kind,
    ]),
    [["x:1", "delivered"], ["y:1", "plan-outdated"], ["z:1", "plan-outdated"]],
  );
  assertEquals(agents.map(({ store }) => new TextDecoder().decode(store.read("a"))), [
    ...["new", "alpha", "alpha"],
  ]);
});

Deno.test("a task for some components leaves the others alone, known or not", async () => {
  await using stage = new Stage();
  const web = await stage.add("x:1", await FakeAgent.make({ component: "web" }));
  const db = await stage.add("y:1", await FakeAgent.make({ component: "db" }));
  await stage.keeper().pass();
  const other = await stage.add("z:1", await FakeAgent.make({ component: "db" }));
  const before = await stage.store.load();
  const contacts: string[] = [];
  const isMeant = (component: string | null) => component === "web";
  const keeper = stage.keeper({
    task: { isMeant },
    onContact: ({ address }) => contacts.push(address),
  });
  const report = await keeper.pass();
  assertEquals([kindsOf(report), report.isWhole], [{ "x:1": "delivered" }, false]);
  // The record says who is elsewhere; whoever is not on record is asked who it is, and no more.
  assertEquals([web.contacts, db.contacts, other.contacts], [2, 1, 1]);
  assertEquals([contacts, await stage.store.load()], [["x:1"], before]);
});

Deno.test("a pass over some addresses serves these, and misses nobody else", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const other = await stage.add("y:1");
  const report = await stage.keeper().pass({ only: new Set(["x:1", "gone:1"]) });
  assertEquals([kindsOf(report), other.contacts, report.isWhole], [
    ...[{ "x:1": "delivered" }, 0, false],
  ]);
});

Deno.test("a task to wipe removes all that agents were given, and declares it anew", async () => {
  await using stage = new Stage();
  const agent = await stage.add("x:1");
  const keeper = stage.keeper();
  await keeper.pass();
  const stranger = await agent.store.stage("stranger");
  await stranger.commit();
  const planned = await stage.keeper({
    knownAgents: new KnownAgentsDraft(stage.store),
    task: { isPlan: true, isWipe: true },
  }).pass();
  const removed = [{ path: "a", outcome: "removed" }, { path: "b", outcome: "removed" }] as const;
  assertEquals<readonly FileResult[] | undefined>(plansOf(planned).get("x:1")?.files, removed);
  stage.clock.advance(1);
  const [wiped] = (await stage.keeper({ task: { isWipe: true } }).pass()).agents;
  assert(wiped?.outcome.kind === "delivered");
  assertEquals<readonly FileResult[]>(wiped.outcome.files, removed);
  assertEquals(agent.store.paths(), ["stranger"]);
  stage.clock.advance(1);
  const [again] = (await stage.keeper().pass()).agents;
  assert(again?.outcome.kind === "delivered");
  assertEquals(agent.store.paths().sort(), ["a", "b", "stranger"]);
  assert((again.outcome.revision ?? 0) > (wiped.outcome.revision ?? Infinity));
});

/** A vault, what is declared of it, and what strangers do at the agent. */
interface Scene {
  readonly files: Readonly<Record<string, string>>;
  readonly declarations: readonly Declaration[];
}

const NAMES = ["a", "b", "c"] as const;
const STRATEGIES: readonly (FileStrategy | "ALLOW_ADDS")[] = [
  "STRICT",
  "ALLOW_ADDS",
  "ENSURE_CREATED",
];

const sceneArbitrary: fc.Arbitrary<Scene> = fc.record({
  files: fc.dictionary(
    fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES)).map((parts) => parts.join("/")),
    fc.constantFrom("1", "2", "3"),
    { maxKeys: 6, minKeys: 1 },
  ),
  declarations: fc.subarray([...NAMES], { minLength: 1 }).chain((sources) => {
    return fc.tuple(...sources.map((source) => {
      return fc.constantFrom(...STRATEGIES).map((strategy): Declaration => {
        return { source, target: `t/${source}`, strategy, symlinks: "refuse" };
      });
    }));
  }),
});

const editsArbitrary = fc.array(
  fc.record({
    path: fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES, "stranger"))
      .map((parts) => `t/${parts.join("/")}`),
    text: fc.option(fc.constantFrom("1", "edited")),
  }),
  { maxLength: 4 },
);

async function edit(agent: FakeAgent, path: string, text: string | null): Promise<void> {
  if (text === null) {
    await agent.store.perform({ kind: "remove", path, isInTheWay: false });
    return;
  }
  const staged = await agent.store.stage(path);
  await staged.write(encodeUtf8(text));
  await staged.commit();
}

function changesIn(files: readonly FileResult[]): string[] {
  return files.filter(({ outcome }) => outcome !== "unchanged")
    .map(({ path, outcome, code = "" }) => `${path} ${outcome} ${code}`).sort();
}

Deno.test("what a plan says is what a delivery does, and then nothing is left to do", async () => {
  const scenes = fc.array(fc.tuple(sceneArbitrary, editsArbitrary), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(scenes, async (scenes) => {
      await using stage = new Stage();
      const agent = await stage.add("x:1");
      await stage.approve(agent);
      for (const [{ files, declarations }, edits] of scenes) {
        stage.clock.advance(1);
        for (const { path, text } of edits) await edit(agent, path, text);
        stage.view = () => memoryView(files);
        const options = { declarations: declareForAll(declarations) };
        const planned = (await plan(stage, options)).plans.get("x:1");
        assert(planned !== undefined);
        const [applied] = (await stage.keeper(options).pass()).agents;
        assert(applied?.outcome.kind === "delivered");
        assertEquals(changesIn(applied.outcome.files), changesIn(planned.files));
        const after = (await plan(stage, options)).plans.get("x:1");
        assert(after !== undefined);
        // What the vault cannot give is told again; nothing else is.
        const missing = after.files.filter(({ outcome }) => outcome === "missing");
        assert(
          isPlanEmpty({ ...after, files: after.files.filter((file) => !missing.includes(file)) }),
        );
      }
    }),
    { numRuns: 40 },
  );
});
