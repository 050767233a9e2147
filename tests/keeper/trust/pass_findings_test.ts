import { MAX_PENDING_AGENTS } from "../../../keeper/limits.ts";
import { noteFindings, type PassFindings } from "../../../keeper/trust/pass_findings.ts";
import { assertEquals } from "../../support/assert.ts";
import {
  contactOf,
  fingerprintOf,
  NODE,
  NOW_MS,
  pendingOf,
  pinOf,
  stateOf,
} from "./known_agents_fixtures.ts";

function findingsOf(members: Partial<PassFindings>): PassFindings {
  return {
    app: "demo",
    trusted: [],
    pending: [],
    seenInFleet: null,
    nowMs: NOW_MS,
    ...members,
  };
}

Deno.test("noteFindings returns the same state where nothing is worth writing", () => {
  const state = stateOf({ agents: [pinOf("a")], pending: [pendingOf("b")] });
  const contact = contactOf("b");
  const pending = [{ contact, reason: "new" as const }];
  const seenInFleet = new Set([fingerprintOf("a")]);
  assertEquals(
    noteFindings(state, findingsOf({ trusted: [contactOf("a")], pending, seenInFleet })) === state,
    true,
  );
});

Deno.test("noteFindings records a new address, component and time", () => {
  const state = stateOf({ agents: [pinOf("a", { component: undefined, missingSinceMs: 5 })] });
  const contact = contactOf("a", { address: "198.51.100.9:1", component: "web" });
  assertEquals(noteFindings(state, findingsOf({ trusted: [contact] })).agents, [
    pinOf("a", { address: "198.51.100.9:1", component: "web", lastSeenMs: NOW_MS }),
  ]);
});

Deno.test("noteFindings notes who was missed in a pass over the whole fleet", () => {
  const state = stateOf({ agents: [pinOf("a")] });
  const missed = noteFindings(state, findingsOf({ seenInFleet: new Set(["other"]) }));
  assertEquals(missed.agents[0]?.missingSinceMs, NOW_MS);
});

Deno.test("noteFindings misses nobody where nobody at all was reached, or in a part of a fleet", () => {
  const state = stateOf({ agents: [pinOf("a")] });
  assertEquals(noteFindings(state, findingsOf({ seenInFleet: new Set() })), state);
  assertEquals(noteFindings(state, findingsOf({ seenInFleet: null })), state);
});

Deno.test("noteFindings keeps one waiting agent for each address", () => {
  const state = stateOf({ pending: [pendingOf("a")] });
  const pending = [{ contact: contactOf("b"), reason: "changed" as const }];
  const after = noteFindings(state, findingsOf({ pending }));
  assertEquals(after.pending, [
    pendingOf("b", { reason: "changed", firstSeenMs: NOW_MS, lastSeenMs: NOW_MS }),
  ]);
});

Deno.test("noteFindings strikes an agent that is trusted now off those that wait", () => {
  const state = stateOf({ agents: [pinOf("a")], pending: [pendingOf("a"), pendingOf("b")] });
  const after = noteFindings(state, findingsOf({ trusted: [contactOf("a")] }));
  assertEquals(after.pending.map(({ fingerprint }) => fingerprint), [fingerprintOf("b")]);
});

Deno.test("noteFindings bounds how many may wait", () => {
  const pending = Array.from({ length: MAX_PENDING_AGENTS + 5 }, (_, i) => ({
    contact: contactOf(`k${i}`, { address: `10.0.${i >> 8}.${i & 255}:8888` }),
    reason: "new" as const,
  }));
  const after = noteFindings(stateOf(), findingsOf({ pending }));
  assertEquals(after.pending.length, MAX_PENDING_AGENTS);
});

Deno.test("noteFindings notes where an agent says that it runs, and when it was first seen", () => {
  const unseen = { component: undefined, address: null, firstSeenMs: null, lastSeenMs: null };
  const state = stateOf({ agents: [pinOf("a", unseen)] });
  const contact = contactOf("a", { node: NODE });
  assertEquals(noteFindings(state, findingsOf({ trusted: [contact] })).agents, [
    pinOf("a", { node: NODE, firstSeenMs: NOW_MS, lastSeenMs: NOW_MS }),
  ]);
});

Deno.test("noteFindings does not make up when an agent was first seen", () => {
  const state = stateOf({ agents: [pinOf("a", { firstSeenMs: null })] });
  const contact = contactOf("a", { node: NODE });
  const [agent] = noteFindings(state, findingsOf({ trusted: [contact] })).agents;
  assertEquals([agent?.firstSeenMs, agent?.node], [null, NODE]);
});

Deno.test("noteFindings notes where a waiting agent says that it runs", () => {
  const state = stateOf({ pending: [pendingOf("a")] });
  const pending = [{ contact: contactOf("a", { node: NODE }), reason: "new" as const }];
  assertEquals(noteFindings(state, findingsOf({ pending })).pending, [
    pendingOf("a", { lastSeenMs: NOW_MS, node: NODE }),
  ]);
});
