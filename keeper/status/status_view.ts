/**
 * The status of a fleet as it is looked at now: each agent with what is not as it should be.
 *
 * @module
 */
import { isSameApp } from "../app_name.ts";
import type { ManifestRevision } from "../trust/mod.ts";
import type { AgentStatus, FleetStatus } from "./agent_status.ts";
import { type AgentConcern, findConcerns } from "./fleet_status.ts";

/** An agent, and what is not as it should be with it. */
export interface AgentStatusView {
  /** How it stood at the last contact. */
  readonly agent: AgentStatus;
  /** The last revision of its component, or `null` where there was none. */
  readonly declared: number | null;
  /** What is not as it should be; nothing where all is. */
  readonly concerns: readonly AgentConcern[];
}

/** What a status is looked at with. */
export interface StatusViewOptions {
  /** The last revision of each component. */
  readonly revisions: readonly ManifestRevision[];
  /** Tells whether an agent is meant. @default {all are} */
  readonly isMeant?: (agent: AgentStatus) => boolean;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** Looks at a status. */
export function viewStatus(status: FleetStatus, options: StatusViewOptions): AgentStatusView[] {
  const { revisions, isMeant = () => true } = options;
  return status.agents.filter(isMeant).map((agent) => {
    const last = revisions.find(({ app, component }) => {
      return isSameApp(app, agent.app) && component === agent.component;
    });
    return { agent, declared: last?.revision ?? null, concerns: findConcerns(agent, options) };
  });
}

/** Tells whether all is as wanted: there is an agent on a list, and nothing is wrong with any. */
export function isStatusWanted(views: readonly AgentStatusView[]): boolean {
  return views.some(({ agent }) => agent.isListed) &&
    views.every(({ concerns }) => concerns.length === 0);
}
