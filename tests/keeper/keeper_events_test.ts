import type { KeeperEvent } from "../../keeper/keeper_events.ts";
import type { Keeper } from "../../keeper/keeper.ts";
import { type Events, FluxVaultError, StorageError } from "../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Stage } from "./keeper_stage.ts";

/** Disposes of the keeper, and returns all that a listener had heard by then. */
async function end(keeper: Keeper, events: Events<KeeperEvent>): Promise<KeeperEvent[]> {
  await keeper[Symbol.asyncDispose]();
  const seen: KeeperEvent[] = [];
  for await (const event of events) if (event.kind !== "missed") seen.push(event);
  return seen;
}

Deno.test("Keeper.events tells of a pass from its beginning to its end", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper();
  const events = keeper.events();
  const report = await keeper.pass();
  assertEquals(await end(keeper, events), [
    { kind: "pass-begun", pass: 1, isWhole: true, agents: 1 },
    { kind: "agent-served", report: report.agents[0] },
    { kind: "pass-ended", report },
  ] as KeeperEvent[]);
});

Deno.test("Keeper.events names an agent that waits, by what lets it in", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper({ trust: "approve", firstUseLimit: undefined });
  const events = keeper.events();
  const report = await keeper.pass();
  const [, , waiting] = await end(keeper, events);
  assert(waiting?.kind === "agent-waiting");
  assertEquals([waiting.address, waiting.fingerprint], ["x:1", report.agents[0]?.fingerprint]);
});

Deno.test("Keeper.events tells of a pass that comes to nothing, before and after it begins", async () => {
  await using stage = new Stage();
  const keeper = stage.keeper();
  const events = keeper.events();
  stage.listing = () => new FluxVaultError("api-unreachable", "no answer");
  await assertRejects(() => keeper.pass(), FluxVaultError, "api-unreachable");
  stage.listing = null;
  await stage.add("x:1");
  stage.view = () => Promise.reject(new StorageError("file-missing", "no vault"));
  await assertRejects(() => keeper.pass(), StorageError, "file-missing");
  assertEquals(await end(keeper, events), [
    { kind: "problem", pass: null, code: "api-unreachable", message: "no answer" },
    { kind: "pass-begun", pass: 1, isWhole: true, agents: 1 },
    { kind: "problem", pass: 1, code: "file-missing", message: "no vault" },
  ]);
});

Deno.test("Keeper.events says nothing of what an error that is none of ours holds", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  stage.view = () => Promise.reject(new TypeError("a secret"));
  const keeper = stage.keeper();
  const events = keeper.events();
  await assertRejects(() => keeper.pass(), TypeError);
  assertEquals((await end(keeper, events)).at(-1), {
    kind: "problem",
    pass: 1,
    code: "failed",
    message: "TypeError",
  });
});

Deno.test("Keeper.events ends with the run", async () => {
  await using stage = new Stage();
  await stage.add("x:1");
  const keeper = stage.keeper();
  const control = new AbortController();
  const events = keeper.events();
  const running = keeper.run({ signal: control.signal }).catch((reason) => reason);
  const kinds: string[] = [];
  for await (const { kind } of events) {
    kinds.push(kind);
    if (kind === "pass-ended") control.abort("enough");
  }
  assertEquals([await running, kinds], ["enough", ["pass-begun", "agent-served", "pass-ended"]]);
});

Deno.test("Keeper[Symbol.asyncDispose] ends a run and a pass, and lets none begin", async () => {
  await using stage = new Stage();
  const never = new Promise<never>(() => {});
  stage.network.set("x:1", () => never);
  const keeper = stage.keeper();
  const nameOf = (work: Promise<unknown>) => work.catch((error: Error) => error.name);
  const passing = nameOf(keeper.pass());
  const running = nameOf(keeper.run({ signal: new AbortController().signal }));
  await keeper[Symbol.asyncDispose]();
  assertEquals([await passing, await running], ["AbortError", "AbortError"]);
  assertEquals(await nameOf(keeper.pass()), "AbortError");
  assertEquals((await keeper.events().next()).done, true);
});
