import { MemoryAuditLog } from "../../../keeper/audit/log/audit_log.ts";
import { AuditRecorder } from "../../../keeper/audit/audit_recorder.ts";
import { AuthorityError } from "../../../keeper/authority/errors.ts";
import type { IssueOrder } from "../../../keeper/authority/issue_order.ts";
import { PluginWorld, type ReachableFleet } from "../../../keeper/plugins/plugin_world.ts";
import { CallError, ConfigError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { ECHO } from "../../support/call_desks.ts";
import { FakeAgent } from "../../support/fake_fleet.ts";
import { Stage } from "../keeper_stage.ts";

const SIGNAL = new AbortController().signal;
const CALLS = { calls: { actions: [ECHO] } };
const NO_AUTHORITY = () => Promise.reject(new AuthorityError("name-refused", "not that one"));
const ORDER = { app: "a", component: null, request: new Uint8Array(), names: [], lifetimeMs: null };

/** Makes a world of one fleet on a stage. */
function worldOf(stage: Stage) {
  const log = new MemoryAuditLog();
  const fleet: ReachableFleet = {
    app: null,
    keeper: stage.keeper({ trust: "approve" }),
    knownAgents: stage.store,
    recorder: new AuditRecorder(log, { fingerprint: () => Promise.resolve("f00d") }),
  };
  const fleets = () => Promise.resolve([fleet]);
  return { world: new PluginWorld({ fleets, authority: NO_AUTHORITY }), log };
}

/** Makes a stage with one agent that was approved and served. */
async function servedStage(): Promise<Stage> {
  const stage = new Stage();
  await stage.approve(await stage.add("a:1", await FakeAgent.make(CALLS)));
  await stage.keeper({ trust: "approve" }).pass();
  return stage;
}

const REPORT = { address: "a:1", action: "echo", input: { n: 7 } };

Deno.test("PluginWorld lists agents that are trusted and were reached, and no others", async () => {
  await using stage = await servedStage();
  await stage.add("b:1");
  await stage.keeper({ trust: "approve" }).pass();
  assertEquals(await worldOf(stage).world.agents(), [
    { address: "a:1", app: null, component: null, trust: "approved" },
  ]);
});

Deno.test("PluginWorld calls an agent, and puts on record which plugin did", async () => {
  await using stage = await servedStage();
  const { world, log } = worldOf(stage);
  assertEquals(await world.call("helper", REPORT, SIGNAL), { n: 7 });
  const lines = log.lines.map((line) => JSON.parse(line));
  assertEquals(lines.map(({ event, action, plugin, input }) => [event, action, plugin, input]), [
    ["called", "echo", "helper", "f00d"],
    ["answer", "echo", "helper", undefined],
  ]);
});

Deno.test("PluginWorld says the word of an agent", async () => {
  await using stage = await servedStage();
  const { world, log } = worldOf(stage);
  const call = () => world.call("helper", { ...REPORT, action: "other" }, SIGNAL);
  await assertRejects(call, CallError, "unknown-action");
  assertEquals(JSON.parse(log.lines.at(-1) ?? "").code, "unknown-action");
});

Deno.test("PluginWorld calls nobody who is not trusted", async () => {
  await using stage = await servedStage();
  await stage.add("b:1", await FakeAgent.make(CALLS));
  const { world, log } = worldOf(stage);
  const call = () => world.call("helper", { ...REPORT, address: "b:1" }, SIGNAL);
  await assertRejects(call, CallError, "agent-unknown");
  assertEquals(log.lines, []);
});

Deno.test("PluginWorld calls nobody who took the place of an agent", async () => {
  await using stage = await servedStage();
  // The attack: another agent listens at the address, with a key of its own.
  await stage.add("a:1", await FakeAgent.make(CALLS));
  const { world, log } = worldOf(stage);
  await assertRejects(() => world.call("helper", REPORT, SIGNAL), CallError, "identity-changed");
  assertEquals(log.lines, []);
});

Deno.test("PluginWorld says that an agent is away", async () => {
  await using stage = await servedStage();
  stage.network.behaviours.delete("a:1");
  const { world } = worldOf(stage);
  await assertRejects(() => world.call("helper", REPORT, SIGNAL), CallError, "connection-refused");
});

Deno.test("PluginWorld ends a call that nobody waits for any more", async () => {
  await using stage = await servedStage();
  const reason = new DOMException("the call is over", "AbortError");
  const call = () => worldOf(stage).world.call("helper", REPORT, AbortSignal.abort(reason));
  await assertRejects(call, DOMException);
});

Deno.test("PluginWorld tells a plugin a word alone of what is wrong with the fleet", async () => {
  const fleets = () => Promise.reject(new ConfigError("/home/me/vault is missing"));
  const world = new PluginWorld({ fleets, authority: NO_AUTHORITY });
  const error = await assertRejects(() => world.agents(), CallError, "config-invalid");
  assertEquals(error.message, "what a plugin asked for was not done");
});

Deno.test("PluginWorld orders a certificate of an application, and allows no name anew", async () => {
  const orders: IssueOrder[] = [];
  const world = new PluginWorld({
    fleets: () => Promise.resolve([]),
    authority: () =>
      Promise.resolve({
        unlock: () => Promise.resolve(true),
        issue: (order: IssueOrder) => {
          orders.push(order);
          return Promise.resolve({
            ...{ serial: "ab", chain: ["leaf", "mid"] as const, root: "root", names: ["a"] },
            ...{ notBeforeMs: 0, notAfterMs: 3_000, renewAtMs: 2_000 },
          });
        },
      }),
  });
  const request = new Uint8Array([1]);
  const order = { app: "shop", component: null, request, names: ["a"], lifetimeMs: 60_000 };
  assertEquals(await world.signRequest(order), {
    serial: "ab",
    chain: "leafmid",
    root: "root",
    notAfter: "1970-01-01T00:00:03.000Z",
    renewAt: "1970-01-01T00:00:02.000Z",
  });
  assertEquals(orders, [{
    ...{ app: "shop", component: null, request, purpose: "application" },
    ...{ application: { names: ["a"] }, lifetimeMs: 60_000 },
  }]);
});

Deno.test("PluginWorld has no plugin make an authority", async () => {
  const authority = () =>
    Promise.resolve({
      unlock: () => Promise.resolve(false),
      issue: () => Promise.reject(new Error("nobody may ask")),
    });
  const world = new PluginWorld({ fleets: () => Promise.resolve([]), authority });
  await assertRejects(() => world.signRequest(ORDER), CallError, "authority-missing");
});

Deno.test("PluginWorld says the word of the authority", async () => {
  const world = new PluginWorld({ fleets: () => Promise.resolve([]), authority: NO_AUTHORITY });
  await assertRejects(() => world.signRequest(ORDER), CallError, "name-refused");
});
