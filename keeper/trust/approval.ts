/**
 * How an operator approves and forgets agents.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import {
  FINGERPRINT,
  type KnownAgent,
  type KnownAgentsState,
  type PendingAgent,
} from "./known_agents_state.ts";

/** The shortest beginning of a fingerprint that is taken, without `SHA256:`. */
export const MIN_PREFIX_LENGTH = 8;

/** Which agents an operator means. */
export interface AgentSelection {
  /** Fingerprints, beginnings of them with at least 8 characters, or addresses. */
  readonly selectors: readonly string[];
  /** Only agents of this app; of any app where it is `undefined`. */
  readonly app?: string | undefined;
}

type AnyAgent = KnownAgent | PendingAgent;

function refusal(message: string, hint: string): ConfigError {
  return new ConfigError(message, { hint });
}

function matches(agent: AnyAgent, selector: string): boolean {
  if (agent.address === selector) return true;
  const prefix = selector.startsWith("SHA256:") ? selector : `SHA256:${selector}`;
  return prefix.length >= "SHA256:".length + MIN_PREFIX_LENGTH &&
    agent.fingerprint.startsWith(prefix);
}

/** Finds the one agent that a selector means, or `null`. */
function findOne<T extends AnyAgent>(
  agents: readonly T[],
  selector: string,
  app: string | undefined,
): T | null {
  const found = agents.filter((agent) => {
    return (app === undefined || agent.app === app) && matches(agent, selector);
  });
  const [first, ...others] = found;
  if (first === undefined) return null;
  const other = others.find((agent) => {
    return agent.fingerprint !== first.fingerprint || agent.app !== first.app;
  });
  if (other !== undefined) {
    const name = (agent: T) => `${agent.fingerprint} (app ${agent.app ?? "-"})`;
    throw refusal(
      `${JSON.stringify(selector)} means ${name(first)} and ${name(other)}`,
      "Give the whole fingerprint, and --app-name where two apps have it.",
    );
  }
  return first;
}

function notFound(selector: string): ConfigError {
  const isShort = selector.replace(/^SHA256:/, "").length < MIN_PREFIX_LENGTH;
  return refusal(
    `no agent is known by ${JSON.stringify(selector)}`,
    isShort
      ? `Give an address, or at least ${MIN_PREFIX_LENGTH} characters of the fingerprint.`
      : "`agents list` shows those that are.",
  );
}

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
 * An approved key takes the place of another one on record for the same app and address.
 *
 * @throws {ConfigError} if a selector means nobody or more than one.
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
    const isSame = (other: AnyAgent) =>
      other.app === pin.app && other.fingerprint === pin.fingerprint;
    const leaving = current.agents.filter((agent) => {
      return !isSame(agent) && agent.app === pin.app && pin.address !== null &&
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
    readonly app: string | undefined;
    readonly nowMs: number;
  },
): KnownAgent {
  // At an address with both, the operator means the one that waits.
  const pending = findOne(state.pending, selector, app);
  if (pending !== null) {
    return {
      fingerprint: pending.fingerprint,
      app: pending.app,
      component: pending.component,
      address: pending.address,
      trust: "approved",
      pinnedAtMs: nowMs,
      lastSeenMs: pending.lastSeenMs,
      missingSinceMs: null,
    };
  }
  const known = findOne(state.agents, selector, app);
  if (known !== null) {
    return known.trust === "approved" ? known : { ...known, trust: "approved", pinnedAtMs: nowMs };
  }
  if (!FINGERPRINT.test(selector)) throw notFound(selector);
  return {
    fingerprint: selector,
    app: app ?? null,
    component: undefined,
    address: null,
    trust: "approved",
    pinnedAtMs: nowMs,
    lastSeenMs: null,
    missingSinceMs: null,
  };
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
 */
export function forgetAgents(state: KnownAgentsState, selection: AgentSelection): ForgetOutcome {
  const forgotten: AnyAgent[] = [];
  let current = state;
  for (const selector of selection.selectors) {
    const found = [
      findOne(current.agents, selector, selection.app),
      findOne(current.pending, selector, selection.app),
    ].filter((agent) => agent !== null);
    if (found.length === 0) throw notFound(selector);
    forgotten.push(...found);
    const isFound = (agent: AnyAgent) =>
      found.some((one) => one.app === agent.app && one.fingerprint === agent.fingerprint);
    current = {
      ...current,
      agents: current.agents.filter((agent) => !isFound(agent)),
      pending: current.pending.filter((agent) => !isFound(agent)),
    };
  }
  return { state: current, forgotten };
}
