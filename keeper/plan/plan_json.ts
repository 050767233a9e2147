/**
 * A plan as lines of JSON; the members are stable and described in the README of this folder's program.
 *
 * @module
 */
import type { PassReport } from "../report/report.ts";
import { hasChanges, judgePlan } from "./plan_verdict.ts";
import type { AgentPlanView, PlanLine } from "./plan_view.ts";

function lineOf(line: PlanLine): Record<string, unknown> {
  const { action, path, kind, size, mode, uid, gid, contents, before, isDrift, code } = line;
  return {
    ...{ action, path, kind, size },
    mode: mode === null ? null : mode.toString(8).padStart(4, "0"),
    ...{ uid, gid, contents, before, drift: isDrift, code },
  };
}

function outcomeOf({ outcome }: AgentPlanView["report"]): Record<string, unknown> {
  switch (outcome.kind) {
    case "planned":
      return { outcome: "planned", asked: outcome.plan.isAsked };
    case "pending":
      return { outcome: "pending", reason: outcome.reason };
    case "rejected":
      return { outcome: "rejected", code: outcome.code, by: outcome.by };
    case "unreachable":
    case "failed":
      return { outcome: outcome.kind, code: outcome.code };
    case "delivered":
    case "called":
      return { outcome: outcome.kind };
  }
}

function newsOf({ news }: AgentPlanView["report"]): Record<string, unknown> {
  if (news === null) return {};
  if (news.kind === "first-use") {
    return { wouldTrust: { level: "first-use", place: news.place, places: news.places } };
  }
  return { wouldTrust: { level: "enrolled", before: news.before, replaced: news.replaced } };
}

/** Writes a line for each agent and one for the whole, each ended. */
export function formatPlanJson(
  views: readonly AgentPlanView[],
  passes: readonly PassReport[],
): string {
  const agents = views.map(({ app, report, lines, hooks, services, offered }) => ({
    type: "agent-plan",
    app,
    component: report.component,
    address: report.address,
    wire: report.wire,
    fingerprint: report.fingerprint,
    trust: report.trust,
    ...newsOf(report),
    ...outcomeOf(report),
    changed: hasChanges(report),
    changes: lines.map(lineOf),
    hooks,
    ...(services === undefined ? {} : { services }),
    ...(offered === null ? {} : { offered }),
  }));
  const summary = {
    type: "plan",
    verdict: judgePlan(passes),
    agents: views.length,
    agentsAsked: views.filter(({ report }) => {
      return report.outcome.kind === "planned" && report.outcome.plan.isAsked;
    }).length,
    agentsChanged: views.filter(({ report }) => hasChanges(report)).length,
    problems: passes.flatMap(({ problems }) => problems),
  };
  return [...agents, summary].map((line) => `${JSON.stringify(line)}\n`).join("");
}
