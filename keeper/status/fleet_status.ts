/**
 * How a fleet stands as a whole: who is new in it, who left, and what is not as it should be.
 *
 * @module
 */
import { appKey, isSameApp } from "../app_name.ts";
import { FORGET_ADDRESS_MS } from "../limits.ts";
import { isServiceWanted } from "../report/report.ts";
import type { ManifestRevision } from "../trust/mod.ts";
import type { AgentStatus, FleetStatus } from "./agent_status.ts";
import { FORGET_STATUS_MS, MAX_STATUS_AGENTS } from "./limits.ts";
import { noteContact, type NotedContact } from "./noted_contact.ts";

function keyOf({ app, address }: Pick<AgentStatus, "app" | "address">): string {
  return `${appKey(app)} ${address}`;
}

/**
 * Notes contacts, in their order; the agents that were heard of last come first. Whom nobody has dialled
 * for 30 days is forgotten.
 */
export function noteContacts(status: FleetStatus, contacts: readonly NotedContact[]): FleetStatus {
  const agents = new Map(status.agents.map((agent) => [keyOf(agent), agent]));
  for (const noted of contacts) {
    const { app, report: { address } } = noted;
    const key = keyOf({ app, address });
    agents.set(key, noteContact(agents.get(key) ?? null, noted));
  }
  const latest = [...agents.values()].sort((a, b) => b.contact.atMs - a.contact.atMs);
  const [last] = latest;
  const sinceMs = (last?.contact.atMs ?? 0) - FORGET_STATUS_MS;
  return {
    agents: latest.slice(0, MAX_STATUS_AGENTS).filter(({ contact }) => contact.atMs >= sinceMs),
  };
}

/** What a pass over all agents of an app found. */
export interface ListedAgents {
  /** The app, or `null`. */
  readonly app: string | null;
  /** The addresses that are on its list. */
  readonly addresses: ReadonlySet<string>;
  /** When it began, in Unix milliseconds. */
  readonly sinceMs: number;
}

/** Notes who is on the list of an app; who left it two hours ago is forgotten. */
export function noteListed(status: FleetStatus, listed: ListedAgents): FleetStatus {
  const { app, addresses, sinceMs } = listed;
  const agents = status.agents.flatMap((agent) => {
    const isElsewhere = !isSameApp(agent.app, app) || agent.contact.atMs >= sinceMs;
    if (isElsewhere || addresses.has(agent.address)) return [agent];
    const isForgotten = sinceMs - agent.contact.atMs >= FORGET_ADDRESS_MS;
    return isForgotten ? [] : [agent.isListed ? { ...agent, isListed: false } : agent];
  });
  const isSame = agents.length === status.agents.length &&
    agents.every((agent, i) => agent === status.agents[i]);
  return isSame ? status : { agents };
}

/** Notes that a keeper of an app has ended as it was asked to: nobody is due any more. */
export function noteEnd(status: FleetStatus, app: string | null): FleetStatus {
  return {
    agents: status.agents.map((agent) => {
      return isSameApp(agent.app, app) ? { ...agent, dueMs: null } : agent;
    }),
  };
}

/** What is not as it should be with an agent. */
export type AgentConcern =
  /** Its last contact came to no end. */
  | "contact"
  /** Nobody has looked for it for so long that no keeper can be running. */
  | "overdue"
  /** It holds an older revision than is declared, or none. */
  | "old"
  /** Some file is not as it should be. */
  | "files"
  /** Something was changed there, and was not put right. */
  | "drift"
  /** A hook has something left to do. */
  | "hooks"
  /** A service does not run that should. */
  | "services"
  /** Something asks for more trust than it has. */
  | "withheld"
  /** A plan found something to do. */
  | "planned";

/** By what an agent is looked at. */
export interface ConcernOptions {
  /** The last revision of each component. */
  readonly revisions: readonly ManifestRevision[];
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** Finds what is not as it should be with an agent; nothing where it left the list. */
export function findConcerns(agent: AgentStatus, options: ConcernOptions): AgentConcern[] {
  if (!agent.isListed) return [];
  const { contact, dueMs, files, drift, hooks, services = [], withheld, planned } = agent;
  const isReached = contact.outcome === "delivered" || contact.outcome === "planned";
  const concerns: [AgentConcern, boolean][] = [
    ["contact", !isReached],
    ["overdue", dueMs !== null && options.nowMs > dueMs],
    ["old", isOld(agent, options.revisions)],
    ["files", files.length > 0],
    ["drift", drift.some(({ repairedMs }) => repairedMs === null)],
    ["hooks", hooks.length > 0],
    ["services", !services.every(isServiceWanted)],
    ["withheld", withheld.length > 0],
    ["planned", planned !== null && planned > 0],
  ];
  return concerns.flatMap(([concern, isSo]) => isSo ? concern : []);
}

/** Tells whether an agent holds an older revision than its component should, or none at all. */
export function isOld(
  { app, component, held, wire }: AgentStatus,
  revisions: readonly ManifestRevision[],
): boolean {
  // The original's wire knows no revisions.
  if (wire === "original") return false;
  if (held === null) return true;
  const last = revisions.find((known) => {
    return isSameApp(known.app, app) && known.component === component;
  });
  return last !== undefined && held.revision < last.revision;
}
