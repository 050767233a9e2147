import { AuditedKnownAgents, AuditError, MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { type KnownAgentsState, MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { fingerprintOf, pinOf, stateOf } from "../trust/known_agents_fixtures.ts";
import { eventsOf } from "./audit_fixtures.ts";

const BEFORE = stateOf({ agents: [pinOf("one", { trust: "first-use" }), pinOf("two")] });
const AFTER = stateOf({ agents: [pinOf("one"), pinOf("three", { trust: "enrolled" })] });
const AGENT = { app: "demo", component: null, address: "203.0.113.1:8888" };

Deno.test("AuditedKnownAgents records who is trusted no more, otherwise, and anew", async () => {
  const log = new MemoryAuditLog();
  const store = new AuditedKnownAgents(new MemoryKnownAgentsStore(BEFORE), log, { by: "keeper" });
  assertEquals(await store.update(() => AFTER), AFTER);
  const what = { event: "trust", by: "keeper", ...AGENT };
  assertEquals(eventsOf(log.lines), [
    { ...what, fingerprint: fingerprintOf("two"), from: "approved", to: null },
    { ...what, fingerprint: fingerprintOf("one"), from: "first-use", to: "approved" },
    { ...what, fingerprint: fingerprintOf("three"), from: null, to: "enrolled" },
  ]);
});

Deno.test("AuditedKnownAgents records nothing where nobody's trust changes", async () => {
  const log = new MemoryAuditLog();
  const store = new AuditedKnownAgents(new MemoryKnownAgentsStore(BEFORE), log, { by: "keeper" });
  await store.update((state) => ({
    ...state,
    agents: state.agents.map((agent) => ({ ...agent, lastSeenMs: 1, address: "198.51.100.1:1" })),
  }));
  assertEquals(log.lines, []);
});

Deno.test("AuditedKnownAgents changes nothing that it cannot record", async () => {
  const log = new MemoryAuditLog();
  log.failure = new AuditError("no room");
  const inner = new MemoryKnownAgentsStore(BEFORE);
  const store = new AuditedKnownAgents(inner, log, { by: "keeper" });
  await assertRejects(() => store.update(() => AFTER), AuditError, "audit-failed");
  assertEquals(await inner.load(), BEFORE);
});

Deno.test("AuditedKnownAgents records what came of a change that another process got ahead of", async () => {
  const log = new MemoryAuditLog();
  const inner = new MemoryKnownAgentsStore(stateOf());
  const late = {
    load: () => inner.load(),
    update: async (change: (state: KnownAgentsState) => KnownAgentsState) => {
      await inner.update(() => stateOf({ agents: [pinOf("one")] }));
      return await inner.update(change);
    },
  };
  const store = new AuditedKnownAgents(late, log, { by: "keeper" });
  await store.update(() => stateOf({ agents: [pinOf("two")] }));
  assertEquals(eventsOf(log.lines).map(({ fingerprint, to }) => [fingerprint, to]), [
    [fingerprintOf("two"), "approved"],
    [fingerprintOf("one"), null],
  ]);
});
