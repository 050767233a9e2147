import { FIRST_USE_EXPIRY_MS } from "../../../keeper/limits.ts";
import { countPlaces, judgeAgent, levelTimeMs } from "../../../keeper/trust/trust_policy.ts";
import { assertEquals } from "../../support/assert.ts";
import {
  contactOf,
  fingerprintOf,
  NOW_MS,
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
    sinceMs: NOW_MS - 1_000,
    news: null,
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

Deno.test("judgeAgent says which place an agent takes, and of how many", () => {
  const rules = rulesOf({ trust: "first-use", firstUseLimit: null, instances: 3 });
  const taken = pinOf("b", { trust: "first-use", address: "203.0.113.2:8888" });
  assertEquals(judgeAgent(stateOf({ agents: [taken] }), contactOf("a"), rules), {
    verdict: "trusted",
    ground: "first-use",
    sinceMs: NOW_MS,
    news: { kind: "first-use", place: 2, places: 3 },
  });
});

Deno.test("judgeAgent trusts nobody at first use while nobody said how many", () => {
  const rules = rulesOf({ trust: "first-use", firstUseLimit: null });
  assertEquals(judgeAgent(stateOf(), contactOf("a"), rules), {
    verdict: "pending",
    reason: "places-unknown",
  });
});

Deno.test("judgeAgent gives no place to an address that left the list", () => {
  const rules = rulesOf({ trust: "first-use", isListed: false });
  assertEquals(judgeAgent(stateOf(), contactOf("a"), rules), {
    verdict: "pending",
    reason: "not-listed",
  });
});

Deno.test("judgeAgent goes on trusting a pinned agent whose address left the list", () => {
  const rules = rulesOf({ trust: "first-use", isListed: false });
  const state = stateOf({ agents: [pinOf("a", { trust: "first-use" })] });
  assertEquals(judgeAgent(state, contactOf("a"), rules).verdict, "trusted");
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

const PLACES = [
  { name: "nothing is said", firstUseLimit: null, instances: null, expected: null },
  { name: "the operator says", firstUseLimit: 5, instances: null, expected: 5 },
  { name: "the network says", firstUseLimit: null, instances: 4, expected: 3 },
  { name: "the operator says less", firstUseLimit: 2, instances: 4, expected: 2 },
  { name: "the network says less", firstUseLimit: 9, instances: 4, expected: 3 },
  { name: "the app has no room left", firstUseLimit: 9, instances: 1, expected: 0 },
];

for (const { name, firstUseLimit, instances, expected } of PLACES) {
  Deno.test(`countPlaces returns ${expected} where ${name}`, () => {
    const agents = [
      pinOf("live", { address: "x:1" }),
      pinOf("missed", { address: "y:1", missingSinceMs: NOW_MS }),
      pinOf("unseen", { address: null, lastSeenMs: null }),
      pinOf("other", { address: "z:1", app: "other" }),
      pinOf("first", { address: "w:1", trust: "first-use" }),
    ];
    const rules = rulesOf({ firstUseLimit, instances });
    const holders = agents.filter((agent) => agent.trust === "first-use");
    const wanted = { address: "n:1", holders };
    assertEquals(countPlaces(stateOf({ agents }), rules, wanted), expected);
  });
}

const BEHIND = [
  { name: "nobody said", firstUseLimit: null, instances: 4, expected: null },
  { name: "the operator says", firstUseLimit: 9, instances: 4, expected: 9 },
];

for (const { name, firstUseLimit, instances, expected } of BEHIND) {
  Deno.test(`countPlaces returns ${expected} for an agent behind a primary where ${name}`, () => {
    const rules = rulesOf({ firstUseLimit, instances });
    const wanted = { address: "n:1/db", holders: [] };
    assertEquals(countPlaces(stateOf(), rules, wanted), expected);
  });
}

Deno.test("countPlaces does not count agents behind a primary among the instances", () => {
  const agents = [
    pinOf("primary", { address: "x:1" }),
    ...["db", "web"].map((name) => pinOf(name, { component: name, address: `x:1/${name}` })),
  ];
  const rules = rulesOf({ firstUseLimit: 9, instances: 4 });
  for (const [behind, expected] of [[0, 3], [2, 5], [8, 9]] as const) {
    const holders = Array.from({ length: behind }, (_, i) => {
      return pinOf(`h${i}`, { address: `x:1/h${i}`, trust: "first-use" });
    });
    const wanted = { address: "n:1", holders };
    assertEquals(countPlaces(stateOf({ agents }), rules, wanted), expected);
  }
});

Deno.test("judgeAgent gives an agent behind a primary no place by the number of instances", () => {
  const contact = contactOf("a", { component: "db", address: "x:1/db" });
  const agents = [pinOf("primary", { address: "x:1" })];
  for (const [firstUseLimit, expected] of [[null, "pending"], [1, "trusted"]] as const) {
    const rules = rulesOf({ trust: "first-use", firstUseLimit, instances: 100 });
    assertEquals(judgeAgent(stateOf({ agents }), contact, rules).verdict, expected);
  }
});

Deno.test("judgeAgent lets one address have a place for the primary and for each component", () => {
  const agents = ["x:1", "x:1/db"].map((address) => {
    return pinOf(address, { address, trust: "first-use", component: "db" });
  });
  const rules = rulesOf({ trust: "first-use", firstUseLimit: 3 });
  const verdictAt = (address: string) =>
    judgeAgent(stateOf({ agents }), contactOf("new", { address, component: "web" }), rules);
  assertEquals(verdictAt("x:1/web").verdict, "trusted");
  assertEquals(verdictAt("x:1/db"), { verdict: "refused", code: "identity-changed" });
  assertEquals(verdictAt("x:1"), { verdict: "refused", code: "identity-changed" });
});

const PROOF = { enrolment: "valid" } as const;

for (const trust of ["approve", "first-use"] as const) {
  Deno.test(`judgeAgent trusts under ${trust} a new agent that proves enrolment`, () => {
    const rules = rulesOf({ trust, firstUseLimit: 0, isListed: false });
    assertEquals(judgeAgent(stateOf(), contactOf("a", PROOF), rules), {
      verdict: "trusted",
      ground: "enrolled",
      sinceMs: NOW_MS,
      news: { kind: "enrolled", before: null, replaced: [] },
    });
  });
}

Deno.test("judgeAgent lets nobody new in by enrolment where only pinned ones are served", () => {
  assertEquals(judgeAgent(stateOf(), contactOf("a", PROOF), rulesOf({ trust: "pinned" })), {
    verdict: "refused",
    code: "rejected",
  });
});

for (const trust of ["approve", "first-use", "pinned"] as const) {
  for (const before of ["first-use", "approved"] as const) {
    Deno.test(`judgeAgent raises under ${trust} from ${before} who proves enrolment`, () => {
      const state = stateOf({ agents: [pinOf("a", { trust: before })] });
      assertEquals(judgeAgent(state, contactOf("a", PROOF), rulesOf({ trust })), {
        verdict: "trusted",
        ground: "enrolled",
        sinceMs: NOW_MS,
        news: { kind: "enrolled", before, replaced: [] },
      });
    });
  }

  Deno.test(`judgeAgent refuses under ${trust} a wrong proof, of a pinned agent too`, () => {
    const contact = contactOf("a", { enrolment: "invalid" });
    for (const agents of [[], [pinOf("a")], [pinOf("a", { trust: "enrolled" })]]) {
      assertEquals(judgeAgent(stateOf({ agents }), contact, rulesOf({ trust })), {
        verdict: "refused",
        code: "enrolment-invalid",
      });
    }
  });
}

Deno.test("judgeAgent has nothing new to say of an agent that is enrolled", () => {
  const state = stateOf({ agents: [pinOf("a", { trust: "enrolled" })] });
  for (const contact of [contactOf("a"), contactOf("a", PROOF)]) {
    const judgement = judgeAgent(state, contact, rulesOf());
    assertEquals(judgement, {
      verdict: "trusted",
      ground: "enrolled",
      sinceMs: NOW_MS - 1_000,
      news: null,
    });
  }
});

Deno.test("judgeAgent lets an enrolled agent take the place of the key at its address", () => {
  for (const trust of ["first-use", "approved", "enrolled"] as const) {
    const state = stateOf({ agents: [pinOf("b", { trust })] });
    const judgement = judgeAgent(state, contactOf("a", PROOF), rulesOf());
    assertEquals(judgement.verdict === "trusted" && judgement.news, {
      kind: "enrolled",
      before: null,
      replaced: [fingerprintOf("b")],
    });
  }
});

const TAKEOVERS = [
  { name: "the place of another component", pin: pinOf("b"), code: "identity-changed" },
  {
    name: "the pin of its key as another component",
    pin: pinOf("a", { component: "db" }),
    code: "identity-mismatch",
  },
  {
    name: "the pin of its key for another app",
    pin: pinOf("a", { app: "other", component: "web" }),
    code: "identity-mismatch",
  },
] as const;

for (const { name, pin, code } of TAKEOVERS) {
  Deno.test(`judgeAgent lets no enrolment take over ${name}`, () => {
    for (const enrolment of ["valid", "invalid"] as const) {
      const contact = contactOf("a", { component: "web", enrolment });
      const isWrong = enrolment === "invalid" && code === "identity-changed";
      assertEquals(judgeAgent(stateOf({ agents: [pin] }), contact, rulesOf()), {
        verdict: "refused",
        code: isWrong ? "enrolment-invalid" : code,
      });
    }
  });
}

Deno.test("levelTimeMs is later than all that the agent may have seen", () => {
  const seen = { component: null, digest: "00".repeat(32) };
  const state = stateOf({
    revisions: [
      { ...seen, app: "demo", revision: NOW_MS + 50 },
      { ...seen, app: "demo", component: "db", revision: NOW_MS + 70 },
      { ...seen, app: "other", revision: NOW_MS + 90 },
    ],
  });
  const agent = { app: "demo", component: null };
  assertEquals(levelTimeMs(stateOf(), agent, NOW_MS), NOW_MS);
  assertEquals(levelTimeMs(state, agent, NOW_MS), NOW_MS + 51);
  assertEquals(levelTimeMs(state, { ...agent, pinnedAtMs: NOW_MS + 60 }, NOW_MS), NOW_MS + 61);
  assertEquals(levelTimeMs(state, { app: "demo", component: undefined }, NOW_MS), NOW_MS + 71);
});

Deno.test("judgeAgent takes an app for the same however it is written", () => {
  const agents = [pinOf("a"), pinOf("b", { trust: "first-use", address: "203.0.113.2:8888" })];
  const state = stateOf({ agents });
  const rules = rulesOf({ app: "Demo", trust: "first-use", firstUseLimit: 1 });
  assertEquals(judgeAgent(state, contactOf("a", { app: "DEMO" }), rules).verdict, "trusted");
  assertEquals(judgeAgent(state, contactOf("c"), rules), {
    verdict: "refused",
    code: "identity-changed",
  });
  assertEquals(judgeAgent(state, contactOf("c", { address: "c:1" }), rules), {
    verdict: "pending",
    reason: "places-taken",
  });
});

Deno.test("levelTimeMs counts the revisions of an app however it is written", () => {
  const revision = { app: "demo", component: null, revision: NOW_MS + 7, digest: "00".repeat(32) };
  const state = stateOf({ revisions: [revision] });
  assertEquals(levelTimeMs(state, { app: "Demo", component: null }, NOW_MS), NOW_MS + 8);
});

Deno.test("judgeAgent takes a key for no changed one where another was heard and never served", () => {
  const heard = pinOf("b", { address: null, heardAt: contactOf("a").address, trust: "first-use" });
  const state = stateOf({ agents: [heard] });
  const judge = (trust: "approve" | "first-use" | "pinned") =>
    judgeAgent(state, contactOf("a"), rulesOf({ trust, firstUseLimit: 1 }));
  assertEquals(judge("approve"), { verdict: "pending", reason: "new" });
  assertEquals(judge("pinned"), { verdict: "refused", code: "rejected" });
  assertEquals(judge("first-use").verdict, "trusted");
  const elsewhere = contactOf("a", { address: "a:1" });
  assertEquals(judgeAgent(state, elsewhere, rulesOf({ trust: "first-use", firstUseLimit: 1 })), {
    verdict: "pending",
    reason: "places-taken",
  });
});
