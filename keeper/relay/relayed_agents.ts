/**
 * Whom a primary lists behind it: the word of an agent that is trusted for itself alone.
 *
 * @module
 */
import { type ActionContract, isAppName } from "../../protocol/mod.ts";
import { MAX_RELAYED_AGENTS } from "../limits.ts";

/** The word in an agent's READY that says that it relays. */
export const RELAY_WANT = "relay";

/** An agent behind a primary. */
export interface RelayedAgent {
  /** Its component, by the word of the primary; the agent itself has to say the same. */
  readonly component: string;
  /** Whether it takes sessions under TLS alone. */
  readonly hasTls: boolean;
}

/** What a primary lists behind it. */
export interface RelayedAgents {
  /** Those that can be: 64 at most, no component twice, in whatever case, and not that of the primary. */
  readonly agents: readonly RelayedAgent[];
  /** How many entries of the list cannot be; nothing is known of them. */
  readonly refused: number;
}

/** What a keeper calls to learn of the agents behind a primary. */
export const RELAY_LIST: ActionContract<undefined, readonly unknown[]> = {
  name: "relay-list",
  parseOutput(output) {
    const agents = isObject(output) ? output["Agents"] : undefined;
    if (!Array.isArray(agents)) throw new TypeError("there is no list of agents");
    return agents;
  },
};

/** What a keeper calls to reach an agent behind a primary. */
export const RELAY: ActionContract<{ readonly Component: string }> = { name: "relay" };

/**
 * Reads what {@linkcode RELAY_LIST} answers; what cannot be is left out.
 *
 * @param primary The component that the primary says it is, or `null`.
 */
export function readRelayedAgents(
  list: readonly unknown[],
  primary: string | null,
): RelayedAgents {
  const taken = new Set(primary === null ? [] : [primary.toLowerCase()]);
  const agents: RelayedAgent[] = [];
  for (const item of list) {
    if (agents.length === MAX_RELAYED_AGENTS) break;
    const component = isObject(item) ? item["Component"] : undefined;
    if (typeof component !== "string" || !isAppName(component)) continue;
    if (taken.has(component.toLowerCase())) continue;
    taken.add(component.toLowerCase());
    agents.push({ component, hasTls: isObject(item) && item["Tls"] === true });
  }
  return { agents, refused: list.length - agents.length };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
