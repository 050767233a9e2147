/**
 * The status of a fleet as lines of JSON; the members are stable and described in the README of the
 * keeper.
 *
 * @module
 */
import { membersOf } from "./status_state.ts";
import { type AgentStatusView, isStatusWanted } from "./status_view.ts";

/** Writes a line for each agent and one for the whole, each ended. */
export function formatStatusJson(views: readonly AgentStatusView[]): string {
  const agents = views.map(({ agent, declared, concerns }) => {
    const { original: _original, ...members } = membersOf(agent);
    return {
      type: "agent-status",
      ...members,
      wire: agent.wire,
      declared,
      wanted: agent.isListed && concerns.length === 0,
      concerns,
    };
  });
  const summary = {
    type: "status",
    wanted: isStatusWanted(views),
    agents: views.length,
    agentsWanted: agents.filter(({ wanted }) => wanted).length,
    agentsOld: views.filter(({ concerns }) => concerns.includes("old")).length,
  };
  return [...agents, summary].map((line) => `${JSON.stringify(line)}\n`).join("");
}
