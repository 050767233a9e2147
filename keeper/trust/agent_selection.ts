/**
 * How an operator names agents: by a fingerprint in either form, the beginning of one, or an address.
 *
 * @module
 */
import { base32nopad, base64urlnopad } from "@scure/base";
import { ConfigError, fingerprintGroups } from "../../protocol/mod.ts";
import {
  FINGERPRINT,
  type KnownAgent,
  type KnownAgentsState,
  type PendingAgent,
} from "./known_agents_state.ts";

/**
 * The shortest beginning of a fingerprint that is taken, without `SHA256:`, hyphens and spaces: 80 bits
 * and more, so that nobody makes himself a key that begins like another's.
 */
export const MIN_PREFIX_LENGTH = 16;

/** Which agents an operator means. */
export interface AgentSelection {
  /** Fingerprints in either form, beginnings of them with at least 16 characters, or addresses. */
  readonly selectors: readonly string[];
  /** Only agents of this app, with `null` those of none; of any app where it is `undefined`. */
  readonly app?: string | null | undefined;
}

type AnyAgent = KnownAgent | PendingAgent;

/** The characters of a fingerprint in groups, and nothing between them. */
const GROUPS = /^[a-z2-7]{16,52}$/;
const WHOLE_GROUPS_LENGTH = 52;

function groupsIn(selector: string): string | null {
  const text = selector.toLowerCase().replaceAll(/[\s-]/g, "");
  return GROUPS.test(text) ? text : null;
}

function matches(agent: AnyAgent, selector: string): boolean {
  if (agent.address === selector) return true;
  const prefix = selector.startsWith("SHA256:") ? selector : `SHA256:${selector}`;
  const isLongEnough = prefix.length >= "SHA256:".length + MIN_PREFIX_LENGTH;
  if (isLongEnough && agent.fingerprint.startsWith(prefix)) return true;
  const groups = groupsIn(selector);
  return groups !== null &&
    fingerprintGroups(agent.fingerprint).replaceAll("-", "").startsWith(groups);
}

/**
 * Finds the one agent that a selector means, or `null`.
 *
 * @throws {ConfigError} if it means more than one.
 */
export function findOne<T extends AnyAgent>(
  agents: readonly T[],
  selector: string,
  app: string | null | undefined,
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
    throw new ConfigError(
      `${JSON.stringify(selector)} means ${name(first)} and ${name(other)}`,
      { hint: "Give the whole fingerprint, and --app-name where two apps have it." },
    );
  }
  return first;
}

/**
 * Finds what is known under each selector: the agent that is trusted, the one that waits, or both.
 *
 * @throws {ConfigError} if a selector means nobody, or more than one.
 */
export function selectAgents(
  state: KnownAgentsState,
  selection: AgentSelection,
): (KnownAgent | PendingAgent)[] {
  const { selectors, app } = selection;
  const found = selectors.flatMap((selector) => {
    const agents = [
      findOne(state.agents, selector, app),
      findOne(state.pending, selector, app),
    ].filter((agent) => agent !== null);
    if (agents.length === 0) throw notFound(selector);
    return agents;
  });
  return [...new Set(found)];
}

/** Reads a whole fingerprint in either form; `null` where it is none. */
export function readWholeFingerprint(selector: string): string | null {
  if (FINGERPRINT.test(selector)) return selector;
  const groups = groupsIn(selector);
  if (groups?.length !== WHOLE_GROUPS_LENGTH) return null;
  try {
    return `SHA256:${base64urlnopad.encode(base32nopad.decode(groups.toUpperCase()))}`;
  } catch {
    // The last group has bits to spare, which are zero in every fingerprint.
    return null;
  }
}

/** Makes the error for a selector that means nobody. */
export function notFound(selector: string): ConfigError {
  const isShort = selector.replace(/^SHA256:/, "").length < MIN_PREFIX_LENGTH;
  return new ConfigError(`no agent is known by ${JSON.stringify(selector)}`, {
    hint: isShort
      ? `Give an address, or at least ${MIN_PREFIX_LENGTH} characters of the fingerprint.`
      : "`agents list` shows those that are.",
  });
}
