import { approveAgents, forgetAgents } from "../../../keeper/trust/approval.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { fingerprintOf, NODE, NOW_MS, pendingOf, pinOf, stateOf } from "./known_agents_fixtures.ts";

const A = "a".repeat(20);
const B = `aaaa${"b".repeat(16)}`;
const SHORTEST = "a".repeat(16);
const UNSEEN = { component: undefined, address: null, firstSeenMs: null, lastSeenMs: null };

Deno.test("approveAgents pins an agent that waits", () => {
  const state = stateOf({ pending: [pendingOf(A), pendingOf(B, { address: "b:1" })] });
  const { state: after, approved } = approveAgents(
    state,
    { selectors: [fingerprintOf(A)] },
    NOW_MS,
  );
  const pin = pinOf(A, { pinnedAtMs: NOW_MS });
  assertEquals(approved, [pin]);
  assertEquals(after, stateOf({ agents: [pin], pending: [pendingOf(B, { address: "b:1" })] }));
});

for (const selector of [SHORTEST, `SHA256:${SHORTEST}a`, fingerprintOf(A)]) {
  Deno.test(`approveAgents finds an agent by ${selector}`, () => {
    const state = stateOf({ pending: [pendingOf(A), pendingOf(B, { address: "b:1" })] });
    const { approved } = approveAgents(state, { selectors: [selector] }, NOW_MS);
    assertEquals(approved.map(({ fingerprint }) => fingerprint), [fingerprintOf(A)]);
  });
}

for (const selector of [SHORTEST.slice(1), "SHA256:", "", "nobody-here", "*", "203.0.113.1"]) {
  Deno.test(`approveAgents finds nobody by ${JSON.stringify(selector)}`, () => {
    const state = stateOf({ pending: [pendingOf(A)] });
    assertThrows(() => approveAgents(state, { selectors: [selector] }, NOW_MS), ConfigError);
  });
}

Deno.test("approveAgents names both where a beginning means two", () => {
  const state = stateOf({
    pending: [pendingOf(`${SHORTEST}1`), pendingOf(`${SHORTEST}2`, { address: "b:1" })],
  });
  const error = assertThrows(
    () => approveAgents(state, { selectors: [SHORTEST] }, NOW_MS),
    ConfigError,
  );
  assert(error.message.includes(fingerprintOf(`${SHORTEST}1`)), error.message);
  assert(error.message.includes(fingerprintOf(`${SHORTEST}2`)), error.message);
});

Deno.test("approveAgents tells apps apart", () => {
  const state = stateOf({
    pending: [pendingOf(A), pendingOf(A, { app: "other", address: "b:1" })],
  });
  const selectors = [fingerprintOf(A)];
  assertThrows(() => approveAgents(state, { selectors }, NOW_MS), ConfigError);
  const { approved, state: after } = approveAgents(state, { selectors, app: "other" }, NOW_MS);
  assertEquals([approved[0]?.app, after.pending.length], ["other", 1]);
});

Deno.test("approveAgents replaces another key at the same address", () => {
  const state = stateOf({ agents: [pinOf(B)], pending: [pendingOf(A, { reason: "changed" })] });
  const { state: after, replaced } = approveAgents(state, { selectors: [A] }, NOW_MS);
  assertEquals(replaced, [pinOf(B)]);
  assertEquals(after.agents, [pinOf(A, { pinnedAtMs: NOW_MS })]);
});

Deno.test("approveAgents approves nobody by an address, and says which keys are known there", () => {
  const state = stateOf({ agents: [pinOf(B)], pending: [pendingOf(A, { reason: "changed" })] });
  const approve = (app?: string) =>
    assertThrows(
      () => approveAgents(state, { selectors: ["203.0.113.1:8888"], app }, NOW_MS),
      ConfigError,
    );
  const known = `Known there: ${fingerprintOf(A)} waits, ${fingerprintOf(B)} is trusted.`;
  assert(approve().hint?.endsWith(known), approve().hint);
  assert(!approve("other").hint?.includes("Known there"));
});

Deno.test("approveAgents knows an app however it is written, and keeps how it was", () => {
  const state = stateOf({ agents: [pinOf(B)], pending: [pendingOf(A, { app: "Demo" })] });
  const selection = { selectors: [fingerprintOf(A)], app: "DEMO" };
  const { state: after, replaced } = approveAgents(state, selection, NOW_MS);
  assertEquals([after.agents.map(({ app }) => app), replaced], [["Demo"], [pinOf(B)]]);
  const known = approveAgents(after, { ...selection, app: "demo" }, NOW_MS).state;
  assertEquals(known.agents, after.agents);
});

Deno.test("forgetAgents forgets the pin and what waits however their app is written", () => {
  const state = stateOf({ agents: [pinOf(A)], pending: [pendingOf(A, { app: "Demo" })] });
  const { state: after } = forgetAgents(state, { selectors: [A], app: "DEMO" });
  assertEquals(after, stateOf());
});

Deno.test("approveAgents raises an agent trusted at first use", () => {
  const state = stateOf({ agents: [pinOf(A, { trust: "first-use" })] });
  const { state: after } = approveAgents(state, { selectors: [A] }, NOW_MS);
  assertEquals(after.agents, [pinOf(A, { pinnedAtMs: NOW_MS })]);
});

Deno.test("approveAgents takes the whole fingerprint of an agent that was never seen", () => {
  const selectors = [fingerprintOf(A)];
  const { state: after } = approveAgents(stateOf(), { selectors, app: "demo" }, NOW_MS);
  assertEquals(after.agents, [
    pinOf(A, { ...UNSEEN, pinnedAtMs: NOW_MS }),
  ]);
});

Deno.test("approveAgents does all or nothing", () => {
  const state = stateOf({ pending: [pendingOf(A)] });
  assertThrows(() => approveAgents(state, { selectors: [A, "nobody-here"] }, NOW_MS), ConfigError);
  assertEquals(state.pending.length, 1);
});

Deno.test("forgetAgents forgets the pin and what waits", () => {
  const other = pinOf(B, { address: "b:1" });
  const state = stateOf({ agents: [pinOf(A), other], pending: [pendingOf(A)] });
  const { state: after, forgotten } = forgetAgents(state, { selectors: [A] });
  assertEquals(after, stateOf({ agents: [other] }));
  assertEquals(forgotten.length, 2);
});

Deno.test("forgetAgents finds nobody where nobody is", () => {
  assertThrows(() => forgetAgents(stateOf(), { selectors: [fingerprintOf(A)] }), ConfigError);
});

Deno.test("approveAgents leaves an enrolled agent as it is", () => {
  const state = stateOf({ agents: [pinOf(A, { trust: "enrolled" })] });
  const { state: after } = approveAgents(state, { selectors: [A] }, NOW_MS);
  assertEquals(after.agents, state.agents);
});

Deno.test("approveAgents raises to a time later than what the agent had, whatever the clock", () => {
  const revision = { app: "demo", component: null, revision: NOW_MS + 7, digest: "00".repeat(32) };
  const agents = [pinOf(A, { trust: "first-use" })];
  const state = stateOf({ agents, revisions: [revision] });
  const { approved } = approveAgents(state, { selectors: [A] }, NOW_MS);
  assertEquals(approved[0]?.pinnedAtMs, NOW_MS + 8);
});

Deno.test("approveAgents keeps what is known of an agent that waited", () => {
  const pending = pendingOf(A, { component: "web", node: NODE, firstSeenMs: 3, lastSeenMs: 9 });
  const { approved } = approveAgents(stateOf({ pending: [pending] }), { selectors: [A] }, NOW_MS);
  const seen = { component: "web", node: NODE, firstSeenMs: 3, lastSeenMs: 9 };
  assertEquals(approved, [pinOf(A, { ...seen, pinnedAtMs: NOW_MS })]);
});

Deno.test("approveAgents approves for no app what waits for none", () => {
  const state = stateOf({
    pending: [pendingOf(A), pendingOf(A, { app: null, address: "b:1" })],
  });
  const { approved } = approveAgents(state, { selectors: [A], app: null }, NOW_MS);
  assertEquals(approved.map(({ app, address }) => [app, address]), [[null, "b:1"]]);
});

Deno.test("approveAgents takes no address where one key waits at several, whichever comes first", () => {
  const rows = [pendingOf(A, { address: "relay:1" }), pendingOf(A, { app: "DEMO" })];
  const other = pendingOf(A, { app: "other", address: "other:1" });
  const replaced = pinOf(B);
  for (const pending of [rows, rows.toReversed()]) {
    const state = stateOf({ agents: [replaced], pending: [...pending, other] });
    const selection = { selectors: [fingerprintOf(A)], app: "demo" };
    const { approved, state: after } = approveAgents(state, selection, NOW_MS);
    assertEquals(approved.map(({ address }) => address), [null]);
    assertEquals([after.pending, after.agents.length], [[other], 2]);
  }
});
