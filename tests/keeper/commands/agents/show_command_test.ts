import { fingerprintGroups } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import {
  fingerprintOf,
  NODE,
  pendingOf,
  pinOf,
  stateOf,
} from "../../trust/known_agents_fixtures.ts";
import { AgentsDesk, KNOWN, WAITING } from "./agents_desk.ts";

Deno.test("run shows all that is known of an agent", async () => {
  await using desk = await AgentsDesk.open();
  const { code, stdout } = await desk.run("show", KNOWN);
  assertEquals(code, 0);
  assertEquals(stdout.split("\n"), [
    `fingerprint   ${fingerprintOf(KNOWN)}`,
    `read aloud    ${fingerprintGroups(fingerprintOf(KNOWN))}`,
    "host          203.0.113.1:8888",
    "app           demo",
    "component     -",
    "state         approved: its key was approved",
    "since         2029-12-31 23:59:59 UTC",
    "first seen    2029-12-31 23:59:59 UTC",
    "last seen     2029-12-31 23:59:59 UTC",
    "node          203.0.113.1, DE (unsigned: the agent's own word)",
    "              this is the host that was dialled",
    `collateral    ${"ab".repeat(32)}:0 (unsigned)`,
    "",
  ]);
});

const HOSTS = [
  { address: "203.0.113.1:8888", ip: "203.0.113.1:16127", expected: "this is the host" },
  { address: "203.0.113.1:8888/db", ip: "203.0.113.1:16127", expected: "this is the host" },
  { address: "203.0.113.2:8888", ip: "203.0.113.1", expected: "NOT the host" },
  { address: "agent.example:8888", ip: "203.0.113.1", expected: "not dialled by an IPv4" },
  { address: "[2001:db8::1]:8888", ip: "203.0.113.1", expected: "not dialled by an IPv4" },
];

for (const { address, ip, expected } of HOSTS) {
  Deno.test(`run compares ${ip} with ${address}`, async () => {
    const agents = [pinOf(KNOWN, { address, node: { ...NODE, ip } })];
    await using desk = await AgentsDesk.open(stateOf({ agents }));
    const { stdout } = await desk.run("show", KNOWN);
    assert(stdout.includes(expected), stdout);
  });
}

Deno.test("run shows who is trusted and who waits at one address", async () => {
  const pending = [pendingOf(WAITING, { reason: "changed" })];
  await using desk = await AgentsDesk.open(stateOf({ agents: [pinOf(KNOWN)], pending }));
  const { stdout } = await desk.run("show", "203.0.113.1:8888");
  const states = [...stdout.matchAll(/^state +(\S+):/gm)].map(([, state]) => state);
  assertEquals(states, ["approved", "changed"]);
});

Deno.test("run tells an agent behind a primary from the primary by its address", async () => {
  const agents = [
    pinOf(KNOWN),
    pinOf("other", { component: "db", address: "203.0.113.1:8888/db" }),
  ];
  await using desk = await AgentsDesk.open(stateOf({ agents }));
  const { stdout } = await desk.run("show", "203.0.113.1:8888/db");
  assert(stdout.includes(fingerprintOf("other")) && !stdout.includes(fingerprintOf(KNOWN)));
  assert(stdout.includes("host          203.0.113.1:8888/db\n"), stdout);
});

Deno.test("run takes the fingerprint as it is read aloud", async () => {
  await using desk = await AgentsDesk.open();
  const groups = fingerprintGroups(fingerprintOf(WAITING)).toUpperCase().replaceAll("-", " ");
  const { stdout } = await desk.run("show", groups, "--json");
  assertEquals(JSON.parse(stdout).fingerprint, fingerprintOf(WAITING));
});

for (const args of [["show"], ["show", "nobody-here"]]) {
  Deno.test(`run exits with 2 at ${args.join(" ")}`, async () => {
    await using desk = await AgentsDesk.open();
    const { code, stdout, stderr } = await desk.run(...args);
    assertEquals([code, stdout], [2, ""]);
    assert(stderr.includes("hint: "), stderr);
  });
}
