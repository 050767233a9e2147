import fc from "fast-check";
import { FIRST_USE_EXPIRY_MS, MAX_ENROLLED_AGENTS } from "../../../keeper/limits.ts";
import { admitAgent } from "../../../keeper/trust/admission.ts";
import type { KnownAgent, KnownAgentsState } from "../../../keeper/trust/known_agents_state.ts";
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
const HOSTS = Array.from({ length: 6 }, (_, host) => `203.0.113.${host}:8888`);

Deno.test("admitAgent puts on record whom it trusts at first use, but not its address", () => {
  const state = stateOf({ pending: [pendingOf("a"), pendingOf("b", { address: "b:1" })] });
  const contact = contactOf("a", { component: "web", node: NODE });
  const { state: after } = admitAgent(state, contact, rulesOf({ trust: "first-use" }));
  assertEquals(after.pending.map(({ fingerprint }) => fingerprint), [fingerprintOf("b")]);
  assertEquals(after.agents, [
    pinOf("a", {
      component: "web",
      address: null,
      heardAt: contact.address,
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

Deno.test("admitAgent raises a pin that has no address, and says where it was heard", () => {
  const unseen = { component: undefined, address: null, firstSeenMs: null, lastSeenMs: null };
  const state = stateOf({ agents: [pinOf("a", unseen)] });
  const [agent] = admitAgent(state, contactOf("a", PROOF), rulesOf()).state.agents;
  assertEquals([agent?.address, agent?.heardAt], [null, contactOf("a").address]);
});

Deno.test("admitAgent moves no pin to the address where it is raised", () => {
  const state = stateOf({ agents: [pinOf("a", { address: "a:1" })] });
  const [agent] = admitAgent(state, contactOf("a", PROOF), rulesOf()).state.agents;
  assertEquals([agent?.address, agent?.heardAt, agent?.trust], ["a:1", null, "enrolled"]);
});

Deno.test("admitAgent gives an address one place, whatever keys it shows", () => {
  const rules = rulesOf({ trust: "first-use" });
  let state: KnownAgentsState = stateOf();
  for (const name of ["a", "b", "c"]) {
    const admission = admitAgent(state, contactOf(name), rules);
    const { judgement } = admission;
    const news = { kind: "first-use", place: 1, places: 2 };
    assertEquals<unknown>(judgement.verdict === "trusted" && judgement.news, news);
    state = admission.state;
    assertEquals(state.agents.map(({ fingerprint }) => fingerprint), [fingerprintOf(name)]);
  }
});

Deno.test("admitAgent lets an enrolled agent that never completed a contact make room", () => {
  const place = { address: null, heardAt: contactOf("a").address, trust: "enrolled" } as const;
  const other = pinOf("c", { ...place, component: "db" });
  const state = stateOf({ agents: [pinOf("b", place), other] });
  const { state: after, judgement } = admitAgent(state, contactOf("a", PROOF), rulesOf());
  assertEquals(after.agents.map(({ fingerprint }) => fingerprint), ["c", "a"].map(fingerprintOf));
  assertEquals<unknown>(judgement.verdict === "trusted" && judgement.news, {
    kind: "enrolled",
    before: null,
    replaced: [fingerprintOf("b")],
  });
});

/** As many enrolled agents as are remembered, or more; the first ones were not seen for longest. */
function enrolledAgents(
  count: number,
  membersOf: (i: number) => Partial<KnownAgent> = () => ({}),
): KnownAgent[] {
  return Array.from({ length: count }, (_, i) => {
    const seen = { address: `k${i}:1`, lastSeenMs: NOW_MS - 2 * count + i };
    return pinOf(`k${i}`, { trust: "enrolled", ...seen, ...membersOf(i) });
  });
}

/** Enrols one more, and says who of these is on record then. */
function keptOf(agents: readonly KnownAgent[], names: readonly string[]): unknown[] {
  const { state: after } = admitAgent(stateOf({ agents }), contactOf("a", PROOF), rulesOf());
  const kept = new Set(after.agents.map(({ fingerprint }) => fingerprint));
  return [kept.size, ...names.map((name) => kept.has(fingerprintOf(name)))];
}

Deno.test("admitAgent forgets the enrolled agent missed for longest where there are too many", () => {
  const agents = enrolledAgents(MAX_ENROLLED_AGENTS, (i) => {
    return { missingSinceMs: i === 1 || i === 2 ? 9 - i : null };
  });
  const expected = [MAX_ENROLLED_AGENTS, true, true, false, true];
  assertEquals(keptOf(agents, ["k0", "k1", "k2", "a"]), expected);
});

Deno.test("admitAgent forgets the enrolled agent seen longest ago where nobody is missed", () => {
  const agents = enrolledAgents(MAX_ENROLLED_AGENTS);
  assertEquals(keptOf(agents, ["k0", "k1", "a"]), [MAX_ENROLLED_AGENTS, false, true, true]);
});

Deno.test("admitAgent lets one make room for one where an import brought too many", () => {
  const count = MAX_ENROLLED_AGENTS + 50;
  assertEquals(keptOf(enrolledAgents(count), ["k0", "k1", "a"]), [count, false, true, true]);
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
    isCompleted: fc.boolean(),
    pauseMs: fc.constantFrom(0, FIRST_USE_EXPIRY_MS / 2, FIRST_USE_EXPIRY_MS),
  });
  fc.assert(fc.property(
    fc.array(step, { maxLength: 40 }),
    fc.integer({ min: 1, max: 4 }),
    (steps, firstUseLimit) => {
      let state: KnownAgentsState = stateOf({ agents: [pinOf("approved", { address: "x:1" })] });
      let nowMs = NOW_MS;
      for (const { key, host, isCompleted, pauseMs } of steps) {
        nowMs += pauseMs;
        const rules = rulesOf({ trust: "first-use", firstUseLimit, nowMs });
        const contact = contactOf(`key-${key}`, { address: HOSTS[host] ?? "" });
        state = admitAgent(state, contact, rules).state;
        const isTrusted = judgeAgent(state, contact, rules).verdict === "trusted";
        const trusted = isTrusted ? [contact] : [];
        state = noteFindings(state, {
          app: "demo",
          trusted,
          located: new Map(
            isTrusted && isCompleted ? [[contact.fingerprint, contact.address]] : [],
          ),
          pending: [],
          lookedFor: {
            dialled: new Set(HOSTS),
            seen: new Set(isTrusted ? [contact.fingerprint] : ["nobody"]),
          },
          nowMs,
        });
        const places = state.agents.filter(({ trust }) => trust === "first-use").length;
        assert(places <= firstUseLimit, `${places} places`);
        assert(state.agents.some(({ trust }) => trust === "approved"));
      }
    },
  ));
});

Deno.test("admitAgent knows an app however it is written, and keeps how it was", () => {
  const state = stateOf({ agents: [pinOf("a")], pending: [pendingOf("a")] });
  const rules = rulesOf({ app: "Demo" });
  const { state: after } = admitAgent(state, contactOf("a", PROOF), rules);
  assertEquals(after.agents.map(({ app, trust }) => [app, trust]), [["demo", "enrolled"]]);
  assertEquals(after.pending, []);
});

Deno.test("admitAgent makes room among the agents of an app however it is written", () => {
  const stale = pinOf("b", { trust: "first-use", address: "b:1", missingSinceMs: STALE_MS });
  const rules = rulesOf({ app: "Demo", trust: "first-use", firstUseLimit: 1 });
  const { state } = admitAgent(stateOf({ agents: [stale] }), contactOf("a"), rules);
  assertEquals(state.agents.map(({ fingerprint }) => fingerprint), [fingerprintOf("a")]);
});
