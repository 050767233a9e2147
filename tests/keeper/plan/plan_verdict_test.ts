import type { AgentReport } from "../../../keeper/report/report.ts";
import { countPlanned, hasChanges, judgePlan } from "../../../keeper/plan/plan_verdict.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { agentOf, hookOf, passOf } from "../report/report_fixtures.ts";
import { fileOf, plannedAgent, planOf } from "./plan_fixtures.ts";

const A = [fileOf("a")];
const NOTHING = plannedAgent(planOf(A, [{ path: "a", outcome: "unchanged" }]));
const CHANGED = plannedAgent(planOf(A, [{ path: "a", outcome: "created" }]));
const NEW = plannedAgent(planOf(A, [], { isAsked: false }), {
  news: { kind: "first-use", place: 1, places: 1 },
});

const CASES: readonly (readonly [string, readonly AgentReport[], string])[] = [
  ["every agent has what it should", [NOTHING, NOTHING], "nothing"],
  ["some agent would be changed", [NOTHING, CHANGED], "changes"],
  ["an agent would be trusted at first use", [NEW], "changes"],
  [
    "only a hook would run",
    [plannedAgent(planOf(A, [], { hooks: [hookOf("due")] }))],
    "changes",
  ],
  ["nobody was found", [], "trouble"],
  ["an agent was not reached", [CHANGED, agentOf({ kind: "unreachable", code: "x" })], "trouble"],
  ["an agent waits", [agentOf({ kind: "pending", reason: "new" })], "trouble"],
  [
    "something would be refused",
    [plannedAgent(planOf(A, [{ path: "a", outcome: "failed", code: "read-only" }]))],
    "trouble",
  ],
  [
    "something is withheld",
    [plannedAgent(planOf([], [], { withheld: [{ path: "a", required: "approved" }] }))],
    "trouble",
  ],
  ["something is kept", [plannedAgent(planOf([{ kind: "keep", path: "a" }], []))], "trouble"],
  [
    "a hook may not run",
    [plannedAgent(planOf(A, [], { hooks: [hookOf("refused")] }))],
    "trouble",
  ],
];

for (const [what, agents, verdict] of CASES) {
  Deno.test(`judgePlan says ${verdict} where ${what}`, () => {
    assertEquals(judgePlan([passOf(agents)]), verdict);
  });
}

Deno.test("judgePlan says trouble where a pass has a problem of its own", () => {
  const problems = [{ code: "api-unreachable", message: "no answer" }];
  assertEquals(judgePlan([passOf([NOTHING]), passOf([NOTHING], { problems })]), "trouble");
});

Deno.test("hasChanges counts a raise of trust", () => {
  const news = { kind: "enrolled", before: "first-use", replaced: [] } as const;
  assert(hasChanges({ ...NOTHING, news }) && !hasChanges(NOTHING));
});

Deno.test("countPlanned adds up what would be made", () => {
  const plan = planOf(A, [
    { path: "a", outcome: "created" },
    { path: "b", outcome: "removed" },
    { path: "c", outcome: "failed", code: "x" },
  ], { hooks: [hookOf("due"), hookOf("refused", { hook: "other" })] });
  const passes = [passOf([plannedAgent(plan), CHANGED])];
  assertEquals(countPlanned(passes), ["2 to create", "1 to remove", "1 hook to run"]);
});
