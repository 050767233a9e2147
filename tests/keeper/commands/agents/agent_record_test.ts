import { describeAgent } from "../../../../keeper/commands/agents/agent_record.ts";
import { fingerprintGroups } from "../../../../protocol/mod.ts";
import { assertEquals } from "../../../support/assert.ts";
import { fingerprintOf, NODE, pendingOf, pinOf } from "../../trust/known_agents_fixtures.ts";

const TIME = "2029-12-31T23:59:59.000Z";

Deno.test("describeAgent describes an agent that is trusted", () => {
  const agent = pinOf("a", { component: "web", trust: "enrolled", node: NODE, firstSeenMs: null });
  assertEquals(describeAgent(agent), {
    fingerprint: fingerprintOf("a"),
    groups: fingerprintGroups(fingerprintOf("a")),
    state: "enrolled",
    app: "demo",
    component: "web",
    address: "203.0.113.1:8888",
    since: TIME,
    firstSeen: null,
    seen: TIME,
    node: NODE,
  });
});

Deno.test("describeAgent tells a new key that waits from a changed one", () => {
  const states = (["new", "changed"] as const).map((reason) => {
    const { state, since, firstSeen } = describeAgent(pendingOf("a", { reason }));
    return [state, since, firstSeen];
  });
  assertEquals(states, [["pending", TIME, TIME], ["changed", TIME, TIME]]);
});

Deno.test("describeAgent has no component for an agent that was not seen yet", () => {
  const unseen = { component: undefined, address: null, lastSeenMs: null };
  const { component, address, seen } = describeAgent(pinOf("a", unseen));
  assertEquals([component, address, seen], [null, null, null]);
});
