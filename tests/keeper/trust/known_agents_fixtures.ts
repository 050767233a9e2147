/** Agents and states for the tests of trust. */
import {
  EMPTY_STATE,
  type KnownAgent,
  type KnownAgentsState,
  type PendingAgent,
} from "../../../keeper/trust/known_agents_state.ts";
import type { NodeEvidence } from "../../../protocol/mod.ts";
import type { AgentContact, TrustRules } from "../../../keeper/trust/trust_policy.ts";

/** The time in the tests of trust, in Unix milliseconds. */
export const NOW_MS = Date.UTC(2030, 0, 1);

/** A node that an agent may name. */
export const NODE: NodeEvidence = { id: `${"ab".repeat(32)}0`, ip: "203.0.113.1", country: "DE" };

/** Makes a fingerprint that begins with these characters. */
export function fingerprintOf(name: string): string {
  return `SHA256:${name.padEnd(43, "_")}`;
}

/** Makes a contact with an agent that has this key. */
export function contactOf(name: string, members: Partial<AgentContact> = {}): AgentContact {
  return {
    address: "203.0.113.1:8888",
    fingerprint: fingerprintOf(name),
    instance: "00".repeat(16),
    app: null,
    component: null,
    enrolment: null,
    node: null,
    ...members,
  };
}

/** Makes the pin of an agent with this key. */
export function pinOf(name: string, members: Partial<KnownAgent> = {}): KnownAgent {
  return {
    fingerprint: fingerprintOf(name),
    app: "demo",
    component: null,
    address: "203.0.113.1:8888",
    heardAt: null,
    trust: "approved",
    pinnedAtMs: NOW_MS - 1_000,
    firstSeenMs: NOW_MS - 1_000,
    lastSeenMs: NOW_MS - 1_000,
    missingSinceMs: null,
    node: null,
    ...members,
  };
}

/** Makes an agent that waits. */
export function pendingOf(name: string, members: Partial<PendingAgent> = {}): PendingAgent {
  return {
    fingerprint: fingerprintOf(name),
    app: "demo",
    component: null,
    address: "203.0.113.1:8888",
    reason: "new",
    firstSeenMs: NOW_MS - 1_000,
    lastSeenMs: NOW_MS - 1_000,
    node: null,
    ...members,
  };
}

/** Makes a state. */
export function stateOf(members: Partial<KnownAgentsState> = {}): KnownAgentsState {
  return { ...EMPTY_STATE, ...members };
}

/** Makes rules for the app `demo`. */
export function rulesOf(members: Partial<TrustRules> = {}): TrustRules {
  return {
    trust: "approve",
    app: "demo",
    firstUseLimit: 2,
    instances: null,
    isListed: true,
    nowMs: NOW_MS,
    ...members,
  };
}
