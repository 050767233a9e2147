/**
 * A known agent as the commands show it.
 *
 * @module
 */
import { ConfigError, fingerprintGroups, type NodeEvidence } from "../../../protocol/mod.ts";
import type { CommandContext } from "../../../protocol/host/mod.ts";
import type { AGENTS_OPTIONS } from "../../options.ts";
import { findStateFolder } from "../../state_folder.ts";
import { KnownAgentsFile } from "../../trust/known_agents_file.ts";
import type {
  AgentSelection,
  KnownAgent,
  KnownAgentsState,
  PendingAgent,
  TrustGround,
} from "../../trust/mod.ts";

/** What the commands about known agents are given. */
export type AgentsContext = CommandContext<typeof AGENTS_OPTIONS>;

/** An agent as JSON; the members are stable and described in the README of the keeper. */
export interface AgentRecord {
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** The same fingerprint, to be read aloud. */
  readonly groups: string;
  /** Why it is trusted, or why it is not: `pending`, or `changed` where its address has another key. */
  readonly state: TrustGround | "pending" | "changed";
  /** The app it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that it is, or `null`. */
  readonly component: string | null;
  /** Where it was seen last, or `null`. */
  readonly address: string | null;
  /** Since when it is in this state. */
  readonly since: string;
  /** When it was seen first, or `null`. */
  readonly firstSeen: string | null;
  /** When it was seen last, or `null`. */
  readonly seen: string | null;
  /** On which node it says that it runs, or `null`; unsigned. */
  readonly node: NodeEvidence | null;
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Describes an agent. */
export function describeAgent(agent: KnownAgent | PendingAgent): AgentRecord {
  const isKnown = "trust" in agent;
  return {
    fingerprint: agent.fingerprint,
    groups: fingerprintGroups(agent.fingerprint),
    state: isKnown ? agent.trust : agent.reason === "new" ? "pending" : "changed",
    app: agent.app,
    component: agent.component ?? null,
    address: agent.address,
    since: new Date(isKnown ? agent.pinnedAtMs : agent.firstSeenMs).toISOString(),
    firstSeen: isoTime(agent.firstSeenMs),
    seen: isoTime(agent.lastSeenMs),
    node: agent.node,
  };
}

/** Opens the file of known agents that the settings mean. */
export function openKnownAgents({ env, settings }: AgentsContext): KnownAgentsFile {
  return new KnownAgentsFile(findStateFolder(env, { stateDir: settings.stateDir }));
}

/**
 * Reads which agents the operands mean.
 *
 * @throws {ConfigError} if there are none.
 */
export function readSelection({ operands, settings }: AgentsContext): AgentSelection {
  if (operands.length === 0) {
    throw new ConfigError("no agent is named", {
      hint: "Give a fingerprint, at least 16 characters of one, or an address.",
    });
  }
  return { selectors: operands, app: settings.appName };
}

/** Changes the file of known agents and returns what the change came to. */
export async function changeKnownAgents<T extends { readonly state: KnownAgentsState }>(
  context: AgentsContext,
  decide: (state: KnownAgentsState) => T,
): Promise<T> {
  let decision: T | undefined;
  await openKnownAgents(context).update((state) => {
    decision = decide(state);
    return decision.state;
  });
  if (decision === undefined) throw new TypeError("a change was not asked for its result");
  return decision;
}

/** Tells what was done to agents, a line each. */
export async function tellDeeds(
  { settings, stdout }: Pick<AgentsContext, "settings" | "stdout">,
  deed: string,
  agents: readonly (KnownAgent | PendingAgent)[],
): Promise<void> {
  for (const agent of agents) {
    const { fingerprint, app, address } = agent;
    const line = settings.json
      ? JSON.stringify({ deed, ...describeAgent(agent) })
      : `${deed} ${fingerprint} (app ${app ?? "-"}, ${address ?? "not seen yet"})`;
    await stdout.write(`${line}\n`);
  }
}
