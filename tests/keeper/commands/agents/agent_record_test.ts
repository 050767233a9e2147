import {
  describeAgent,
  describeHost,
  refuseSecretSelectors,
} from "../../../../keeper/commands/agents/agent_record.ts";
import { secretIn } from "../../../../keeper/keys/mod.ts";
import { ConfigError, fingerprintGroups } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";
import { ENROLMENT, KEY } from "../../keys/key_fixtures.ts";
import {
  fingerprintOf,
  NODE,
  pendingOf,
  pinOf,
  stateOf,
} from "../../trust/known_agents_fixtures.ts";
import { AgentsDesk, STATE } from "./agents_desk.ts";

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

Deno.test("describeHost tells an agent that was never seen from one whose address is not known", () => {
  const hosts = [{}, { address: null }, { address: null, lastSeenMs: null }].map((members) => {
    return describeHost(describeAgent(pinOf("a", members)));
  });
  assertEquals(hosts, ["203.0.113.1:8888", "unknown", "not seen yet"]);
});

Deno.test("refuseSecretSelectors repeats no secret, whatever the command is to do", async () => {
  await using desk = await AgentsDesk.open();
  for (const word of ["show", "approve", "forget", "export", "import"]) {
    for (const secret of [ENROLMENT, KEY.wif]) {
      const { code, stdout, stderr } = await desk.run(word, secret);
      assertEquals([code, stdout, await desk.file.load()], [2, "", STATE], word);
      assert(stderr.includes("regard it as disclosed") && !stderr.includes(secret), stderr);
    }
  }
});

Deno.test("refuseSecretSelectors takes the fingerprint of a known agent for one", () => {
  const state = stateOf({ pending: [pendingOf("", { fingerprint: `SHA256:${ENROLMENT}` })] });
  refuseSecretSelectors(state, [ENROLMENT]);
  assertThrows(() => refuseSecretSelectors(stateOf(), [ENROLMENT]), ConfigError);
});

Deno.test("refuseSecretSelectors takes groups without hyphens for none, in capitals or not", () => {
  const groups = fingerprintGroups(fingerprintOf("f".repeat(16))).replaceAll("-", "");
  for (const text of [groups, groups.toUpperCase()]) {
    assertEquals(secretIn(text), "a private key");
    refuseSecretSelectors(stateOf(), [text]);
  }
});

Deno.test("readApp refuses a secret for the name of an app, and repeats it not", async () => {
  await using desk = await AgentsDesk.open();
  const { code, stdout, stderr } = await desk.run("list", "--app-name", KEY.wif);
  assertEquals([code, stdout], [2, ""]);
  assert(stderr.includes("regard it as disclosed") && !stderr.includes(KEY.wif), stderr);
});
