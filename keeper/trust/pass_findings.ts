/**
 * What a pass learned about agents, and how it is noted.
 *
 * @module
 */
import type { NodeEvidence } from "../../protocol/mod.ts";
import { MAX_PENDING_AGENTS, SEEN_GRANULARITY_MS } from "../limits.ts";
import type { KnownAgent, KnownAgentsState, PendingAgent } from "./known_agents_state.ts";
import type { AgentContact } from "./trust_policy.ts";

/** What a pass learned about agents. */
export interface PassFindings {
  /** The app that the keeper dialled for, or `null`. */
  readonly app: string | null;
  /** The agents that were trusted. */
  readonly trusted: readonly AgentContact[];
  /** The agents that wait for the operator, and why. */
  readonly pending: readonly {
    readonly contact: AgentContact;
    readonly reason: "new" | "changed";
  }[];
  /** The keys that were seen since a pass over the whole fleet began, or `null` after any other. */
  readonly seenInFleet: ReadonlySet<string> | null;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * Notes what a pass learned.
 *
 * @returns The same state where nothing worth writing changed.
 */
export function noteFindings(state: KnownAgentsState, findings: PassFindings): KnownAgentsState {
  const agents = noteTrusted(state.agents, findings);
  const pending = notePending(state.pending, findings);
  if (agents === state.agents && pending === state.pending) return state;
  return { ...state, agents, pending };
}

function noteTrusted(
  agents: readonly KnownAgent[],
  findings: PassFindings,
): readonly KnownAgent[] {
  const { app, nowMs, seenInFleet } = findings;
  const contacts = new Map(findings.trusted.map((contact) => [contact.fingerprint, contact]));
  let isChanged = false;
  const noted = agents.map((agent) => {
    if (agent.app !== app) return agent;
    const contact = contacts.get(agent.fingerprint);
    const next = contact === undefined
      ? noteMissing(agent, { nowMs, seenInFleet })
      : noteSeen(agent, { nowMs, contact });
    isChanged ||= next !== agent;
    return next;
  });
  return isChanged ? noted : agents;
}

function noteSeen(
  agent: KnownAgent,
  { nowMs, contact }: { readonly nowMs: number; readonly contact: AgentContact },
): KnownAgent {
  const { address, component, node } = contact;
  const isCurrent = agent.address === address && agent.component === component &&
    isSameNode(agent.node, node) && agent.missingSinceMs === null &&
    nowMs - (agent.lastSeenMs ?? -Infinity) < SEEN_GRANULARITY_MS;
  if (isCurrent) return agent;
  // A pin that was seen before has no first time where an older keeper did not note it.
  const firstSeenMs = agent.lastSeenMs === null ? nowMs : agent.firstSeenMs;
  const seen = { firstSeenMs, lastSeenMs: nowMs, missingSinceMs: null };
  return { ...agent, address, component, node, ...seen };
}

function isSameNode(a: NodeEvidence | null, b: NodeEvidence | null): boolean {
  return a?.id === b?.id && a?.ip === b?.ip && a?.country === b?.country;
}

function noteMissing(
  agent: KnownAgent,
  { nowMs, seenInFleet }: Pick<PassFindings, "nowMs" | "seenInFleet">,
): KnownAgent {
  // Where nobody at all was reached, the fault is likely the keeper's own network.
  const isMissed = seenInFleet !== null && seenInFleet.size > 0 &&
    !seenInFleet.has(agent.fingerprint);
  return isMissed && agent.missingSinceMs === null ? { ...agent, missingSinceMs: nowMs } : agent;
}

function notePending(
  pending: readonly PendingAgent[],
  findings: PassFindings,
): readonly PendingAgent[] {
  const { app, nowMs } = findings;
  const byPlace = new Map(pending.map((agent) => [`${agent.app} ${agent.address}`, agent]));
  let isChanged = false;
  for (const { contact, reason } of findings.pending) {
    const { fingerprint, component, address, node } = contact;
    const place = `${app} ${address}`;
    const known = byPlace.get(place);
    const isSame = known?.fingerprint === fingerprint && known.component === component &&
      known.reason === reason && isSameNode(known.node, node);
    if (isSame && nowMs - known.lastSeenMs < SEEN_GRANULARITY_MS) continue;
    isChanged = true;
    byPlace.set(place, {
      fingerprint,
      app,
      component,
      address,
      reason,
      firstSeenMs: known?.fingerprint === fingerprint ? known.firstSeenMs : nowMs,
      lastSeenMs: nowMs,
      node,
    });
  }
  const trusted = new Set(findings.trusted.map(({ fingerprint }) => fingerprint));
  const left = [...byPlace.values()].filter((agent) => {
    return agent.app !== app || !trusted.has(agent.fingerprint);
  });
  if (!isChanged && left.length === pending.length) return pending;
  return left.sort((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, MAX_PENDING_AGENTS);
}
