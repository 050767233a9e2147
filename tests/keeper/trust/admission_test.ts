import fc from "fast-check";
import { FIRST_USE_EXPIRY_MS, MAX_ENROLLED_AGENTS } from "../../../keeper/limits.ts";
import { admitAgent } from "../../../keeper/trust/admission.ts";
import type { KnownAgentsState } from "../../../keeper/trust/known_agents_state.ts";
import { noteFindings } from "../../../keeper/trust/pass_findings.ts";
import { judgeAgent } from "../../../keeper/trust/trust_policy.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  contactOf,
  fingerprintOf,
  NODE,
  NOW_MS,
  pendingOf,
  pinOf,
  rulesOf,
  stateOf,
} from "./known_agents_fixtures.ts";

const STALE_MS = NOW_MS - FIRST_USE_EXPIRY_MS;
const PROOF = { enrolment: "valid" } as const;

Deno.test("admitAgent puts on record whom it trusts at first use, and where", () => {
  const state = stateOf({ pending: [pendingOf("a"), pendingOf("b", { address: "b:1" })] });
  const contact = contactOf("a", { component: "web", node: NODE });
  const { state: after } = admitAgent(state, contact, rulesOf({ trust: "first-use" }));
  assertEquals(after.pending.map(({ fingerprint }) => fingerprint), [fingerprintOf("b")]);
  assertEquals(after.agents, [
    pinOf("a", {
      component: "web",
      trust: "first-use",
      pinnedAtMs: NOW_MS,
      firstSeenMs: NOW_MS,
      lastSeenMs: NOW_MS,
      node: NODE,
    }),
  ]);
});

Deno.test("admitAgent raises a pin, and keeps when it was first seen", () => {
  const other = pinOf("b", { address: "b:1" });
  const state = stateOf({ agents: [pinOf("a", { firstSeenMs: 5 }), other] });
  const { state: after } = admitAgent(state, contactOf("a", PROOF), rulesOf({ trust: "pinned" }));
  assertEquals(after.agents, [
    other,
    pinOf("a", { trust: "enrolled", pinnedAtMs: NOW_MS, firstSeenMs: 5, lastSeenMs: NOW_MS }),
  ]);
});

Deno.test("admitAgent replaces the pin whose place an enrolled agent takes", () => {
  const state = stateOf({ agents: [pinOf("b"), pinOf("c", { app: "other" })] });
  const { state: after } = admitAgent(state, contactOf("a", PROOF), rulesOf());
  assertEquals(after.agents.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("c"),
    fingerprintOf("a"),
  ]);
});

Deno.test("admitAgent forgets the enrolled agent missed for longest where there are too many", () => {
  const agents = Array.from({ length: MAX_ENROLLED_AGENTS }, (_, i) => {
    const missingSinceMs = i < 2 ? 5 - i : null;
    return pinOf(`k${i}`, { trust: "enrolled", address: `k${i}:1`, missingSinceMs });
  });
  const { state: after } = admitAgent(stateOf({ agents }), contactOf("a", PROOF), rulesOf());
  const kept = new Set(after.agents.map(({ fingerprint }) => fingerprint));
  assertEquals(
    [kept.size, ...["k0", "k1", "a"].map((name) => kept.has(fingerprintOf(name)))],
    [MAX_ENROLLED_AGENTS, true, false, true],
  );
});

Deno.test("admitAgent lets the longest missed agent make room", () => {
  const agents = ["b", "c"].map((name, i) =>
    pinOf(name, {
      trust: "first-use",
      address: `203.0.113.${i + 2}:8888`,
      missingSinceMs: STALE_MS - i,
    })
  );
  const rules = rulesOf({ trust: "first-use" });
  const after = admitAgent(stateOf({ agents }), contactOf("a"), rules).state;
  assertEquals(after.agents.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("b"),
    fingerprintOf("a"),
  ]);
});

Deno.test("admitAgent changes nothing for an agent that gets no place", () => {
  const state = stateOf({ agents: [pinOf("b")] });
  const admission = admitAgent(state, contactOf("a"), rulesOf({ trust: "first-use" }));
  assertEquals(admission.state === state && admission.judgement.verdict, "refused");
});

Deno.test("admitAgent never gives more places than there are, whatever comes", () => {
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
        state = admitAgent(state, contact, rules).state;
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
