import { fingerprintGroups } from "../../../../protocol/mod.ts";
import { assertEquals } from "../../../support/assert.ts";
import { fingerprintOf, NODE, pinOf, stateOf } from "../../trust/known_agents_fixtures.ts";
import { AgentsDesk, KNOWN, STATE, WAITING } from "./agents_desk.ts";

const SEEN = "2029-12-31 23:59";

Deno.test("run shows who waits and who is known, each fingerprint whole", async () => {
  await using desk = await AgentsDesk.open();
  const { code, stdout } = await desk.run("list");
  assertEquals(code, 0);
  assertEquals(stdout.split("\n"), [
    "HOST              COMPONENT  STATE     SEEN (UTC)        FINGERPRINT",
    `203.0.113.2:8888  web        pending   ${SEEN}  ${fingerprintOf(WAITING)}`,
    `203.0.113.1:8888  -          approved  ${SEEN}  ${fingerprintOf(KNOWN)}`,
    "",
  ]);
});

Deno.test("run names apps where there are several, and what was not seen", async () => {
  const unseen = { address: null, component: undefined, lastSeenMs: null };
  const agents = [pinOf("one"), pinOf("two", { ...unseen, app: null, trust: "enrolled" })];
  await using desk = await AgentsDesk.open(stateOf({ agents }));
  const { stdout } = await desk.run("list");
  assertEquals(stdout.split("\n"), [
    "HOST              APP   COMPONENT  STATE     SEEN (UTC)        FINGERPRINT",
    `203.0.113.1:8888  demo  -          approved  ${SEEN}  ${fingerprintOf("one")}`,
    `not seen yet      -     -          enrolled  -                 ${fingerprintOf("two")}`,
    "",
  ]);
});

Deno.test("run writes JSON with stable members, of one app where it is named", async () => {
  await using desk = await AgentsDesk.open(STATE);
  const { stdout } = await desk.run("list", "--json", "--app-name", "demo");
  assertEquals(JSON.parse(stdout.split("\n")[1] ?? ""), {
    fingerprint: fingerprintOf(KNOWN),
    groups: fingerprintGroups(fingerprintOf(KNOWN)),
    state: "approved",
    app: "demo",
    component: null,
    address: "203.0.113.1:8888",
    since: "2029-12-31T23:59:59.000Z",
    firstSeen: "2029-12-31T23:59:59.000Z",
    seen: "2029-12-31T23:59:59.000Z",
    node: NODE,
  });
  assertEquals((await desk.run("list", "--json", "--app-name", "DEMO")).stdout, stdout);
  assertEquals((await desk.run("list", "--json", "--app-name", "other")).stdout, "");
});

Deno.test("run says where nobody is", async () => {
  await using desk = await AgentsDesk.open(stateOf());
  assertEquals((await desk.run("list")).stdout, `No agent is known in ${desk.file.path}.\n`);
});
