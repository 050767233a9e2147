import { formatPlanJson } from "../../../keeper/plan/plan_json.ts";
import { assertEquals } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { agentOf, hookOf, passOf } from "../report/report_fixtures.ts";
import { fileOf, plannedAgent, planOf, viewsOf } from "./plan_fixtures.ts";

Deno.test("formatPlanJson writes each agent and what it comes to, nothing left out", async () => {
  const plan = planOf([fileOf("a")], [{ path: "a", outcome: "created" }], {
    hooks: [hookOf("due", { changeId: null, attempts: 0 })],
  });
  const pass = passOf([
    plannedAgent(plan, { component: "web" }),
    agentOf({ kind: "pending", reason: "new" }, { trust: null }),
  ]);
  const [agent, pending, whole] = jsonLines(formatPlanJson(await viewsOf(pass), [pass]));
  assertEquals(agent, {
    type: "agent-plan",
    app: "demo",
    component: "web",
    address: "203.0.113.1:8888",
    wire: 2,
    fingerprint: `SHA256:${"a".repeat(43)}`,
    trust: "approved",
    outcome: "planned",
    asked: true,
    changed: true,
    changes: [{
      action: "create",
      path: "a",
      kind: "file",
      size: 24,
      mode: "0600",
      uid: null,
      gid: null,
      contents: `f00d11${"0".repeat(26)}`,
      before: null,
      drift: false,
      code: null,
    }],
    hooks: [hookOf("due", { changeId: null, attempts: 0 })],
  });
  assertEquals([pending?.outcome, pending?.reason, pending?.changed], ["pending", "new", false]);
  assertEquals(whole, {
    type: "plan",
    verdict: "trouble",
    agents: 2,
    agentsAsked: 1,
    agentsChanged: 1,
    problems: [],
  });
});

Deno.test("formatPlanJson says who would be trusted, and what it would be offered", async () => {
  const plan = planOf([fileOf("a")], [], { isAsked: false });
  const news = { kind: "first-use", place: 1, places: 2 } as const;
  const pass = passOf([plannedAgent(plan, { news })]);
  const [agent] = jsonLines(formatPlanJson(await viewsOf(pass), [pass]));
  assertEquals([agent?.wouldTrust, agent?.offered, agent?.asked, agent?.changed], [
    { level: "first-use", place: 1, places: 2 },
    { files: 1, bytes: 24 },
    false,
    true,
  ]);
});

Deno.test("formatPlanJson says who refused whom", async () => {
  const outcomes = [
    { kind: "rejected", code: "busy", by: "peer" },
    { kind: "failed", code: "truncated" },
  ] as const;
  const pass = passOf(outcomes.map((outcome) => agentOf(outcome)));
  const lines = jsonLines(formatPlanJson(await viewsOf(pass), [pass]));
  assertEquals(lines.slice(0, 2).map(({ outcome, code, by }) => [outcome, code, by]), [
    ["rejected", "busy", "peer"],
    ["failed", "truncated", undefined],
  ]);
});
