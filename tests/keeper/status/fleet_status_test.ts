import { EMPTY_STATUS } from "../../../keeper/status/agent_status.ts";
import {
  findConcerns,
  isOld,
  noteContacts,
  noteEnd,
  noteListed,
} from "../../../keeper/status/fleet_status.ts";
import { FORGET_ADDRESS_MS } from "../../../keeper/limits.ts";
import type { AgentReport } from "../../../keeper/report/report.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { agentOf, delivered, hookOf, UNCHANGED } from "../report/report_fixtures.ts";
import { NOW_MS, REVISION, statusOf } from "./status_fixtures.ts";

const DECLARED = [{ app: "Demo", component: "web", revision: REVISION, digest: "" }];

function noted(app: string | null, report: AgentReport, nowMs: number) {
  return { app, report, isWipe: false, nowMs, dueMs: null };
}

Deno.test("noteContacts keeps an agent for each app and address, the latest first", () => {
  const report = agentOf(delivered(UNCHANGED));
  const other = agentOf(delivered(UNCHANGED), { address: "203.0.113.2:8888" });
  const status = noteContacts(EMPTY_STATUS, [
    noted("demo", report, 1),
    noted("other", report, 2),
    noted("demo", other, 3),
    noted("Demo", report, 4),
  ]);
  assertEquals(status.agents.map(({ app, address, contact }) => [app, address, contact.atMs]), [
    ["demo", "203.0.113.1:8888", 4],
    ["demo", "203.0.113.2:8888", 3],
    ["other", "203.0.113.1:8888", 2],
  ]);
});

Deno.test("noteContacts forgets whom nobody has dialled for 30 days", () => {
  const report = agentOf(delivered(UNCHANGED), { address: "203.0.113.2:8888" });
  const before = { agents: [statusOf()] };
  const { atMs } = statusOf().contact;
  const after = (ms: number) =>
    noteContacts(before, [noted("demo", report, atMs + ms)]).agents.length;
  assertEquals([after(2_592_000_000), after(2_592_000_001)], [2, 1]);
});

Deno.test("noteListed marks who left the list of its app, and forgets who left it long ago", () => {
  const at = (host: number, atMs: number) =>
    statusOf({
      address: `203.0.113.${host}:8888`,
      contact: { ...statusOf().contact, atMs },
    });
  const gone = NOW_MS - FORGET_ADDRESS_MS;
  const before = { agents: [at(1, NOW_MS), at(2, NOW_MS - 1), at(3, gone), at(4, gone)] };
  const addresses = new Set(["203.0.113.4:8888"]);
  const after = noteListed(before, { app: "DEMO", addresses, sinceMs: NOW_MS });
  assertEquals(after.agents.map(({ address, isListed }) => [address, isListed]), [
    // Whoever was heard of since the pass began was taken up after it.
    ["203.0.113.1:8888", true],
    ["203.0.113.2:8888", false],
    ["203.0.113.4:8888", true],
  ]);
  assertEquals(noteListed(before, { app: "other", addresses, sinceMs: NOW_MS }), before);
  assertEquals(noteListed(after, { app: "demo", addresses, sinceMs: NOW_MS }), after);
});

const CONCERNS = {
  contact: { contact: { ...statusOf().contact, outcome: "unreachable", code: "timed-out" } },
  overdue: { dueMs: NOW_MS - 1 },
  old: { held: { revision: REVISION - 1, isWhole: true, isWiped: false, sinceMs: 0 } },
  files: { files: [{ path: "a", outcome: "failed" }] },
  drift: { drift: [{ path: "a", found: "changed", foundMs: 1, repairedMs: null }] },
  hooks: { hooks: [hookOf("failed")] },
  withheld: { withheld: [{ path: "a", required: "approved" }] },
  planned: { planned: 1 },
} as const;
const OPTIONS = { revisions: DECLARED, nowMs: NOW_MS };

Deno.test("findConcerns has none about an agent that is as wanted", () => {
  const repaired = [{ path: "a", found: "changed", foundMs: 1, repairedMs: 2 }] as const;
  const agent = statusOf({ drift: repaired, planned: 0, dueMs: NOW_MS });
  assertEquals(findConcerns(agent, OPTIONS), []);
});

for (const [concern, members] of Object.entries(CONCERNS)) {
  Deno.test(`findConcerns finds: ${concern}`, () => {
    assertEquals<readonly string[]>(findConcerns(statusOf(members), OPTIONS), [concern]);
    assertEquals(findConcerns(statusOf({ ...members, isListed: false }), OPTIONS), []);
  });
}

Deno.test("isOld tells who holds less than its component should", () => {
  const held = statusOf().held;
  assert(held !== null);
  assert(!isOld(statusOf(), DECLARED));
  // Where an agent's level changed later, its number is higher than that of its component.
  assert(!isOld(statusOf({ held: { ...held, revision: REVISION + 1 } }), DECLARED));
  assert(isOld(statusOf({ held: { ...held, revision: REVISION - 1 } }), DECLARED));
  assert(isOld(statusOf({ held: null }), DECLARED));
  assert(!isOld(statusOf({ component: "db" }), DECLARED));
  assert(!isOld(statusOf({ held: null, wire: "original" }), DECLARED));
  // Whoever was never served has nothing, be it the first of its component.
  assert(isOld(statusOf({ held: null, trust: null, component: "db" }), DECLARED));
});

Deno.test("noteEnd says of the agents of an app that nobody is due any more", () => {
  const agents = [statusOf({ dueMs: 5 }), statusOf({ app: "other", dueMs: 5 })];
  assertEquals(noteEnd({ agents }, "DEMO").agents.map(({ dueMs }) => dueMs), [null, 5]);
});
