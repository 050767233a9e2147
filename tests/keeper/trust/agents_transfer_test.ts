import fc from "fast-check";
import {
  decodeAgentsExport,
  encodeAgentsExport,
  mergeAgents,
  type MergeOptions,
} from "../../../keeper/trust/agents_transfer.ts";
import type { KnownAgent, KnownAgentsState } from "../../../keeper/trust/known_agents_state.ts";
import { ConfigError, encodeUtf8 } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { fingerprintOf, NODE, NOW_MS, pendingOf, pinOf, stateOf } from "./known_agents_fixtures.ts";

const LATER_MS = NOW_MS + 1_000;
const AGENTS = [
  pinOf("a", { node: NODE }),
  pinOf("b", { address: null, component: undefined, firstSeenMs: null, lastSeenMs: null }),
  pinOf("c", { app: null, trust: "enrolled", component: "web" }),
];

Deno.test("decodeAgentsExport reads what encodeAgentsExport wrote", () => {
  assertEquals(decodeAgentsExport(encodeUtf8(encodeAgentsExport(AGENTS))), AGENTS);
});

Deno.test("encodeAgentsExport leaves out what only this keeper knows", () => {
  const text = encodeAgentsExport([pinOf("a", { missingSinceMs: NOW_MS })]);
  assert(!text.includes("missing"), text);
});

type Json = { kind: unknown; version: unknown; agents: Record<string, unknown>[] };

const MALFORMED: readonly (readonly [string, (json: Json) => void, RegExp])[] = [
  ["another kind of file", (json) => json.kind = "known agents", /"kind"/],
  ["another version", (json) => json.version = 2, /another version/],
  [
    "an unknown level",
    (json) => Object.assign(json.agents[0] ?? {}, { trust: "address" }),
    /agents\[0\].*"trust"/,
  ],
  ["a key that stands twice", (json) => json.agents.push({ ...json.agents[1] }), /twice/],
  [
    "an address that stands twice",
    (json) => Object.assign(json.agents[1] ?? {}, { address: "203.0.113.1:8888" }),
    /203\.0\.113\.1:8888 \(app demo\) stands twice/,
  ],
];

for (const [what, change, reason] of MALFORMED) {
  Deno.test(`decodeAgentsExport refuses ${what}`, () => {
    const json = JSON.parse(encodeAgentsExport(AGENTS));
    change(json);
    const bytes = encodeUtf8(JSON.stringify(json));
    const error = assertThrows(() => decodeAgentsExport(bytes), ConfigError);
    assert(reason.test(error.message), error.message);
  });
}

Deno.test("decodeAgentsExport has one answer to arbitrary JSON", () => {
  fc.assert(fc.property(fc.json(), (json) => {
    assertThrows(() => decodeAgentsExport(encodeUtf8(json)), ConfigError);
  }));
});

function merge(
  known: Partial<KnownAgentsState>,
  imported: readonly KnownAgent[],
  options: Partial<MergeOptions> = {},
): { readonly state: KnownAgentsState; readonly deeds: readonly string[] } {
  const { state, merged } = mergeAgents(stateOf(known), imported, { nowMs: LATER_MS, ...options });
  return { state, deeds: merged.map(({ deed }) => deed) };
}

Deno.test("mergeAgents adds agents with the reason that they had, trusted from now on", () => {
  for (const trust of ["first-use", "approved", "enrolled"] as const) {
    const { state, deeds } = merge({ pending: [pendingOf("a")] }, [pinOf("a", { trust })]);
    assertEquals(state, stateOf({ agents: [pinOf("a", { trust, pinnedAtMs: LATER_MS })] }));
    assertEquals(deeds, ["added"]);
  }
});

Deno.test("mergeAgents takes for approved whom the file trusts at first use, if it is told to", () => {
  const imported = (["first-use", "enrolled"] as const).map((trust, i) => {
    return pinOf(`k${i}`, { trust, address: `k${i}:1` });
  });
  const { state } = merge({}, imported, { asApproved: true });
  assertEquals(state.agents.map(({ trust }) => trust), ["approved", "enrolled"]);
});

Deno.test("mergeAgents changes nothing by the second import of the same", () => {
  const { state } = merge({}, AGENTS);
  const again = mergeAgents(state, AGENTS, { nowMs: LATER_MS + 5 });
  assertEquals(again.state === state, true);
  assertEquals(again.merged.map(({ deed }) => deed), ["unchanged", "unchanged", "unchanged"]);
});

Deno.test("mergeAgents raises a level and never lowers one", () => {
  const levels = ["first-use", "approved", "enrolled"] as const;
  for (const [i, before] of levels.entries()) {
    for (const [j, trust] of levels.entries()) {
      const { state } = merge({ agents: [pinOf("a", { trust: before })] }, [pinOf("a", { trust })]);
      const [agent] = state.agents;
      assertEquals(agent?.trust, levels[Math.max(i, j)]);
      assertEquals(agent?.pinnedAtMs, j > i ? LATER_MS : NOW_MS - 1_000);
    }
  }
});

Deno.test("mergeAgents keeps what was seen later, and the first time of both", () => {
  const before = pinOf("a", { firstSeenMs: 5, lastSeenMs: 20 });
  const newer = pinOf("a", { address: "b:1", node: NODE, firstSeenMs: 9, lastSeenMs: 30 });
  assertEquals(merge({ agents: [before] }, [newer]).state.agents, [
    { ...newer, firstSeenMs: 5 },
  ]);
  const older = pinOf("a", { address: "b:1", firstSeenMs: 2, lastSeenMs: 10 });
  assertEquals(merge({ agents: [before] }, [older]).state.agents, [
    { ...before, firstSeenMs: 2 },
  ]);
});

const CONFLICTS = [
  {
    name: "another key at the same address",
    known: [pinOf("b")],
    imported: [pinOf("a")],
    after: [fingerprintOf("a")],
    deeds: ["added", "replaced"],
  },
  {
    name: "the same key as another component",
    known: [pinOf("a", { component: "db" })],
    imported: [pinOf("a", { component: "web" })],
    after: [fingerprintOf("a")],
    deeds: ["changed"],
  },
];

for (const { name, known, imported, after, deeds } of CONFLICTS) {
  Deno.test(`mergeAgents refuses ${name} unless it is told to replace`, () => {
    const error = assertThrows(() => merge({ agents: known }, imported), ConfigError);
    assert(error.message.includes(fingerprintOf("a")), error.message);
    const merger = merge({ agents: known }, imported, { replace: true });
    assertEquals(merger.state.agents.map(({ fingerprint }) => fingerprint), after);
    assertEquals(merger.deeds, deeds);
  });
}

Deno.test("mergeAgents names every contradiction", () => {
  const known = ["x", "y"].map((name) => pinOf(name, { address: `${name}:1` }));
  const imported = ["x", "y"].map((name) => pinOf(`new-${name}`, { address: `${name}:1` }));
  const { message } = assertThrows(() => merge({ agents: known }, imported), ConfigError);
  assert(message.includes(fingerprintOf("new-x")) && message.includes(fingerprintOf("new-y")));
});

Deno.test("mergeAgents finds no contradiction in agents that changed places", () => {
  const at = (name: string, address: string, lastSeenMs: number) =>
    pinOf(name, { address, lastSeenMs });
  const known = [at("a", "x:1", 1), at("b", "y:1", 1)];
  const { state } = merge({ agents: known }, [at("a", "y:1", 2), at("b", "x:1", 2)]);
  assertEquals(state.agents.map(({ address }) => address), ["y:1", "x:1"]);
});

Deno.test("mergeAgents leaves agents of other apps at the same address alone", () => {
  const { state } = merge({ agents: [pinOf("b", { app: "other" })] }, [pinOf("a")]);
  assertEquals(state.agents.length, 2);
});

Deno.test("decodeAgentsExport refuses a key that stands twice under two ways to write an app", () => {
  const agents = [pinOf("a"), pinOf("a", { app: "Demo", address: "a:1" })];
  const error = assertThrows(
    () => decodeAgentsExport(encodeUtf8(encodeAgentsExport(agents))),
    ConfigError,
  );
  assert(error.message.includes("stands twice"), error.message);
});

Deno.test("mergeAgents knows an app however it is written, and keeps how it was", () => {
  const state = stateOf({ agents: [pinOf("a")] });
  const same = mergeAgents(state, [pinOf("a", { app: "Demo" })], { nowMs: NOW_MS });
  assertEquals([same.state === state, same.merged[0]?.deed], [true, "unchanged"]);
  const other = pinOf("b", { app: "Demo" });
  assertThrows(() => mergeAgents(state, [other], { nowMs: NOW_MS }), ConfigError);
});

Deno.test("encodeAgentsExport writes an address for one agent of an app, the one seen last", () => {
  const agents = [
    pinOf("a", { lastSeenMs: 1 }),
    pinOf("b", { lastSeenMs: 3, app: "Demo" }),
    pinOf("c", { lastSeenMs: 2 }),
    pinOf("d", { app: "other" }),
  ];
  const read = decodeAgentsExport(encodeUtf8(encodeAgentsExport(agents)));
  assertEquals(read.map(({ address }) => address !== null), [false, true, false, true]);
});

Deno.test("mergeAgents merges twenty thousand agents into as many", () => {
  const many = (from: number) =>
    Array.from({ length: 20_000 }, (_, i) => pinOf(`k${from + i}`, { address: `k${from + i}:1` }));
  const known = many(0);
  const { state, deeds } = merge({ agents: known, pending: [pendingOf("k29999")] }, many(10_000));
  assertEquals([state.agents.length, state.pending.length], [30_000, 0]);
  assertEquals(deeds.filter((deed) => deed === "unchanged").length, 10_000);
  const taken = many(20_000).map((agent, i) => ({ ...agent, address: `k${i}:1` }));
  const merger = merge({ agents: known }, taken, { replace: true });
  assertEquals(merger.state.agents.length, 20_000);
  assertEquals(merger.deeds.filter((deed) => deed === "replaced").length, 20_000);
});

Deno.test("mergeAgents looks at each agent a bounded number of times", () => {
  let looks = 0;
  const watched = (name: string) => {
    const pin = pinOf(name, { address: `${name}:1` });
    return new Proxy(pin, {
      get: (target, member, receiver) => {
        if (member === "fingerprint") looks++;
        return Reflect.get(target, member, receiver);
      },
    });
  };
  const agents = Array.from({ length: 500 }, (_, i) => watched(`k${i}`));
  const imported = Array.from({ length: 500 }, (_, i) => pinOf(`n${i}`, { address: `n${i}:1` }));
  mergeAgents(stateOf({ agents }), imported, { nowMs: LATER_MS });
  assert(looks <= 10 * agents.length, `${looks} looks`);
});
