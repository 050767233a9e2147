import fc from "fast-check";
import {
  decodeKnownAgents,
  EMPTY_STATE,
  encodeKnownAgents,
} from "../../../keeper/trust/known_agents_state.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { NODE, NOW_MS, pendingOf, pinOf, stateOf } from "./known_agents_fixtures.ts";

const STATE = stateOf({
  agents: [
    pinOf("a"),
    pinOf("b", { component: undefined, address: null, lastSeenMs: null, app: null }),
    pinOf("c", { component: "web", trust: "first-use", missingSinceMs: NOW_MS }),
    pinOf("f", { address: null, heardAt: "203.0.113.9:8888" }),
    pinOf("e", { trust: "enrolled", node: NODE, firstSeenMs: null }),
    pinOf("g", { component: "db", address: "[2001:db8::9]:8888/db" }),
    pinOf("h", { component: "db", address: null, heardAt: "203.0.113.9:8888/db" }),
  ],
  pending: [pendingOf("d", { component: "db", reason: "changed", node: NODE })],
  revisions: [{ app: "demo", component: null, revision: 7, digest: "0f".repeat(32) }],
});

Deno.test("decodeKnownAgents reads what encodeKnownAgents wrote", () => {
  assertEquals(decodeKnownAgents(encodeKnownAgents(STATE)), STATE);
  assertEquals(decodeKnownAgents(encodeKnownAgents(EMPTY_STATE)), { ...EMPTY_STATE });
});

Deno.test("decodeKnownAgents reads what an older keeper wrote", () => {
  const bytes = changed((json) => {
    for (const agent of json["agents"] ?? []) {
      delete agent["firstSeen"];
      delete agent["node"];
    }
    for (const agent of json["pending"] ?? []) delete agent["node"];
  });
  assertEquals(decodeKnownAgents(bytes), {
    ...STATE,
    agents: STATE.agents.map((agent) => ({ ...agent, firstSeenMs: null, node: null })),
    pending: STATE.pending.map((agent) => ({ ...agent, node: null })),
  });
});

type Json = Record<string, Record<string, unknown>[]> & { version: unknown };

function changed(change: (json: Json) => void): Uint8Array<ArrayBuffer> {
  const json = JSON.parse(new TextDecoder().decode(encodeKnownAgents(STATE)));
  change(json);
  return new TextEncoder().encode(JSON.stringify(json));
}

const MALFORMED: readonly (readonly [string, (json: Json) => void, RegExp])[] = [
  ["another version", (json) => json.version = 2, /another version/],
  ["no version", (json) => json.version = undefined, /"version"/],
  ["no agents", (json) => json["agents"] = null as never, /"agents"/],
  ["an agent that is none", (json) => json["agents"]?.push(null as never), /agents\[7\]/],
  ["a cut fingerprint", (json) =>
    json["agents"]?.[0] &&
    (json["agents"][0]["fingerprint"] = "SHA256:abc"), /agents\[0\].*"fingerprint"/],
  ["an unknown ground of trust", (json) =>
    json["agents"]?.[1] &&
    (json["agents"][1]["trust"] = "hope"), /agents\[1\].*"trust"/],
  ["a time that is none", (json) =>
    json["pending"]?.[0] &&
    (json["pending"][0]["lastSeen"] = "2030-13-01T00:00:00.000Z"), /"lastSeen"/],
  ["an app with a newline", (json) =>
    json["agents"]?.[0] &&
    (json["agents"][0]["app"] = "a\nb"), /"app"/],
  ["two components behind an address", (json) =>
    json["agents"]?.[0] &&
    (json["agents"][0]["address"] = "203.0.113.9:8888/db/web"), /"address"/],
  ["a node without a country", (json) =>
    json["agents"]?.[3] &&
    (json["agents"][3]["node"] = { id: NODE.id, ip: NODE.ip }), /agents\[3\]\.node.*"country"/],
  ["a node that is none", (json) =>
    json["pending"]?.[0] &&
    (json["pending"][0]["node"] = "203.0.113.1"), /pending\[0\]\.node/],
  ["a revision below zero", (json) =>
    json["revisions"]?.[0] &&
    (json["revisions"][0]["revision"] = -1), /"revision"/],
  ["an agent that stands twice", (json) => json["agents"]?.push({ ...json["agents"][0] }), /twice/],
];

for (const [what, change, reason] of MALFORMED) {
  Deno.test(`decodeKnownAgents refuses ${what}`, () => {
    const bytes = changed(change);
    const error = assertThrows(() => decodeKnownAgents(bytes), StorageError, "state-malformed");
    assert(reason.test(error.message), error.message);
  });
}

Deno.test("decodeKnownAgents has one answer to arbitrary bytes", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assertThrows(
      () => decodeKnownAgents(new Uint8Array(bytes)),
      StorageError,
      "state-malformed",
    );
  }));
});

Deno.test("decodeKnownAgents has one answer to arbitrary JSON", () => {
  fc.assert(fc.property(fc.json(), (json) => {
    const bytes = new TextEncoder().encode(json);
    assertThrows(() => decodeKnownAgents(bytes), StorageError, "state-malformed");
  }));
});
