import { MAX_PENDING_AGENTS, MAX_RELAYED_AGENTS } from "../../../keeper/limits.ts";
import {
  type LookedFor,
  noteFindings,
  type PassFindings,
} from "../../../keeper/trust/pass_findings.ts";
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
    located: new Map(),
    pending: [],
    lookedFor: null,
    nowMs: NOW_MS,
    ...members,
  };
}

const HERE = "203.0.113.1:8888";

function looked(dialled: readonly string[], seen: readonly string[]): LookedFor {
  return { dialled: new Set(dialled), seen: new Set(seen.map(fingerprintOf)) };
}

function at(name: string, address: string): ReadonlyMap<string, string> {
  return new Map([[fingerprintOf(name), address]]);
}

Deno.test("noteFindings returns the same state where nothing is worth writing", () => {
  const state = stateOf({ agents: [pinOf("a")], pending: [pendingOf("b")] });
  const contact = contactOf("b");
  const pending = [{ contact, reason: "new" as const }];
  const trusted = [contactOf("a")];
  const lookedFor = looked([HERE], ["a"]);
  const findings = findingsOf({ trusted, located: at("a", HERE), pending, lookedFor });
  assertEquals(noteFindings(state, findings) === state, true);
});

Deno.test("noteFindings records a new address, component and time", () => {
  const state = stateOf({
    agents: [pinOf("a", { component: undefined, heardAt: "x:1", missingSinceMs: 5 })],
  });
  const contact = contactOf("a", { address: "198.51.100.9:1", component: "web" });
  const located = at("a", "198.51.100.9:1");
  assertEquals(noteFindings(state, findingsOf({ trusted: [contact], located })).agents, [
    pinOf("a", { address: "198.51.100.9:1", component: "web", lastSeenMs: NOW_MS }),
  ]);
});

Deno.test("noteFindings records no address where a contact was not completed", () => {
  const pins = [pinOf("a"), pinOf("a", { address: null, heardAt: "x:1" })];
  for (const pin of pins) {
    const contact = contactOf("a", { address: "198.51.100.9:1", component: null, node: NODE });
    const { agents } = noteFindings(stateOf({ agents: [pin] }), findingsOf({ trusted: [contact] }));
    assertEquals(agents, [{ ...pin, node: NODE, lastSeenMs: NOW_MS }]);
  }
});

Deno.test("noteFindings notes who was missed at the address that a pass dialled", () => {
  for (const place of [{}, { address: null, heardAt: HERE }]) {
    const state = stateOf({ agents: [pinOf("a", place)] });
    const missed = noteFindings(state, findingsOf({ lookedFor: looked([HERE], ["other"]) }));
    assertEquals(missed.agents[0]?.missingSinceMs, NOW_MS);
    const seen = noteFindings(state, findingsOf({ lookedFor: looked([HERE], ["a"]) }));
    assertEquals(seen === state, true);
  }
});

Deno.test("noteFindings misses nobody whose address the list left out, or who has none", () => {
  const lookedFor = looked(["x:1"], ["other"]);
  for (const place of [{}, { address: null }, { address: null, heardAt: HERE }]) {
    const state = stateOf({ agents: [pinOf("a", { trust: "first-use", ...place })] });
    assertEquals(noteFindings(state, findingsOf({ lookedFor })) === state, true);
  }
});

Deno.test("noteFindings keeps since when an agent is missed, also once its address is not listed", () => {
  const state = stateOf({ agents: [pinOf("a", { missingSinceMs: 5 })] });
  for (const dialled of [[HERE], ["x:1"]]) {
    const after = noteFindings(state, findingsOf({ lookedFor: looked(dialled, ["other"]) }));
    assertEquals(after.agents[0]?.missingSinceMs, 5);
  }
});

Deno.test("noteFindings misses nobody where nobody at all was reached, or in a part of a fleet", () => {
  const state = stateOf({ agents: [pinOf("a")] });
  assertEquals(noteFindings(state, findingsOf({ lookedFor: looked([HERE], []) })), state);
  assertEquals(noteFindings(state, findingsOf({ lookedFor: null })), state);
});

Deno.test("noteFindings has an address on record for one agent of an app, and misses the other", () => {
  const elsewhere = pinOf("c", { app: "other" });
  const state = stateOf({ agents: [pinOf("a"), pinOf("b", { address: "b:1" }), elsewhere] });
  const findings = findingsOf({ trusted: [contactOf("b")], located: at("b", HERE) });
  assertEquals(noteFindings(state, findings).agents, [
    pinOf("a", { address: null, missingSinceMs: NOW_MS }),
    pinOf("b", { lastSeenMs: NOW_MS }),
    elsewhere,
  ]);
});

Deno.test("noteFindings does not miss an agent that was seen elsewhere and lost its address", () => {
  const state = stateOf({ agents: [pinOf("a"), pinOf("b", { address: "b:1" })] });
  const trusted = [contactOf("a", { address: "x:1" }), contactOf("b")];
  const [agent] = noteFindings(state, findingsOf({ trusted, located: at("b", HERE) })).agents;
  assertEquals([agent?.address, agent?.missingSinceMs], [null, null]);
});

Deno.test("noteFindings has an address on record for the last of two agents that were there", () => {
  const agents = [pinOf("a", { address: "x:1" }), pinOf("b", { address: "y:1" })];
  const trusted = [contactOf("a"), contactOf("b")];
  const located = new Map([...at("b", HERE), ...at("a", HERE)]);
  const after = noteFindings(stateOf({ agents }), findingsOf({ trusted, located }));
  assertEquals(after.agents.map(({ address }) => address), [HERE, null]);
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

Deno.test("noteFindings lets no primary that lists ever new agents push out those of others", () => {
  let state = stateOf({
    pending: [
      pendingOf("direct", { address: "203.0.113.1:8888" }),
      pendingOf("other", { address: "203.0.113.9:8888/db" }),
    ],
  });
  for (let pass = 0; pass < 30; pass++) {
    const pending = Array.from({ length: MAX_RELAYED_AGENTS }, (_, i) => ({
      contact: contactOf(`k${pass}-${i}`, { address: `203.0.113.1:8888/c${pass}-${i}` }),
      reason: "new" as const,
    }));
    state = noteFindings(state, findingsOf({ pending, nowMs: NOW_MS + pass }));
  }
  const names = state.pending.map(({ fingerprint }) => fingerprint);
  assertEquals(names.length, MAX_RELAYED_AGENTS + 2);
  for (const name of ["direct", "other", "k29-0"]) {
    assertEquals(names.includes(fingerprintOf(name)), true);
  }
});

Deno.test("noteFindings notes where an agent says that it runs, and when it was first seen", () => {
  const unseen = { component: undefined, address: null, firstSeenMs: null, lastSeenMs: null };
  const state = stateOf({ agents: [pinOf("a", unseen)] });
  const contact = contactOf("a", { node: NODE });
  const findings = findingsOf({ trusted: [contact], located: at("a", HERE) });
  assertEquals(noteFindings(state, findings).agents, [
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

Deno.test("noteFindings knows an app however it is written, and keeps how it was", () => {
  const state = stateOf({
    agents: [pinOf("a", { missingSinceMs: 5 })],
    pending: [pendingOf("b", { address: "b:1" }), pendingOf("c", { address: "c:1" })],
  });
  const pending = [{ contact: contactOf("d", { address: "b:1" }), reason: "new" as const }];
  const trusted = [contactOf("a"), contactOf("c", { address: "c:1" })];
  const after = noteFindings(state, findingsOf({ app: "Demo", trusted, pending }));
  assertEquals(after.agents, [pinOf("a", { lastSeenMs: NOW_MS })]);
  assertEquals(after.pending.map(({ app, fingerprint }) => [app, fingerprint]), [
    ["demo", fingerprintOf("d")],
  ]);
});
