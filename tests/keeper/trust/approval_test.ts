import { approveAgents, forgetAgents } from "../../../keeper/trust/approval.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { fingerprintOf, NOW_MS, pendingOf, pinOf, stateOf } from "./known_agents_fixtures.ts";

const A = "aaaaaaaaaaaa";
const B = "aaaabbbbbbbb";

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

for (const selector of ["aaaaaaaa", "SHA256:aaaaaaaaa", "203.0.113.1:8888", fingerprintOf(A)]) {
  Deno.test(`approveAgents finds an agent by ${selector}`, () => {
    const state = stateOf({ pending: [pendingOf(A), pendingOf(B, { address: "b:1" })] });
    const { approved } = approveAgents(state, { selectors: [selector] }, NOW_MS);
    assertEquals(approved.map(({ fingerprint }) => fingerprint), [fingerprintOf(A)]);
  });
}

for (const selector of ["aaaaaaa", "SHA256:", "", "nobody-here", "*", "203.0.113.1"]) {
  Deno.test(`approveAgents finds nobody by ${JSON.stringify(selector)}`, () => {
    const state = stateOf({ pending: [pendingOf(A)] });
    assertThrows(() => approveAgents(state, { selectors: [selector] }, NOW_MS), ConfigError);
  });
}

Deno.test("approveAgents names both where a beginning means two", () => {
  const state = stateOf({
    pending: [pendingOf("aaaaaaaa1"), pendingOf("aaaaaaaa2", { address: "b:1" })],
  });
  const error = assertThrows(
    () => approveAgents(state, { selectors: ["aaaaaaaa"] }, NOW_MS),
    ConfigError,
  );
  assert(error.message.includes(fingerprintOf("aaaaaaaa1")), error.message);
  assert(error.message.includes(fingerprintOf("aaaaaaaa2")), error.message);
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

Deno.test("approveAgents takes the one that waits where an address has a pin too", () => {
  const state = stateOf({ agents: [pinOf(B)], pending: [pendingOf(A, { reason: "changed" })] });
  const { approved } = approveAgents(state, { selectors: ["203.0.113.1:8888"] }, NOW_MS);
  assertEquals(approved[0]?.fingerprint, fingerprintOf(A));
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
    pinOf(A, { component: undefined, address: null, pinnedAtMs: NOW_MS, lastSeenMs: null }),
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
