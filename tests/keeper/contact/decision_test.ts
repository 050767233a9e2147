import { decideOnRecord, decideOnRelay } from "../../../keeper/contact/decision.ts";
import { newAcquaintance } from "../../../keeper/contact/contact.ts";
import type { ContactTask } from "../../../keeper/contact/contact_task.ts";
import { AuditRecorder, MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import type { AgentAddress } from "../../../keeper/fleet/agent_address.ts";
import type { RelayHost } from "../../../keeper/relay/relay_host.ts";
import { approveAgents, KnownAgents, MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import {
  type AgentDecision,
  type AgentIntroduction,
  identityFingerprint,
} from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { openSessionPair } from "../../support/session_pair.ts";

const PRIMARY: AgentAddress = { host: "203.0.113.1", port: 8888 };
const DB: AgentAddress = { ...PRIMARY, component: "db" };
const HOST: RelayHost = { carry: () => Promise.resolve(), carryNobody() {} };
const NAMES = { app: "demo", component: "db" };

/** What an agent of the component `db` says at the beginning of a session. */
async function introduce(): Promise<AgentIntroduction> {
  await using pair = await openSessionPair({ agent: NAMES });
  const { claim, transcript } = pair.keeper.origin;
  return { claim, transcript };
}

interface Deciding {
  readonly isApproved?: boolean;
  readonly task?: ContactTask;
  readonly relay?: RelayHost;
  readonly isRelayOnly?: boolean;
}

/** Decides about an agent, and tells what is on record then. */
async function decide(
  address: AgentAddress,
  { isApproved = true, ...options }: Deciding,
  alone = false,
): Promise<{
  readonly decision: AgentDecision;
  readonly leftOut: string | null;
  readonly events: unknown[];
  readonly pending: number;
}> {
  const introduction = await introduce();
  const store = new MemoryKnownAgentsStore();
  const selectors = [await identityFingerprint(introduction.claim.identity.publicKey)];
  if (isApproved) {
    await store.update((state) => approveAgents(state, { selectors, app: "demo" }, 1).state);
  }
  const known = new KnownAgents(store, {
    app: "demo",
    trust: "approve",
    firstUseLimit: null,
    sightingLifetimeMs: 1_000,
    now: () => 1_000,
  });
  await known.reload();
  const log = new MemoryAuditLog();
  const audit = new AuditRecorder(log, { fingerprint: () => Promise.resolve("") });
  const agent = newAcquaintance();
  const all = { app: "demo", signer: null, known, agent, audit, ...options };
  const decision = alone
    ? await decideOnRelay(address, introduction, all)
    : await decideOnRecord(address, introduction, all as Parameters<typeof decideOnRecord>[2]);
  await known.settle({ fleetSinceMs: null });
  return {
    decision,
    leftOut: agent.leftOut,
    events: log.lines.map((line) => JSON.parse(line)["code"]),
    pending: (await store.load()).pending.length,
  };
}

Deno.test("decideOnRecord lets in behind a primary who says the component that it is listed as", async () => {
  assertEquals((await decide(DB, {})).decision, NAMES);
});

Deno.test("decideOnRecord turns away behind a primary who says another component, and notes nothing", async () => {
  for (const isApproved of [true, false]) {
    const found = await decide({ ...PRIMARY, component: "web" }, { isApproved });
    assertEquals(found, {
      decision: "component-mismatch",
      leftOut: null,
      events: ["component-mismatch"],
      pending: 0,
    });
  }
});

Deno.test("decideOnRecord turns away who is not meant, and has none of them wait", async () => {
  const task = { isMeant: (component: string | null) => component === "web" };
  for (const isApproved of [true, false]) {
    const { decision, pending } = await decide(PRIMARY, { task, isApproved });
    assertEquals([decision, pending], ["component-mismatch", 0]);
  }
});

Deno.test("decideOnRecord lets in to relay who is not meant but trusted", async () => {
  const task = { isMeant: (component: string | null) => component === "web" };
  const found = await decide(PRIMARY, { task, relay: HOST });
  assertEquals([found.decision, found.leftOut], [NAMES, "unmeant"]);
  const unknown = await decide(PRIMARY, { task, relay: HOST, isApproved: false });
  assertEquals([unknown.decision, unknown.pending], ["component-mismatch", 0]);
});

Deno.test("decideOnRecord lets who is to relay alone in only where it is trusted", async () => {
  const found = await decide(PRIMARY, { relay: HOST, isRelayOnly: true });
  assertEquals([found.decision, found.leftOut], [NAMES, "unmeant"]);
  const unknown = await decide(PRIMARY, { relay: HOST, isRelayOnly: true, isApproved: false });
  assertEquals([unknown.decision, unknown.pending], ["agent-pending", 0]);
});

Deno.test("decideOnRelay lets in who is trusted, and puts on record who is not", async () => {
  assertEquals((await decide(PRIMARY, {}, true)).decision, NAMES);
  const unknown = await decide(PRIMARY, { isApproved: false }, true);
  assertEquals([unknown.decision, unknown.events, unknown.pending], [
    "agent-pending",
    ["agent-pending"],
    0,
  ]);
});
