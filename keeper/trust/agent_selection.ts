/**
 * How an operator names agents: by a fingerprint in either form, the beginning of one, or an address.
 *
 * @module
 */
import { base32nopad, base64urlnopad } from "@scure/base";
import { ConfigError, fingerprintGroups } from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
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

function hasFingerprint(agent: AnyAgent, selector: string): boolean {
  const prefix = selector.startsWith("SHA256:") ? selector : `SHA256:${selector}`;
  const isLongEnough = prefix.length >= "SHA256:".length + MIN_PREFIX_LENGTH;
  if (isLongEnough && agent.fingerprint.startsWith(prefix)) return true;
  const groups = groupsIn(selector);
  return groups !== null &&
    fingerprintGroups(agent.fingerprint).replaceAll("-", "").startsWith(groups);
}

function isOfApp(agent: AnyAgent, app: string | null | undefined): boolean {
  return app === undefined || isSameApp(agent.app, app);
}

/** Tells whether a selector is the address of an agent of the app. */
export function isAddressOf(
  agent: AnyAgent,
  { selector, app }: { readonly selector: string; readonly app: string | null | undefined },
): boolean {
  return isOfApp(agent, app) && agent.address === selector;
}

/**
 * Finds the one agent that a selector means, be it a fingerprint or an address, or `null`.
 *
 * @throws {ConfigError} if it means more than one.
 */
export function findOne<T extends AnyAgent>(
  agents: readonly T[],
  selector: string,
  app: string | null | undefined,
): T | null {
  const found = agents.filter((agent) => {
    return isAddressOf(agent, { selector, app }) ||
      (isOfApp(agent, app) && hasFingerprint(agent, selector));
  });
  return onlyOne(found, selector);
}

/**
 * Finds the one agent whose fingerprint a selector is, or begins, or `null`.
 *
 * @throws {ConfigError} if it means more than one.
 */
export function findByFingerprint<T extends AnyAgent>(
  agents: readonly T[],
  selector: string,
  app: string | null | undefined,
): T | null {
  const found = agents.filter((agent) => isOfApp(agent, app) && hasFingerprint(agent, selector));
  return onlyOne(found, selector);
}

function onlyOne<T extends AnyAgent>(found: readonly T[], selector: string): T | null {
  const [first, ...others] = found;
  if (first === undefined) return null;
  const other = others.find((agent) => {
    return agent.fingerprint !== first.fingerprint || !isSameApp(agent.app, first.app);
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

/** The options of {@linkcode notFound}. */
export interface NotFoundOptions {
  /** Whether an address would have done. @default {true} */
  readonly takesAddresses?: boolean;
}

/** Makes the error for a selector that means nobody. */
export function notFound(selector: string, options: NotFoundOptions = {}): ConfigError {
  const { takesAddresses = true } = options;
  const isShort = selector.replace(/^SHA256:/, "").length < MIN_PREFIX_LENGTH;
  return new ConfigError(`no agent is known by ${JSON.stringify(selector)}`, {
    hint: !takesAddresses
      ? `Give at least ${MIN_PREFIX_LENGTH} characters of a fingerprint that \`agents list\` shows, ` +
        "or the whole of one that was not seen yet."
      : isShort
      ? `Give an address, or at least ${MIN_PREFIX_LENGTH} characters of the fingerprint.`
      : "`agents list` shows those that are.",
  });
}
