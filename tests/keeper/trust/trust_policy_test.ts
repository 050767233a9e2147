import fc from "fast-check";
import { FIRST_USE_EXPIRY_MS, MAX_PENDING_AGENTS } from "../../../keeper/limits.ts";
import type { KnownAgentsState } from "../../../keeper/trust/known_agents_state.ts";
import {
  judgeAgent,
  noteFindings,
  type PassFindings,
  pinAtFirstUse,
} from "../../../keeper/trust/trust_policy.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  contactOf,
  fingerprintOf,
  NOW_MS,
  pendingOf,
  pinOf,
  rulesOf,
  stateOf,
} from "./known_agents_fixtures.ts";

const STALE_MS = NOW_MS - FIRST_USE_EXPIRY_MS;

Deno.test("judgeAgent trusts a pinned key wherever it is", () => {
  const state = stateOf({ agents: [pinOf("a")] });
  const contact = contactOf("a", { address: "198.51.100.1:8888" });
  assertEquals(judgeAgent(state, contact, rulesOf({ trust: "pinned" })), {
    verdict: "trusted",
    ground: "approved",
    isNew: false,
  });
});

Deno.test("judgeAgent lets a new agent wait", () => {
  assertEquals(judgeAgent(stateOf(), contactOf("a"), rulesOf()), {
    verdict: "pending",
    reason: "new",
  });
});

Deno.test("judgeAgent trusts a new agent at first use while there is a place", () => {
  const rules = rulesOf({ trust: "first-use" });
  const taken = pinOf("b", { trust: "first-use", address: "203.0.113.2:8888" });
  assertEquals(judgeAgent(stateOf({ agents: [taken] }), contactOf("a"), rules).verdict, "trusted");
  const other = pinOf("c", { trust: "first-use", address: "203.0.113.3:8888" });
  assertEquals(judgeAgent(stateOf({ agents: [taken, other] }), contactOf("a"), rules), {
    verdict: "pending",
    reason: "places-taken",
  });
});

Deno.test("judgeAgent counts neither approved agents nor those of other apps as places", () => {
  const agents = [
    pinOf("b", { address: "203.0.113.2:8888" }),
    pinOf("c", { address: "203.0.113.3:8888", trust: "first-use", app: "other" }),
  ];
  const rules = rulesOf({ trust: "first-use", firstUseLimit: 1 });
  assertEquals(judgeAgent(stateOf({ agents }), contactOf("a"), rules).verdict, "trusted");
});

const REFUSALS = [
  {
    name: "another key at a recorded address",
    state: stateOf({ agents: [pinOf("b")] }),
    contact: contactOf("a"),
    code: "identity-changed",
  },
  {
    name: "a pinned key that says to be another component",
    state: stateOf({ agents: [pinOf("a", { component: "web" })] }),
    contact: contactOf("a", { component: "db" }),
    code: "identity-mismatch",
  },
  {
    name: "a key that is pinned for another app",
    state: stateOf({ agents: [pinOf("a", { app: "other" })] }),
    contact: contactOf("a"),
    code: "identity-mismatch",
  },
  {
    name: "an agent that says to belong to another app",
    state: stateOf({ agents: [pinOf("a")] }),
    contact: contactOf("a", { app: "other" }),
    code: "app-mismatch",
  },
] as const;

for (const { name, state, contact, code } of REFUSALS) {
  for (const trust of ["approve", "first-use", "pinned"] as const) {
    Deno.test(`judgeAgent refuses under ${trust} ${name}`, () => {
      assertEquals(judgeAgent(state, contact, rulesOf({ trust })), { verdict: "refused", code });
    });
  }
}

Deno.test("judgeAgent turns a new agent away where only pinned ones are served", () => {
  assertEquals(judgeAgent(stateOf(), contactOf("a"), rulesOf({ trust: "pinned" })), {
    verdict: "refused",
    code: "rejected",
  });
});

Deno.test("judgeAgent takes the name of an app in any case", () => {
  const state = stateOf({ agents: [pinOf("a")] });
  assertEquals(judgeAgent(state, contactOf("a", { app: "DEMO" }), rulesOf()).verdict, "trusted");
});

Deno.test("judgeAgent accepts any component of an agent approved before it was seen", () => {
  const state = stateOf({ agents: [pinOf("a", { component: undefined, address: null })] });
  const contact = contactOf("a", { component: "web" });
  assertEquals(judgeAgent(state, contact, rulesOf()).verdict, "trusted");
});

Deno.test("judgeAgent does not carry trust of agents without an app over to an app", () => {
  const state = stateOf({ agents: [pinOf("a", { app: null, trust: "first-use" })] });
  assertEquals(judgeAgent(state, contactOf("a"), rulesOf()).verdict, "pending");
});

Deno.test("judgeAgent frees a first-use place and its address after three hours", () => {
  const agents = [pinOf("b", { trust: "first-use", missingSinceMs: STALE_MS })];
  const rules = rulesOf({ trust: "first-use", firstUseLimit: 1 });
  assertEquals(judgeAgent(stateOf({ agents }), contactOf("a"), rules).verdict, "trusted");
  const early = { ...rules, nowMs: NOW_MS - 1 };
  assertEquals(judgeAgent(stateOf({ agents }), contactOf("a"), early).verdict, "refused");
});

Deno.test("judgeAgent keeps the address of an approved agent however long it was missed", () => {
  const agents = [pinOf("b", { missingSinceMs: 0 })];
  const rules = rulesOf({ trust: "first-use" });
  assertEquals(judgeAgent(stateOf({ agents }), contactOf("a"), rules).verdict, "refused");
});

Deno.test("judgeAgent still trusts a key that was missed while nobody took its place", () => {
  const agents = [pinOf("a", { trust: "first-use", missingSinceMs: STALE_MS })];
  const rules = rulesOf({ trust: "first-use" });
  assertEquals(judgeAgent(stateOf({ agents }), contactOf("a"), rules).verdict, "trusted");
});

Deno.test("pinAtFirstUse lets the longest missed agent make room", () => {
  const agents = ["b", "c"].map((name, i) =>
    pinOf(name, {
      trust: "first-use",
      address: `203.0.113.${i + 2}:8888`,
      missingSinceMs: STALE_MS - i,
    })
  );
  const rules = rulesOf({ trust: "first-use" });
  const after = pinAtFirstUse(stateOf({ agents }), contactOf("a"), rules);
  assertEquals(after.agents.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("b"),
    fingerprintOf("a"),
  ]);
});

Deno.test("pinAtFirstUse changes nothing for an agent that gets no place", () => {
  const state = stateOf({ agents: [pinOf("b")] });
  assertEquals(pinAtFirstUse(state, contactOf("a"), rulesOf({ trust: "first-use" })), state);
});

Deno.test("pinAtFirstUse never gives more places than there are, whatever comes", () => {
  const step = fc.record({
    key: fc.nat({ max: 9 }),
    host: fc.nat({ max: 5 }),
    pauseMs: fc.constantFrom(0, FIRST_USE_EXPIRY_MS / 2, FIRST_USE_EXPIRY_MS),
  });
  fc.assert(fc.property(
    fc.array(step, { maxLength: 40 }),
    fc.integer({ min: 1, max: 4 }),
    (steps, firstUseLimit) => {
      let state: KnownAgentsState = stateOf({ agents: [pinOf("approved", { address: "x:1" })] });
      let nowMs = NOW_MS;
      for (const { key, host, pauseMs } of steps) {
        nowMs += pauseMs;
        const rules = rulesOf({ trust: "first-use", firstUseLimit, nowMs });
        const contact = contactOf(`key-${key}`, { address: `203.0.113.${host}:8888` });
        state = pinAtFirstUse(state, contact, rules);
        const isTrusted = judgeAgent(state, contact, rules).verdict === "trusted";
        const seenInFleet = new Set(isTrusted ? [contact.fingerprint] : ["nobody"]);
        const trusted = isTrusted ? [contact] : [];
        state = noteFindings(state, { app: "demo", trusted, pending: [], seenInFleet, nowMs });
        const places = state.agents.filter(({ trust }) => trust === "first-use").length;
        assert(places <= firstUseLimit, `${places} places`);
        assert(state.agents.some(({ trust }) => trust === "approved"));
      }
    },
  ));
});

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
