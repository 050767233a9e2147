/**
 * How an agent that a judgement newly trusts goes on record, and who makes room for it.
 *
 * @module
 */
import { isSameApp } from "../app_name.ts";
import { MAX_ENROLLED_AGENTS } from "../limits.ts";
import type { KnownAgent, KnownAgentsState } from "./known_agents_state.ts";
import {
  type AgentContact,
  countPlaces,
  findPin,
  isStale,
  judgeAgent,
  type Judgement,
  type TrustRules,
} from "./trust_policy.ts";

/** What an admission did. */
export interface Admission {
  /** The state afterwards; the same object where nothing is new. */
  readonly state: KnownAgentsState;
  /** The decision about the agent, by the state before. */
  readonly judgement: Judgement;
}

/**
 * Judges an agent, and puts it on record where it is trusted from now on or raised. Its address is
 * not: whoever passes on what the agent says comes so far, too. That waits for a completed contact.
 *
 * Who was heard at the address before and never completed a contact makes room, so that one address
 * holds one place. A first-use pin whose key was missed for three hours makes room, the longest missed
 * first; until somebody needs its place it stays good.
 */
export function admitAgent(
  state: KnownAgentsState,
  contact: AgentContact,
  rules: TrustRules,
): Admission {
  const judgement = judgeAgent(state, contact, rules);
  if (judgement.verdict !== "trusted" || judgement.news === null) return { state, judgement };
  const { app, nowMs } = rules;
  const { fingerprint, component, address, node } = contact;
  const before = findPin(state, { app, fingerprint });
  const leaving = judgement.news.kind === "first-use"
    ? leavingAtFirstUse(state, contact, rules)
    : leavingAtEnrolment(state, contact, rules);
  const pin: KnownAgent = {
    fingerprint,
    app: before?.app ?? app,
    component,
    address: before?.address ?? null,
    heardAt: heardAtOf(before, address),
    trust: judgement.ground,
    pinnedAtMs: judgement.sinceMs,
    // A pin that was seen before has no first time where an older keeper did not note it.
    firstSeenMs: before === undefined || before.lastSeenMs === null ? nowMs : before.firstSeenMs,
    lastSeenMs: nowMs,
    missingSinceMs: null,
    node,
  };
  const agents = state.agents.filter((agent) => agent !== before && !leaving.has(agent));
  const pending = state.pending.filter((other) => {
    return other.fingerprint !== fingerprint || !isSameApp(other.app, app);
  });
  return { state: { ...state, agents: [...agents, pin], pending }, judgement };
}

function heardAtOf(before: KnownAgent | undefined, address: string): string | null {
  return before === undefined || before.address === null ? before?.heardAt ?? address : null;
}

function leavingAtFirstUse(
  state: KnownAgentsState,
  { address }: AgentContact,
  rules: TrustRules,
): Set<KnownAgent> {
  const { app, nowMs } = rules;
  const places = state.agents.filter((agent) => {
    return isSameApp(agent.app, app) && agent.trust === "first-use";
  });
  const count = countPlaces(state, rules, { address, holders: places });
  const surplus = places.length + 1 - (count ?? 0);
  const stale = places.filter((agent) => isStale(agent, nowMs));
  const leaving = new Set([
    ...stale.filter((agent) => agent.address === address),
    ...places.filter((agent) => agent.heardAt === address),
  ]);
  for (const agent of stale.sort(longestMissedFirst)) {
    if (leaving.size >= surplus) break;
    leaving.add(agent);
  }
  return leaving;
}

function leavingAtEnrolment(
  state: KnownAgentsState,
  { address, fingerprint, component }: AgentContact,
  { app }: TrustRules,
): Set<KnownAgent> {
  const isPinned = findPin(state, { app, fingerprint }) !== undefined;
  const ofApp = state.agents.filter((agent) => isSameApp(agent.app, app));
  const leaving = new Set(ofApp.filter((agent) => {
    const isHere = agent.address === address || agent.heardAt === address;
    return !isPinned && isHere && agent.component === component;
  }));
  // Who is enrolled can prove it again, so it does no harm to forget one.
  const enrolled = ofApp.filter((agent) => {
    return agent.trust === "enrolled" && agent.fingerprint !== fingerprint && !leaving.has(agent);
  });
  const missed = enrolled.filter(({ missingSinceMs }) => missingSinceMs !== null);
  const present = enrolled.filter(({ missingSinceMs }) => missingSinceMs === null);
  const surplus = Math.max(0, enrolled.length + 1 - MAX_ENROLLED_AGENTS);
  const gone = missed.sort(longestMissedFirst).slice(0, surplus);
  for (const agent of gone) leaving.add(agent);
  // An import may have brought more than that: of those who are there, one makes room for one.
  if (surplus > 0 && gone.length === 0) {
    for (const agent of present.sort(longestUnseenFirst).slice(0, 1)) leaving.add(agent);
  }
  return leaving;
}

function longestMissedFirst(a: KnownAgent, b: KnownAgent): number {
  return (a.missingSinceMs ?? 0) - (b.missingSinceMs ?? 0);
}

function longestUnseenFirst(a: KnownAgent, b: KnownAgent): number {
  return (a.lastSeenMs ?? 0) - (b.lastSeenMs ?? 0);
}
