import { auditDial } from "../../../keeper/audit/audited_dial.ts";
import { AuditError, AuditRecorder, MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { Deliveries } from "../../../keeper/original/mod.ts";
import type { ContactReport } from "../../../keeper/report/report.ts";
import type { SyncOptions } from "../../../keeper/contact/contact.ts";
import { syncAgent } from "../../../keeper/contact/sync_agent.ts";
import {
  KnownAgents,
  MemoryKnownAgentsStore,
  type TrustPolicy,
} from "../../../keeper/trust/mod.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  declared,
  FakeAgent,
  type FakeAgentOptions,
  FakeNetwork,
  memoryView,
} from "../../support/fake_fleet.ts";
import { NODE } from "../trust/known_agents_fixtures.ts";

const ADDRESS = { host: "203.0.113.1", port: 8888 };
const SECRET = new Uint8Array(32).fill(7);
const OTHER_SECRET = new Uint8Array(32).fill(8);
const FILES = declared("a", ["b", "enrolled"]);

interface Meeting {
  readonly agent: FakeAgent;
  readonly report: ContactReport;
  readonly logger: MemoryLogger;
  readonly store: MemoryKnownAgentsStore;
}

async function meet(
  agentOptions: FakeAgentOptions,
  keeper: Partial<SyncOptions> & { readonly trust?: TrustPolicy } = {},
): Promise<Meeting> {
  const { trust = "approve", ...options } = keeper;
  const agent = await FakeAgent.make(agentOptions);
  const network = new FakeNetwork();
  network.set("203.0.113.1:8888", agent.serve);
  const view = await memoryView({ a: "alpha", b: "beta" });
  const store = new MemoryKnownAgentsStore();
  const logger = new MemoryLogger();
  const report = await syncAgent(ADDRESS, {
    app: "demo",
    dial: network.dial,
    known: new KnownAgents(store, {
      app: "demo",
      trust,
      firstUseLimit: 2,
      sightingLifetimeMs: 1_000,
      now: Date.now,
    }),
    delivery: await prepareDelivery({ inspect: () => Promise.resolve(view) }, FILES),
    wire: 2,
    signer: null,
    deliveries: new Deliveries(),
    expectsAll: true,
    logger,
    now: Date.now,
    ...options,
  });
  await network.idle();
  return { agent, report, logger, store };
}

Deno.test("talkProtocol2 trusts an agent that proves to know the enrolment secret", async () => {
  const options = { app: "demo", component: "web", enrolmentSecret: SECRET };
  const { agent, report, logger } = await meet(options, { enrolmentSecret: SECRET });
  assertEquals([report.outcome.kind, report.trust, report.news], [
    "delivered",
    "enrolled",
    { kind: "enrolled", before: null, replaced: [] },
  ]);
  assertEquals(agent.store.paths().sort(), ["a", "b"]);
  assertEquals(logger.messages("info"), ["An agent has enrolled."]);
});

Deno.test("talkProtocol2 turns away an agent with another enrolment secret", async () => {
  const options = { app: "demo", enrolmentSecret: OTHER_SECRET };
  const keeper = { enrolmentSecret: SECRET, trust: "first-use" } as const;
  const { agent, report, store } = await meet(options, keeper);
  assertEquals(report.outcome, { kind: "rejected", code: "enrolment-invalid", by: "us" });
  assertEquals([report.trust, agent.store.paths(), (await store.load()).agents], [null, [], []]);
});

Deno.test("talkProtocol2 ignores a proof where the keeper has no secret", async () => {
  const { report } = await meet({ app: "demo", enrolmentSecret: SECRET });
  assertEquals(report.outcome, { kind: "pending", reason: "new" });
});

Deno.test("talkProtocol2 lets the policy decide where the agent proves nothing", async () => {
  const { report } = await meet({ app: "demo" }, { enrolmentSecret: SECRET });
  assertEquals(report.outcome, { kind: "pending", reason: "new" });
});

Deno.test("talkProtocol2 withholds what asks for more, and tells the agent that it is denied", async () => {
  const { agent, report } = await meet({ files: ["b", "c"] }, { trust: "first-use" });
  const { revision } = report.outcome.kind === "delivered" ? report.outcome : { revision: null };
  assert(revision !== null);
  assertEquals(report.outcome, {
    kind: "delivered",
    files: [{ path: "a", outcome: "created" }, { path: "c", outcome: "denied" }],
    hooks: [],
    revision,
    withheld: [{ path: "b", required: "enrolled" }],
    contentBytes: 5,
    drifted: [],
  });
  assertEquals(agent.store.paths(), ["a"]);
});

Deno.test("talkProtocol2 announces whom it trusts at first use", async () => {
  const { report, logger } = await meet({ component: "web" }, { trust: "first-use" });
  assertEquals(report.news, { kind: "first-use", place: 1, places: 2 });
  const { fingerprint } = report;
  const properties = { address: "203.0.113.1:8888", fingerprint, component: "web" };
  assertEquals(logger.events, [{
    level: "info",
    message: "An agent is trusted at first use.",
    properties: { ...properties, place: "1 of 2" },
  }]);
});

Deno.test("talkProtocol2 reports where an agent says that it runs, trusted or not", async () => {
  const { report, store } = await meet({ node: NODE });
  assertEquals([report.trust, report.node], [null, NODE]);
  assertEquals((await store.load()).agents, []);
});

/** Meets an agent, with everything put on record in this log. */
async function meetOnRecord(
  log: MemoryAuditLog,
  keeper: { readonly trust?: TrustPolicy } = {},
): Promise<Meeting> {
  const audit = new AuditRecorder(log, { fingerprint: () => Promise.resolve("f00d") });
  const agent = await FakeAgent.make({ component: "web" });
  const network = new FakeNetwork();
  network.set("203.0.113.1:8888", agent.serve);
  const meeting = await meet({}, { ...keeper, dial: auditDial(network.dial, audit) });
  await network.idle();
  return { ...meeting, agent };
}

function recorded(log: MemoryAuditLog): unknown[] {
  return log.lines.map((line) => {
    const { event, address, component, code, path, files } = JSON.parse(line);
    return [event, address, component, code ?? path ?? files];
  });
}

Deno.test("talkProtocol2 puts on record what it gives and what came of it", async () => {
  const log = new MemoryAuditLog();
  const { agent } = await meetOnRecord(log, { trust: "first-use" });
  const who = ["203.0.113.1:8888", "web"];
  assertEquals(recorded(log), [
    ["given", ...who, "a"],
    ["result", ...who, [{ path: "a", outcome: "created" }]],
  ]);
  assertEquals(agent.store.paths(), ["a"]);
});

Deno.test("talkProtocol2 puts on record that it turns an agent away", async () => {
  const log = new MemoryAuditLog();
  await meetOnRecord(log);
  assertEquals(recorded(log), [["refused", "203.0.113.1:8888", "web", "agent-pending"]]);
});

Deno.test("talkProtocol2 gives nothing that it cannot put on record", async () => {
  const log = new MemoryAuditLog();
  const append = log.append.bind(log);
  // It fails when the first file is to be given, not before.
  log.append = (events) => {
    if (events.some(({ event }) => event === "given")) log.failure = new AuditError("no room");
    return append(events);
  };
  const { agent, report } = await meetOnRecord(log, { trust: "first-use" });
  assertEquals(report.outcome, { kind: "failed", code: "audit-failed" });
  assertEquals([agent.store.paths(), log.lines], [[], []]);
});

Deno.test("talkProtocol2 says nothing to an agent while nothing can be put on record", async () => {
  const log = new MemoryAuditLog();
  log.failure = new AuditError("no room");
  const { agent, report } = await meetOnRecord(log, { trust: "first-use" });
  assertEquals(report.outcome, { kind: "failed", code: "audit-failed" });
  assertEquals([report.fingerprint, agent.store.paths()], [null, []]);
});
