/**
 * How an operator approves and forgets agents.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
import {
  type AgentSelection,
  findByFingerprint,
  findOne,
  isAddressOf,
  notFound,
  readWholeFingerprint,
} from "./agent_selection.ts";
import type { KnownAgent, KnownAgentsState, PendingAgent } from "./known_agents_state.ts";
import { levelTimeMs } from "./trust_policy.ts";

/** What an approval did. */
export interface ApprovalOutcome {
  /** The state afterwards. */
  readonly state: KnownAgentsState;
  /** The agents that are approved now. */
  readonly approved: readonly KnownAgent[];
  /** The pins that made room for them: other keys at the same address. */
  readonly replaced: readonly KnownAgent[];
}

/**
 * Approves agents: pending ones, those trusted at first use, and by its whole fingerprint also one
 * that was never seen.
 *
 * An approved key takes the place of another one on record for the same app and address. Which key
 * waits at an address can change between the look at it and the approval: no address is taken.
 *
 * @throws {ConfigError} if a selector is an address, or means nobody or more than one.
 *
 * @example
 * ```ts
 * import { approveAgents, MemoryKnownAgentsStore } from "@fluxvault/fluxvault/keeper";
 *
 * const store = new MemoryKnownAgentsStore();
 * // As an agent shows it where it starts, and a keeper where it waits.
 * const selectors = [`SHA256:${"A".repeat(43)}`];
 * await store.update((state) => approveAgents(state, { selectors, app: null }, Date.now()).state);
 * console.assert((await store.load()).agents.length === 1);
 * ```
 */
export function approveAgents(
  state: KnownAgentsState,
  selection: AgentSelection,
  nowMs: number,
): ApprovalOutcome {
  const approved: KnownAgent[] = [];
  const replaced: KnownAgent[] = [];
  let current = state;
  for (const selector of selection.selectors) {
    const pin = pinFor(current, { selector, app: selection.app, nowMs });
    const isSame = (other: KnownAgent | PendingAgent) =>
      isSameApp(other.app, pin.app) && other.fingerprint === pin.fingerprint;
    const leaving = current.agents.filter((agent) => {
      return !isSame(agent) && isSameApp(agent.app, pin.app) && pin.address !== null &&
        agent.address === pin.address;
    });
    replaced.push(...leaving);
    approved.push(pin);
    current = {
      ...current,
      agents: [
        ...current.agents.filter((agent) => !isSame(agent) && !leaving.includes(agent)),
        pin,
      ],
      pending: current.pending.filter((agent) => !isSame(agent)),
    };
  }
  return { state: current, approved, replaced };
}

function pinFor(
  state: KnownAgentsState,
  { selector, app, nowMs }: {
    readonly selector: string;
    readonly app: string | null | undefined;
    readonly nowMs: number;
  },
): KnownAgent {
  const pending = findByFingerprint(state.pending, selector, app);
  if (pending !== null) {
    const { fingerprint, component, firstSeenMs, lastSeenMs, node } = pending;
    return {
      fingerprint,
      app: pending.app,
      component,
      address: addressOf(state, pending),
      heardAt: null,
      trust: "approved",
      pinnedAtMs: levelTimeMs(state, pending, nowMs),
      firstSeenMs,
      lastSeenMs,
      missingSinceMs: null,
      node,
    };
  }
  const known = findByFingerprint(state.agents, selector, app);
  if (known !== null) {
    if (known.trust !== "first-use") return known;
    return { ...known, trust: "approved", pinnedAtMs: levelTimeMs(state, known, nowMs) };
  }
  const fingerprint = readWholeFingerprint(selector);
  if (fingerprint === null) throw notApprovable(state, { selector, app });
  const component = undefined;
  return {
    fingerprint,
    app: app ?? null,
    component,
    address: null,
    heardAt: null,
    trust: "approved",
    pinnedAtMs: levelTimeMs(state, { app: app ?? null, component }, nowMs),
    firstSeenMs: null,
    lastSeenMs: null,
    missingSinceMs: null,
    node: null,
  };
}

/** Returns where an agent waits, `null` where its key waits at several addresses: one may be a relay. */
function addressOf(state: KnownAgentsState, agent: PendingAgent): string | null {
  const isElsewhere = state.pending.some((other) => {
    return other.fingerprint === agent.fingerprint && isSameApp(other.app, agent.app) &&
      other.address !== agent.address;
  });
  return isElsewhere ? null : agent.address;
}

/** Makes the error for a selector that approves nobody; at an address it says who is known there. */
function notApprovable(
  state: KnownAgentsState,
  { selector, app }: { readonly selector: string; readonly app: string | null | undefined },
): ConfigError {
  const isHere = (agent: KnownAgent | PendingAgent) => isAddressOf(agent, { selector, app });
  const known = [
    ...state.pending.filter(isHere).map(({ fingerprint }) => `${fingerprint} waits`),
    ...state.agents.filter(isHere).map(({ fingerprint }) => `${fingerprint} is trusted`),
  ];
  if (known.length === 0) return notFound(selector, { takesAddresses: false });
  return new ConfigError(`${selector} is an address, by which nobody is approved`, {
    hint: "Approve the fingerprint that the agent itself printed. Known there: " +
      `${known.join(", ")}.`,
  });
}

/** What forgetting did. */
export interface ForgetOutcome {
  /** The state afterwards. */
  readonly state: KnownAgentsState;
  /** The agents that are forgotten, known and pending ones. */
  readonly forgotten: readonly (KnownAgent | PendingAgent)[];
}

/**
 * Forgets agents: a known one is new the next time it is seen.
 *
 * @throws {ConfigError} if a selector means nobody or more than one.
 *
 * @example
 * ```ts
 * import { approveAgents, forgetAgents, MemoryKnownAgentsStore } from "@fluxvault/fluxvault/keeper";
 *
 * const store = new MemoryKnownAgentsStore();
 * const selection = { selectors: [`SHA256:${"A".repeat(43)}`], app: null };
 * await store.update((state) => approveAgents(state, selection, Date.now()).state);
 * await store.update((state) => forgetAgents(state, selection).state);
 * console.assert((await store.load()).agents.length === 0);
 * ```
 */
export function forgetAgents(state: KnownAgentsState, selection: AgentSelection): ForgetOutcome {
  const forgotten: (KnownAgent | PendingAgent)[] = [];
  let current = state;
  for (const selector of selection.selectors) {
    const found = [
      findOne(current.agents, selector, selection.app),
      findOne(current.pending, selector, selection.app),
    ].filter((agent) => agent !== null);
    if (found.length === 0) throw notFound(selector);
    forgotten.push(...found);
    const isFound = (agent: KnownAgent | PendingAgent) =>
      found.some((one) => {
        return isSameApp(one.app, agent.app) && one.fingerprint === agent.fingerprint;
      });
    current = {
      ...current,
      agents: current.agents.filter((agent) => !isFound(agent)),
      pending: current.pending.filter((agent) => !isFound(agent)),
    };
  }
  return { state: current, forgotten };
}
