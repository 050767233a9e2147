import fc from "fast-check";
import { MAX_RELAYED_AGENTS } from "../../../keeper/limits.ts";
import { readRelayedAgents, RELAY_LIST } from "../../../keeper/relay/relayed_agents.ts";
import { isAppName } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("readRelayedAgents reads what a primary lists", () => {
  const list = [
    { Component: "db", Fingerprint: "SHA256:x", Tls: true, Since: 3, Seen: 1 },
    { Component: "web", Tls: false },
  ];
  assertEquals(readRelayedAgents(list, "agent"), {
    agents: [{ component: "db", hasTls: true }, { component: "web", hasTls: false }],
    refused: 0,
  });
});

const NONSENSE: readonly (readonly [string, readonly unknown[]])[] = [
  ["nothing", [null, undefined, 7, "db", [], {}]],
  ["no name", [{ Component: "" }, { Component: "a/b" }, { Component: "../x" }, { Component: "-" }]],
  ["a name with a control", [{ Component: "a\u001b[2J" }, { Component: "a\nb" }]],
  ["a name that is too long", [{ Component: "a".repeat(64) }]],
  ["another type", [{ Component: 7 }, { Component: ["db"] }, { Component: null }]],
  ["itself", [{ Component: "agent" }, { Component: "AGENT" }]],
];

for (const [what, items] of NONSENSE) {
  Deno.test(`readRelayedAgents leaves out ${what}, and keeps the others`, () => {
    assertEquals(readRelayedAgents([...items, { Component: "db" }], "agent"), {
      agents: [{ component: "db", hasTls: false }],
      refused: items.length,
    });
  });
}

Deno.test("readRelayedAgents takes each component once, in whatever case", () => {
  const list = ["db", "DB", "Db", "web"].map((Component) => ({ Component }));
  const { agents, refused } = readRelayedAgents(list, null);
  assertEquals(agents.map(({ component }) => component), ["db", "web"]);
  assertEquals(refused, 2);
});

Deno.test("readRelayedAgents takes as many as there may be", () => {
  const list = Array.from({ length: 1_000 }, (_, i) => ({ Component: `c${i}` }));
  const { agents, refused } = readRelayedAgents(list, null);
  assertEquals([agents.length, refused], [MAX_RELAYED_AGENTS, 1_000 - MAX_RELAYED_AGENTS]);
});

Deno.test("readRelayedAgents takes any list, and lists nothing that cannot be", () => {
  fc.assert(fc.property(fc.array(fc.anything()), fc.option(fc.string()), (list, primary) => {
    const { agents, refused } = readRelayedAgents(list, primary);
    assertEquals(agents.length + refused, list.length);
    const names = agents.map(({ component }) => component.toLowerCase());
    assertEquals(new Set(names).size, names.length);
    assert(agents.every(({ component }) => isAppName(component) && component !== primary));
  }));
});

Deno.test("RELAY_LIST refuses an answer that is no list", () => {
  for (const answer of [undefined, null, [], {}, { Agents: {} }, { Agents: null }, "x"]) {
    assertThrows(() => RELAY_LIST.parseOutput?.(answer), TypeError);
  }
});
