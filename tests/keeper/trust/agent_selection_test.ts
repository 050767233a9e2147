import fc from "fast-check";
import { base64urlnopad } from "@scure/base";
import {
  findByFingerprint,
  readWholeFingerprint,
  selectAgents,
} from "../../../keeper/trust/agent_selection.ts";
import { ConfigError, fingerprintGroups } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { fingerprintOf, pendingOf, pinOf, stateOf } from "./known_agents_fixtures.ts";

const A = "a".repeat(20);
const B = "b".repeat(20);
const BEGINNING = "a".repeat(16);
const STATE = stateOf({ agents: [pinOf(A)], pending: [pendingOf(B, { address: "b:1" })] });
const GROUPS = fingerprintGroups(fingerprintOf(A));

const FORMS = {
  "the groups": GROUPS,
  "the groups in capitals with spaces": GROUPS.toUpperCase().replaceAll("-", " "),
  "the groups in one": GROUPS.replaceAll("-", ""),
  "four groups": GROUPS.slice(0, 19),
  "16 characters of the groups": GROUPS.replaceAll("-", "").slice(0, 16),
  "the fingerprint": fingerprintOf(A),
  "its address": "203.0.113.1:8888",
};

for (const [name, selector] of Object.entries(FORMS)) {
  Deno.test(`selectAgents finds an agent by ${name}`, () => {
    assertEquals(selectAgents(STATE, { selectors: [selector] }), [pinOf(A)]);
  });
}

for (
  const selector of [GROUPS.slice(0, 18), `${GROUPS}-aaaa`, "0189-0189-0189-0189", "--------", " "]
) {
  Deno.test(`selectAgents finds nobody by ${JSON.stringify(selector)}`, () => {
    assertThrows(() => selectAgents(STATE, { selectors: [selector] }), ConfigError);
  });
}

Deno.test("selectAgents finds who is trusted and who waits at one address, each once", () => {
  const state = stateOf({ agents: [pinOf(A)], pending: [pendingOf(B, { reason: "changed" })] });
  const selectors = ["203.0.113.1:8888", fingerprintOf(B)];
  assertEquals(selectAgents(state, { selectors }), [
    pinOf(A),
    pendingOf(B, { reason: "changed" }),
  ]);
});

Deno.test("selectAgents names both where the beginning of the groups means two", () => {
  const state = stateOf({
    agents: [pinOf(`${BEGINNING}1`), pinOf(`${BEGINNING}2`, { address: "b:1" })],
  });
  const selectors = [fingerprintGroups(fingerprintOf(`${BEGINNING}1`)).slice(0, 19)];
  const error = assertThrows(() => selectAgents(state, { selectors }), ConfigError);
  assert(error.message.includes(fingerprintOf(`${BEGINNING}2`)), error.message);
});

Deno.test("readWholeFingerprint reads either form of every fingerprint", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
    const fingerprint = `SHA256:${base64urlnopad.encode(digest)}`;
    assertEquals(readWholeFingerprint(fingerprint), fingerprint);
    assertEquals(readWholeFingerprint(fingerprintGroups(fingerprint)), fingerprint);
  }));
});

for (const text of ["", A, GROUPS.slice(0, -1), `${GROUPS.slice(0, -1)}b`, "SHA256:abc"]) {
  Deno.test(`readWholeFingerprint takes ${JSON.stringify(text)} for none`, () => {
    assertEquals(readWholeFingerprint(text), null);
  });
}

Deno.test("selectAgents takes an app for the same however it is written", () => {
  const selectors = [fingerprintOf(A)];
  assertEquals(selectAgents(STATE, { selectors, app: "Demo" }), [pinOf(A)]);
  const twice = stateOf({ agents: [pinOf(A)], pending: [pendingOf(A, { app: "DEMO" })] });
  assertEquals(selectAgents(twice, { selectors }).length, 2);
});

Deno.test("findByFingerprint finds nobody by an address", () => {
  assertEquals(findByFingerprint(STATE.agents, "203.0.113.1:8888", undefined), null);
  assertEquals(findByFingerprint(STATE.agents, BEGINNING, "Demo"), pinOf(A));
});
