/**
 * Trusted agents on their way from one keeper to another.
 *
 * @module
 */
import { type Bytes, ConfigError, decodeUtf8 } from "../../protocol/mod.ts";
import { appKey } from "../app_name.ts";
import { JsonMembers } from "./json_members.ts";
import {
  type KnownAgent,
  type KnownAgentsState,
  membersOfAgent,
  type PendingAgent,
  readAgentMembers,
} from "./known_agents_state.ts";
import { reachesLevel } from "./trust_level.ts";
import { levelTimeMs } from "./trust_policy.ts";

const KIND = "fluxvault known agents";
const VERSION = 1;

/**
 * Writes agents as JSON: who they are and why they are trusted. It holds no secret.
 *
 * An address that several agents of an app have on record is written for the one seen last.
 */
export function encodeAgentsExport(agents: readonly KnownAgent[]): string {
  const owners = new Map<string, KnownAgent>();
  for (const agent of agents) {
    const place = placeOf(agent);
    const owner = owners.get(place);
    if (owner === undefined || isNewer(agent, owner)) owners.set(place, agent);
  }
  const written = agents.map((agent) => {
    return owners.get(placeOf(agent)) === agent ? agent : { ...agent, address: null };
  });
  const document = { kind: KIND, version: VERSION, agents: written.map(membersOfAgent) };
  return JSON.stringify(document, null, 2) + "\n";
}

function malformed(reason: string): ConfigError {
  return new ConfigError(`the agents cannot be imported: ${reason}`, {
    hint: "Give what `agents export` wrote, whole.",
  });
}

/**
 * Reads what {@linkcode encodeAgentsExport} wrote.
 *
 * @throws {ConfigError} naming the member at fault.
 */
export function decodeAgentsExport(bytes: Bytes): KnownAgent[] {
  let json: unknown;
  try {
    json = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw malformed("this is no JSON");
  }
  const members = new JsonMembers(json, "it", malformed);
  members.text("kind", new RegExp(`^${KIND}$`));
  if (members.number("version") !== VERSION) {
    throw malformed("they were written by another version of this program");
  }
  const agents = members.list("agents", readAgentMembers);
  const names = new Set<string>();
  for (const { app, fingerprint, address } of agents) {
    for (const name of [fingerprint, ...(address === null ? [] : [address])]) {
      const key = `${name} ${appKey(app)}`;
      if (names.has(key)) throw malformed(`${name} (app ${app ?? "-"}) stands twice`);
      names.add(key);
    }
  }
  return agents;
}

/** How agents are merged. */
export interface MergeOptions {
  /** Whether agents that are trusted at first use are taken for approved. @default {false} */
  readonly asApproved?: boolean;
  /** Whether an agent takes the place of another key at its address. @default {false} */
  readonly replace?: boolean;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** What a merger did to one agent. */
export interface MergedAgent {
  /** What it did; `changed` where the level was raised, or other members are newer. */
  readonly deed: "added" | "changed" | "unchanged" | "replaced";
  /** The agent afterwards; one that was replaced as it was. */
  readonly agent: KnownAgent;
}

/** What a merger did. */
export interface Merger {
  /** The state afterwards; the same object where nothing changed. */
  readonly state: KnownAgentsState;
  /** What happened to each agent of the import, and who made room. */
  readonly merged: readonly MergedAgent[];
}

/**
 * Merges agents into what is known: no level is lowered, what was seen later is kept, and who waits
 * for approval and is trusted now waits no more.
 *
 * @throws {ConfigError} that names every contradiction, where none may be resolved.
 */
export function mergeAgents(
  state: KnownAgentsState,
  imported: readonly KnownAgent[],
  options: MergeOptions,
): Merger {
  const { replace = false } = options;
  const names = new Set(imported.map(nameOf));
  const known = new Map(state.agents.map((agent) => [nameOf(agent), agent]));
  // One that the import knows too is where the import says.
  const others = groupByPlace(state.agents.filter((agent) => !names.has(nameOf(agent))));
  const conflicts: string[] = [];
  const merged: MergedAgent[] = [];
  const changed = new Map<string, KnownAgent>();
  const gone = new Set<KnownAgent>();
  for (const agent of imported) {
    const before = known.get(nameOf(agent));
    const leaving = isHere(agent, before) ? others.get(placeOf(agent)) ?? [] : [];
    if (!replace) conflicts.push(...conflictsOf(agent, { before, leaving }));
    const after = mergeAgent(state, { agent, before }, options);
    const deed = before === undefined ? "added" : after === before ? "unchanged" : "changed";
    merged.push({ deed, agent: after });
    merged.push(...leaving.map((other): MergedAgent => ({ deed: "replaced", agent: other })));
    if (deed === "unchanged" && leaving.length === 0) continue;
    changed.set(nameOf(agent), after);
    for (const other of leaving) gone.add(other);
    others.delete(placeOf(agent));
  }
  if (conflicts.length > 0) {
    throw new ConfigError(
      `the agents contradict what is known: ${conflicts.join("; ")}`,
      { hint: "Find out which is right; --replace takes those of the file." },
    );
  }
  if (changed.size === 0) return { state, merged };
  const isChanged = (agent: KnownAgent | PendingAgent) => changed.has(nameOf(agent));
  const stay = state.agents.filter((agent) => !isChanged(agent) && !gone.has(agent));
  const pending = state.pending.filter((agent) => !isChanged(agent));
  return { state: { ...state, agents: [...stay, ...changed.values()], pending }, merged };
}

function groupByPlace(agents: readonly KnownAgent[]): Map<string, KnownAgent[]> {
  const places = new Map<string, KnownAgent[]>();
  for (const agent of agents) {
    if (agent.address === null) continue;
    const here = places.get(placeOf(agent));
    if (here === undefined) places.set(placeOf(agent), [agent]);
    else here.push(agent);
  }
  return places;
}

function nameOf({ app, fingerprint }: KnownAgent | PendingAgent): string {
  return `${fingerprint} ${appKey(app)}`;
}

/** Names an address within an app; no agent is at the one that is named without an address. */
function placeOf({ app, address }: KnownAgent): string {
  return `${address ?? "-"} ${appKey(app)}`;
}

/** Tells whether the address of an imported agent is the one that the merged agent will have. */
function isHere(agent: KnownAgent, before: KnownAgent | undefined): boolean {
  return before === undefined || isNewer(agent, before);
}

function isNewer(agent: KnownAgent, before: KnownAgent): boolean {
  return (agent.lastSeenMs ?? -Infinity) > (before.lastSeenMs ?? -Infinity);
}

function conflictsOf(
  agent: KnownAgent,
  { before, leaving }: {
    readonly before: KnownAgent | undefined;
    readonly leaving: readonly KnownAgent[];
  },
): string[] {
  const { fingerprint, app, address, component } = agent;
  const place = `at ${address} (app ${app ?? "-"})`;
  const conflicts = leaving.map((other) => {
    return `${place} ${other.fingerprint} is on record, and the file has ${fingerprint}`;
  });
  const isAnother = before?.component !== undefined && component !== undefined &&
    before.component !== component;
  if (!isAnother) return conflicts;
  return [
    ...conflicts,
    `${fingerprint} is on record as component ${before.component ?? "-"}, and in the file it is ` +
    `${component ?? "-"}`,
  ];
}

function mergeAgent(
  state: KnownAgentsState,
  { agent, before }: { readonly agent: KnownAgent; readonly before: KnownAgent | undefined },
  { asApproved = false, nowMs }: MergeOptions,
): KnownAgent {
  const trust = asApproved && agent.trust === "first-use" ? "approved" : agent.trust;
  if (before === undefined) {
    return { ...agent, trust, pinnedAtMs: levelTimeMs(state, { ...agent, pinnedAtMs: 0 }, nowMs) };
  }
  const isRaised = !reachesLevel(before.trust, trust);
  const later = isNewer(agent, before) ? agent : before;
  const firstSeen = [agent.firstSeenMs, before.firstSeenMs].filter((ms) => ms !== null);
  const after: KnownAgent = {
    ...before,
    component: agent.component === undefined ? before.component : agent.component,
    address: later.address,
    heardAt: later.address === null ? before.heardAt : null,
    node: later.node,
    lastSeenMs: later.lastSeenMs,
    firstSeenMs: firstSeen.length === 0 ? null : Math.min(...firstSeen),
    ...(isRaised ? { trust, pinnedAtMs: levelTimeMs(state, before, nowMs) } : {}),
  };
  const isSame = JSON.stringify(membersOfAgent(after)) === JSON.stringify(membersOfAgent(before));
  return isSame ? before : after;
}
