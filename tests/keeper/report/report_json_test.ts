import { formatReportJson } from "../../../keeper/report/report_json.ts";
import { assertEquals } from "../../support/assert.ts";
import { agentOf, delivered, passOf, UNCHANGED, withheld } from "./report_fixtures.ts";
import { NODE } from "../trust/known_agents_fixtures.ts";

function linesOf(text: string): Record<string, unknown>[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("formatReportJson writes each agent and the pass", () => {
  const failed = { path: "b", outcome: "failed", code: "disk-full" } as const;
  const [agent, pass] = linesOf(formatReportJson(passOf([agentOf(delivered(UNCHANGED, failed))])));
  assertEquals(agent, {
    type: "agent",
    pass: 1,
    address: "203.0.113.1:8888",
    app: "demo",
    wire: 2,
    component: null,
    fingerprint: `SHA256:${"a".repeat(43)}`,
    trust: "approved",
    new: false,
    node: null,
    software: "fluxvault-agent/0.1.0",
    outcome: "delivered",
    wanted: false,
    counts: {
      created: 0,
      updated: 0,
      reowned: 0,
      removed: 0,
      unchanged: 1,
      missing: 0,
      failed: 1,
    },
    files: [{ path: "b", outcome: "failed", code: "disk-full" }],
    hooks: [],
    withheld: [],
    revision: 1_893_456_000_000,
    contentBytes: 0,
    drifted: [],
    failures: 0,
    started: "2030-01-01T00:00:00.000Z",
    durationMs: 50,
  });
  assertEquals(pass, {
    type: "pass",
    pass: 1,
    app: "demo",
    whole: true,
    wanted: false,
    agents: 1,
    agentsWanted: 0,
    problems: [],
    started: "2030-01-01T00:00:00.000Z",
    durationMs: 250,
  });
});

for (
  const [outcome, members] of [
    [{ kind: "pending", reason: "places-taken" }, { reason: "places-taken" }],
    [{ kind: "rejected", code: "busy", by: "peer" }, { code: "busy", by: "peer" }],
    [{ kind: "unreachable", code: "timed-out" }, { code: "timed-out" }],
    [{ kind: "failed", code: "truncated" }, { code: "truncated" }],
  ] as const
) {
  Deno.test(`formatReportJson says why an agent is ${outcome.kind}`, () => {
    const [agent] = linesOf(formatReportJson(passOf([agentOf(outcome)])));
    const { outcome: kind, code, by, reason } = agent ?? {};
    assertEquals(kind, outcome.kind);
    assertEquals(
      JSON.stringify({ code, by, reason }),
      JSON.stringify({
        code: undefined,
        by: undefined,
        reason: undefined,
        ...members,
      }),
    );
  });
}

Deno.test("formatReportJson names what was withheld, with the level asked for and the one there", () => {
  const outcome = withheld({ path: "etc/key", required: "enrolled" });
  const [agent, pass] = linesOf(formatReportJson(passOf([agentOf(outcome)])));
  assertEquals([agent?.wanted, agent?.withheld, pass?.agentsWanted], [
    false,
    [{ path: "etc/key", required: "enrolled", actual: "approved" }],
    0,
  ]);
});

Deno.test("formatReportJson says which agents are new, and where they say that they run", () => {
  const news = { kind: "first-use", place: 2, places: 3 } as const;
  const [agent] = linesOf(formatReportJson(passOf([agentOf(delivered(), { news, node: NODE })])));
  assertEquals([agent?.new, agent?.place, agent?.places, agent?.node], [true, 2, 3, NODE]);
});

Deno.test("formatReportJson says whose place an enrolled agent took", () => {
  const news = { kind: "enrolled", before: null, replaced: ["SHA256:x"] } as const;
  const [agent] = linesOf(formatReportJson(passOf([agentOf(delivered(), { news })])));
  assertEquals([agent?.new, agent?.raisedFrom, agent?.replaced], [true, null, ["SHA256:x"]]);
});

Deno.test("formatReportJson does not call an agent new that was raised", () => {
  const news = { kind: "enrolled", before: "approved", replaced: [] } as const;
  const [agent] = linesOf(formatReportJson(passOf([agentOf(delivered(), { news })])));
  assertEquals([agent?.new, agent?.raisedFrom], [false, "approved"]);
});
