/**
 * What a pass learned about agents, and how it is noted.
 *
 * @module
 */
import type { NodeEvidence } from "../../protocol/mod.ts";
import { appKey, isSameApp } from "../app_name.ts";
import { primaryNameOf } from "../fleet/agent_address.ts";
import { MAX_PENDING_AGENTS, MAX_RELAYED_AGENTS, SEEN_GRANULARITY_MS } from "../limits.ts";
import type { KnownAgent, KnownAgentsState, PendingAgent } from "./known_agents_state.ts";
import type { AgentContact } from "./trust_policy.ts";

/** Where a pass over the whole fleet looked for agents, and whom it met. */
export interface LookedFor {
  /** The addresses that it dialled. */
  readonly dialled: ReadonlySet<string>;
  /** The keys that were seen since it began, wherever. */
  readonly seen: ReadonlySet<string>;
}

/** What a pass learned about agents. */
export interface PassFindings {
  /** The app that the keeper dialled for, or `null`. */
  readonly app: string | null;
  /** The agents that were trusted. */
  readonly trusted: readonly AgentContact[];
  /** Where agents completed a contact and are on record from now on; addresses by fingerprint. */
  readonly located: ReadonlyMap<string, string>;
  /** The agents that wait for the operator, and why. */
  readonly pending: readonly {
    readonly contact: AgentContact;
    readonly reason: "new" | "changed";
  }[];
  /** Where the pass looked, or `null` if it was not one over the whole fleet. */
  readonly lookedFor: LookedFor | null;
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
  const { app, located } = findings;
  const contacts = new Map(findings.trusted.map((contact) => [contact.fingerprint, contact]));
  const owners = new Map([...located].map(([fingerprint, address]) => [address, fingerprint]));
  let isChanged = false;
  const noted = agents.map((agent) => {
    if (!isSameApp(agent.app, app)) return agent;
    const contact = contacts.get(agent.fingerprint);
    const seen = contact === undefined
      ? noteMissing(agent, findings)
      : noteSeen(agent, { contact, findings });
    const owner = seen.address === null ? undefined : owners.get(seen.address);
    const next = owner === undefined || owner === agent.fingerprint
      ? seen
      : noteDisplaced(seen, { isSeen: contact !== undefined, nowMs: findings.nowMs });
    isChanged ||= next !== agent;
    return next;
  });
  return isChanged ? noted : agents;
}

function noteSeen(
  agent: KnownAgent,
  { contact, findings }: { readonly contact: AgentContact; readonly findings: PassFindings },
): KnownAgent {
  const { nowMs, located } = findings;
  const { component, node } = contact;
  const place = located.get(agent.fingerprint);
  const { address, heardAt } = place === undefined ? agent : { address: place, heardAt: null };
  const isCurrent = agent.address === address && agent.heardAt === heardAt &&
    agent.component === component && isSameNode(agent.node, node) &&
    agent.missingSinceMs === null &&
    nowMs - (agent.lastSeenMs ?? -Infinity) < SEEN_GRANULARITY_MS;
  if (isCurrent) return agent;
  // A pin that was seen before has no first time where an older keeper did not note it.
  const firstSeenMs = agent.lastSeenMs === null ? nowMs : agent.firstSeenMs;
  const seen = { firstSeenMs, lastSeenMs: nowMs, missingSinceMs: null };
  return { ...agent, address, heardAt, component, node, ...seen };
}

/** Another agent is where this one was: an address is on record for one of them alone. */
function noteDisplaced(
  agent: KnownAgent,
  { isSeen, nowMs }: { readonly isSeen: boolean; readonly nowMs: number },
): KnownAgent {
  const missingSinceMs = isSeen ? null : agent.missingSinceMs ?? nowMs;
  return { ...agent, address: null, heardAt: null, missingSinceMs };
}

function isSameNode(a: NodeEvidence | null, b: NodeEvidence | null): boolean {
  return a?.id === b?.id && a?.ip === b?.ip && a?.country === b?.country;
}

/**
 * An agent is missed from the first pass on that dialled its address and did not meet its key
 * anywhere: a list that leaves it out does not make its place free. One that has no address, since it
 * was never seen or another agent is there now, cannot be looked for and is not missed for that.
 */
function noteMissing(
  agent: KnownAgent,
  { nowMs, lookedFor }: Pick<PassFindings, "nowMs" | "lookedFor">,
): KnownAgent {
  const address = agent.address ?? agent.heardAt;
  if (lookedFor === null || address === null || agent.missingSinceMs !== null) return agent;
  // Where nobody at all was reached, the fault is likely the keeper's own network.
  const isMissed = lookedFor.seen.size > 0 && lookedFor.dialled.has(address) &&
    !lookedFor.seen.has(agent.fingerprint);
  return isMissed ? { ...agent, missingSinceMs: nowMs } : agent;
}

function notePending(
  pending: readonly PendingAgent[],
  findings: PassFindings,
): readonly PendingAgent[] {
  const { app, nowMs } = findings;
  const byPlace = new Map(pending.map((agent) => [`${appKey(agent.app)} ${agent.address}`, agent]));
  let isChanged = false;
  for (const { contact, reason } of findings.pending) {
    const { fingerprint, component, address, node } = contact;
    const place = `${appKey(app)} ${address}`;
    const known = byPlace.get(place);
    const isSame = known?.fingerprint === fingerprint && known.component === component &&
      known.reason === reason && isSameNode(known.node, node);
    if (isSame && nowMs - known.lastSeenMs < SEEN_GRANULARITY_MS) continue;
    isChanged = true;
    byPlace.set(place, {
      fingerprint,
      app: known?.app ?? app,
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
    return !isSameApp(agent.app, app) || !trusted.has(agent.fingerprint);
  });
  if (!isChanged && left.length === pending.length) return pending;
  return shortenPending(left.sort((a, b) => b.lastSeenMs - a.lastSeenMs));
}

/**
 * Keeps those seen last: so many in all, and behind each primary no more than it may list at a time, so
 * that none that lists ever new ones makes those of others go.
 */
function shortenPending(inOrder: readonly PendingAgent[]): PendingAgent[] {
  const counts = new Map<string, number>();
  const kept = inOrder.filter(({ app, address }) => {
    const primary = primaryNameOf(address);
    if (primary === null) return true;
    const place = `${appKey(app)} ${primary}`;
    const count = (counts.get(place) ?? 0) + 1;
    counts.set(place, count);
    return count <= MAX_RELAYED_AGENTS;
  });
  return kept.slice(0, MAX_PENDING_AGENTS);
}
