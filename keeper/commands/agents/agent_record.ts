/**
 * A known agent as the commands show it.
 *
 * @module
 */
import {
  ConfigError,
  fingerprintGroups,
  isAppName,
  type NodeEvidence,
} from "../../../protocol/mod.ts";
import { type CommandContext, settingError } from "../../../protocol/host/mod.ts";
import { disclosedSecret, secretIn } from "../../keys/disclosed_secret.ts";
import type { AGENTS_OPTIONS } from "../../options.ts";
import { openStateFolder } from "../opened_state_folder.ts";
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
  /** Where a contact with it was completed last, or, while it waits, where it was seen; or `null`. */
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

/** A fingerprint in groups, written without hyphens; a key in WIF has letters of both cases. */
const GROUPS = /^(?:[a-z2-7]{16,52}|[A-Z2-7]{16,52})$/;

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

/** Says where an agent is on record, or why nowhere. */
export function describeHost({ address, seen }: Pick<AgentRecord, "address" | "seen">): string {
  // It may have been heard by way of a relay, and was never served to the end.
  return address ?? (seen === null ? "not seen yet" : "unknown");
}

/** Opens the file of known agents that the settings mean. */
export function openKnownAgents(context: AgentsContext): KnownAgentsFile {
  return new KnownAgentsFile(openStateFolder(context));
}

/**
 * Returns the app that the settings name, if they do.
 *
 * @throws {ConfigError} if it is no name of an app, or a secret, which is not repeated.
 */
export function readApp({ settings, resolved }: AgentsContext): string | undefined {
  const { appName } = settings;
  if (appName === undefined) return undefined;
  const secret = secretIn(appName);
  if (secret !== null) throw disclosedSecret(secret, { setting: "--app-name" });
  if (isAppName(appName)) return appName;
  throw settingError(resolved, {
    name: "app-name",
    problem: "is no name of an app",
    hint: "Use letters, digits and inner hyphens, at most 63 of them.",
  });
}

/**
 * Reads which agents the operands mean.
 *
 * @throws {ConfigError} if there are none.
 */
export function readSelection(context: AgentsContext): AgentSelection {
  if (context.operands.length === 0) {
    throw new ConfigError("no agent is named", {
      hint: "Give a fingerprint, or at least 16 characters of one; `agents list` shows them.",
    });
  }
  return { selectors: context.operands, app: readApp(context) };
}

/**
 * Refuses selectors that are secrets, and repeats none.
 *
 * @throws {ConfigError} for a text that has the form of a secret and is the fingerprint of nobody.
 */
export function refuseSecretSelectors(
  state: KnownAgentsState,
  selectors: readonly string[],
): void {
  // An enrolment secret has the form that a fingerprint has without its beginning.
  const known = new Set([...state.agents, ...state.pending].map(({ fingerprint }) => fingerprint));
  for (const selector of selectors) {
    const isFingerprint = GROUPS.test(selector) || known.has(`SHA256:${selector}`);
    const secret = isFingerprint ? null : secretIn(selector);
    if (secret !== null) throw disclosedSecret(secret);
  }
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
    const record = describeAgent(agent);
    const { fingerprint, app } = record;
    const line = settings.json
      ? JSON.stringify({ deed, ...record })
      : `${deed} ${fingerprint} (app ${app ?? "-"}, ${describeHost(record)})`;
    await stdout.write(`${line}\n`);
  }
}
