/**
 * Whom a keeper trusts: the decision about one agent that has proved which key it holds.
 *
 * A pin is app, component and key. The address of an agent is recorded, never trusted.
 *
 * @module
 */
import type { RejectionCode } from "../../protocol/mod.ts";
import { FIRST_USE_EXPIRY_MS, MAX_PENDING_AGENTS, SEEN_GRANULARITY_MS } from "../limits.ts";
import type {
  KnownAgent,
  KnownAgentsState,
  PendingAgent,
  TrustGround,
} from "./known_agents_state.ts";

/** What happens to an agent whose key is not known. */
export type TrustPolicy =
  /** It is pending until the operator approves it. */
  | "approve"
  /** It is trusted from now on, while a place is free. */
  | "first-use"
  /** It is turned away. */
  | "pinned";

/** An agent that has proved which key it holds; the rest is its own word. */
export interface AgentContact {
  /** Where it was dialled, as `host:port`. */
  readonly address: string;
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** Names its process: 16 bytes in hex. */
  readonly instance: string;
  /** The app that it says it belongs to, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
}

/** By what an agent is judged. */
export interface TrustRules {
  /** What happens to an agent that is not known. */
  readonly trust: TrustPolicy;
  /** The app that the keeper dials for, or `null`. */
  readonly app: string | null;
  /** How many agents of the app may be trusted at first use. */
  readonly firstUseLimit: number;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** The decision about an agent. */
export type Judgement =
  /** It may be served. */
  | { readonly verdict: "trusted"; readonly ground: TrustGround; readonly isNew: boolean }
  /** It waits for the operator. */
  | { readonly verdict: "pending"; readonly reason: "new" | "places-taken" }
  /** It is turned away. */
  | { readonly verdict: "refused"; readonly code: RejectionCode };

function isStale(agent: KnownAgent, nowMs: number): boolean {
  const { trust, missingSinceMs } = agent;
  return trust === "first-use" && missingSinceMs !== null &&
    nowMs - missingSinceMs >= FIRST_USE_EXPIRY_MS;
}

function isSameApp(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Finds the pin of a key among those of an app. */
export function findPin(
  state: KnownAgentsState,
  key: { readonly app: string | null; readonly fingerprint: string },
): KnownAgent | undefined {
  return state.agents.find(({ app, fingerprint }) => {
    return app === key.app && fingerprint === key.fingerprint;
  });
}

/** Decides about an agent; changes nothing. */
export function judgeAgent(
  state: KnownAgentsState,
  contact: AgentContact,
  rules: TrustRules,
): Judgement {
  const { app, nowMs } = rules;
  if (app !== null && contact.app !== null && !isSameApp(app, contact.app)) {
    return { verdict: "refused", code: "app-mismatch" };
  }
  const pin = findPin(state, { app, fingerprint: contact.fingerprint });
  if (pin !== undefined) {
    if (pin.component !== undefined && pin.component !== contact.component) {
      return { verdict: "refused", code: "identity-mismatch" };
    }
    return { verdict: "trusted", ground: pin.trust, isNew: false };
  }
  const isOfAnotherApp = app !== null && state.agents.some((agent) => {
    return agent.fingerprint === contact.fingerprint && agent.app !== null;
  });
  if (isOfAnotherApp) return { verdict: "refused", code: "identity-mismatch" };
  const ofApp = state.agents.filter((agent) => agent.app === app && !isStale(agent, nowMs));
  if (ofApp.some(({ address }) => address === contact.address)) {
    return { verdict: "refused", code: "identity-changed" };
  }
  switch (rules.trust) {
    case "pinned":
      return { verdict: "refused", code: "rejected" };
    case "approve":
      return { verdict: "pending", reason: "new" };
    case "first-use": {
      const taken = ofApp.filter(({ trust }) => trust === "first-use").length;
      return taken < rules.firstUseLimit
        ? { verdict: "trusted", ground: "first-use", isNew: true }
        : { verdict: "pending", reason: "places-taken" };
    }
  }
}

/**
 * Gives an agent a first-use place, if it may have one.
 *
 * A pin whose key was missed for three hours makes room, the longest missed first; until somebody
 * needs its place it stays good.
 */
export function pinAtFirstUse(
  state: KnownAgentsState,
  contact: AgentContact,
  rules: TrustRules,
): KnownAgentsState {
  const judgement = judgeAgent(state, contact, rules);
  if (judgement.verdict !== "trusted" || !judgement.isNew) return state;
  const { app, nowMs } = rules;
  const { fingerprint, component, address } = contact;
  const isPlace = (agent: KnownAgent) => agent.app === app && agent.trust === "first-use";
  const places = state.agents.filter(isPlace);
  const surplus = places.length + 1 - rules.firstUseLimit;
  const leaving = new Set(
    places.filter((agent) => agent.address === address && isStale(agent, nowMs)),
  );
  const stale = places.filter((agent) => isStale(agent, nowMs))
    .sort((a, b) => (a.missingSinceMs ?? 0) - (b.missingSinceMs ?? 0));
  for (const agent of stale) {
    if (leaving.size >= surplus) break;
    leaving.add(agent);
  }
  const pin: KnownAgent = {
    fingerprint,
    app,
    component,
    address,
    trust: "first-use",
    pinnedAtMs: nowMs,
    lastSeenMs: nowMs,
    missingSinceMs: null,
  };
  return {
    ...state,
    agents: [...state.agents.filter((agent) => !leaving.has(agent)), pin],
    pending: state.pending.filter((other) => {
      return other.fingerprint !== fingerprint || other.app !== app;
    }),
  };
}

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
  const { address, component } = contact;
  const isCurrent = agent.address === address && agent.component === component &&
    agent.missingSinceMs === null && nowMs - (agent.lastSeenMs ?? -Infinity) < SEEN_GRANULARITY_MS;
  return isCurrent
    ? agent
    : { ...agent, address, component, lastSeenMs: nowMs, missingSinceMs: null };
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
    const { fingerprint, component, address } = contact;
    const place = `${app} ${address}`;
    const known = byPlace.get(place);
    const isSame = known?.fingerprint === fingerprint && known.component === component &&
      known.reason === reason;
    if (isSame && nowMs - known.lastSeenMs < SEEN_GRANULARITY_MS) continue;
    isChanged = true;
    byPlace.set(place, {
      fingerprint,
      app,
      component,
      address,
      reason,
      firstSeenMs: isSame ? known.firstSeenMs : nowMs,
      lastSeenMs: nowMs,
    });
  }
  const trusted = new Set(findings.trusted.map(({ fingerprint }) => fingerprint));
  const left = [...byPlace.values()].filter((agent) => {
    return agent.app !== app || !trusted.has(agent.fingerprint);
  });
  if (!isChanged && left.length === pending.length) return pending;
  return left.sort((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, MAX_PENDING_AGENTS);
}
