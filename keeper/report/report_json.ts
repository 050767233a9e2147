/**
 * A report as lines of JSON; the members are stable and described in the README of this folder.
 *
 * @module
 */
import { countResults } from "../../protocol/mod.ts";
import { type AgentReport, isAgentWanted, isPassWanted, type PassReport } from "./report.ts";

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function membersOf({ outcome, trust }: AgentReport): Record<string, unknown> {
  switch (outcome.kind) {
    case "delivered":
      return {
        counts: countResults(outcome.files),
        files: outcome.files.filter((file) => file.outcome !== "unchanged"),
        hooks: outcome.hooks,
        ...(outcome.services === undefined ? {} : { services: outcome.services }),
        withheld: outcome.withheld.map(({ path, required }) => ({ path, required, actual: trust })),
        revision: outcome.revision,
        contentBytes: outcome.contentBytes,
        drifted: outcome.drifted ?? [],
      };
    case "planned":
    case "called":
      return {};
    case "pending":
      return { reason: outcome.reason };
    case "rejected":
      return { code: outcome.code, by: outcome.by };
    case "unreachable":
    case "failed":
      return { code: outcome.code };
  }
}

/** Says what of an agent's trust is new. */
function newsOf({ news }: AgentReport): Record<string, unknown> {
  if (news === null) return { new: false };
  if (news.kind === "first-use") return { new: true, place: news.place, places: news.places };
  return { new: news.before === null, raisedFrom: news.before, replaced: news.replaced };
}

/** Writes a line for each agent and one for the pass, each ended. */
export function formatReportJson(report: PassReport): string {
  const { pass, app } = report;
  const agents = report.agents.map((agent) => ({
    type: "agent",
    pass,
    address: agent.address,
    app,
    wire: agent.wire,
    component: agent.component,
    fingerprint: agent.fingerprint,
    trust: agent.trust,
    ...newsOf(agent),
    node: agent.node,
    software: agent.software,
    outcome: agent.outcome.kind,
    wanted: isAgentWanted(agent),
    ...membersOf(agent),
    failures: agent.failures,
    started: isoTime(agent.startedMs),
    durationMs: agent.durationMs,
  }));
  const summary = {
    type: "pass",
    pass,
    app,
    whole: report.isWhole,
    wanted: isPassWanted(report),
    agents: report.agents.length,
    agentsWanted: report.agents.filter(isAgentWanted).length,
    problems: report.problems,
    started: isoTime(report.startedMs),
    durationMs: report.durationMs,
  };
  return [...agents, summary].map((line) => `${JSON.stringify(line)}\n`).join("");
}
