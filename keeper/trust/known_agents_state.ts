/**
 * What a keeper remembers of agents, and how it is written down.
 *
 * @module
 */
import {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  type NodeEvidence,
  StorageError,
} from "../../protocol/mod.ts";
import { JsonMembers } from "./json_members.ts";
import type { TrustGround } from "./trust_level.ts";

/** A pin: an agent that is trusted, by its key. */
export interface KnownAgent {
  /** The fingerprint of its key: `SHA256:` and 43 characters. */
  readonly fingerprint: string;
  /** The app it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that it is, `null` if it names none, `undefined` until it was seen. */
  readonly component: string | null | undefined;
  /**
   * Where a contact with it was completed last, as `host:port`, or `host:port/component` behind a
   * primary: a record, not a ground for trust. `null` where none was, or another agent is there now.
   */
  readonly address: string | null;
  /**
   * Where it was heard when it went on record, in the same form, until a contact with it is completed;
   * else `null`. It may be a relay's, so it makes no other key there a changed one.
   */
  readonly heardAt: string | null;
  /** Why it is trusted. */
  readonly trust: TrustGround;
  /** Since when for that reason, in Unix milliseconds; later than the manifests it had before. */
  readonly pinnedAtMs: number;
  /** When it was seen first, in Unix milliseconds; `null` where it never was or nobody noted it. */
  readonly firstSeenMs: number | null;
  /** When it was seen last, in Unix milliseconds, give or take ten minutes. */
  readonly lastSeenMs: number | null;
  /** Since when the keeper looks for it in vain, in Unix milliseconds. */
  readonly missingSinceMs: number | null;
  /** On which node it says that it runs, or `null`; nobody has signed this. */
  readonly node: NodeEvidence | null;
}

/** An agent that waits for the operator. */
export interface PendingAgent {
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** The app it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** Where it was seen last, in the same form. */
  readonly address: string;
  /** `changed` where another key is on record for its address. */
  readonly reason: "new" | "changed";
  /** When it was seen first, in Unix milliseconds. */
  readonly firstSeenMs: number;
  /** When it was seen last, in Unix milliseconds, give or take ten minutes. */
  readonly lastSeenMs: number;
  /** On which node it says that it runs, or `null`; nobody has signed this. */
  readonly node: NodeEvidence | null;
}

/** The last manifest of one component. */
export interface ManifestRevision {
  /** The app, or `null`. */
  readonly app: string | null;
  /** The component, or `null`. */
  readonly component: string | null;
  /** Its revision. */
  readonly revision: number;
  /** The SHA-256 in hex of all that is declared for the component, whatever an agent's level. */
  readonly digest: string;
}

/** All that a keeper remembers; never changed in place. */
export interface KnownAgentsState {
  /** The agents that are trusted. */
  readonly agents: readonly KnownAgent[];
  /** The agents that wait for the operator. */
  readonly pending: readonly PendingAgent[];
  /** The last manifest of each component. */
  readonly revisions: readonly ManifestRevision[];
}

/** Nobody is known. */
export const EMPTY_STATE: KnownAgentsState = Object.freeze({
  agents: [],
  pending: [],
  revisions: [],
});

/** What a full fingerprint looks like. */
export const FINGERPRINT = /^SHA256:[A-Za-z0-9_-]{43}$/;

const VERSION = 1;
const DIGEST = /^[0-9a-f]{64}$/;
/** `host:port`, and the component of an agent behind that one. */
const ADDRESS = /^[A-Za-z0-9.:[\]_-]{3,300}(?:\/[A-Za-z0-9-]{1,63})?$/;
const GROUND = /^(?:first-use|approved|enrolled)$/;
const NODE_ID = /^[0-9a-f]{64}\d{1,4}$/;
const NODE_IP = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/;
const COUNTRY = /^[A-Z]{2}$/;

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function optionalIsoTime(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Returns the members of a trusted agent as they are written down, without what only a run knows. */
export function membersOfAgent(agent: KnownAgent): Record<string, unknown> {
  return {
    fingerprint: agent.fingerprint,
    app: agent.app,
    ...(agent.component === undefined ? {} : { component: agent.component }),
    address: agent.address,
    trust: agent.trust,
    pinned: isoTime(agent.pinnedAtMs),
    firstSeen: optionalIsoTime(agent.firstSeenMs),
    seen: optionalIsoTime(agent.lastSeenMs),
    ...(agent.node === null ? {} : { node: agent.node }),
  };
}

/** Reads what {@linkcode membersOfAgent} wrote. */
export function readAgentMembers(members: JsonMembers): KnownAgent {
  return {
    fingerprint: members.text("fingerprint", FINGERPRINT),
    app: members.name("app"),
    component: members.has("component") ? members.name("component") : undefined,
    address: members.optionalText("address", ADDRESS),
    trust: members.text("trust", GROUND) as TrustGround,
    pinnedAtMs: members.time("pinned"),
    firstSeenMs: members.has("firstSeen") ? members.optionalTime("firstSeen") : null,
    lastSeenMs: members.optionalTime("seen"),
    heardAt: null,
    missingSinceMs: null,
    node: members.optionalObject("node", readNode),
  };
}

function readNode(members: JsonMembers): NodeEvidence {
  return {
    id: members.text("id", NODE_ID),
    ip: members.text("ip", NODE_IP),
    country: members.optionalText("country", COUNTRY),
  };
}

/** Writes the state as JSON that a person can read. */
export function encodeKnownAgents(state: KnownAgentsState): Bytes {
  const agents = state.agents.map((agent) => ({
    ...membersOfAgent(agent),
    ...(agent.heardAt === null ? {} : { heardAt: agent.heardAt }),
    missingSince: optionalIsoTime(agent.missingSinceMs),
  }));
  const pending = state.pending.map(({ firstSeenMs, lastSeenMs, node, ...agent }) => ({
    ...agent,
    firstSeen: isoTime(firstSeenMs),
    lastSeen: isoTime(lastSeenMs),
    ...(node === null ? {} : { node }),
  }));
  const { revisions } = state;
  return encodeUtf8(
    JSON.stringify({ version: VERSION, agents, pending, revisions }, null, 2) + "\n",
  );
}

function malformed(reason: string): StorageError {
  return new StorageError("state-malformed", `the known agents cannot be read: ${reason}`);
}

function readAgent(members: JsonMembers): KnownAgent {
  return {
    ...readAgentMembers(members),
    heardAt: members.has("heardAt") ? members.optionalText("heardAt", ADDRESS) : null,
    missingSinceMs: members.optionalTime("missingSince"),
  };
}

function readPending(members: JsonMembers): PendingAgent {
  return {
    fingerprint: members.text("fingerprint", FINGERPRINT),
    app: members.name("app"),
    component: members.name("component"),
    address: members.text("address", ADDRESS),
    reason: members.text("reason", /^(?:new|changed)$/) as "new" | "changed",
    firstSeenMs: members.time("firstSeen"),
    lastSeenMs: members.time("lastSeen"),
    node: members.optionalObject("node", readNode),
  };
}

function readRevision(members: JsonMembers): ManifestRevision {
  return {
    app: members.name("app"),
    component: members.name("component"),
    revision: members.number("revision"),
    digest: members.text("digest", DIGEST),
  };
}

/**
 * Reads what {@linkcode encodeKnownAgents} wrote, or a person after it.
 *
 * @throws {StorageError} `state-malformed`, naming the member at fault.
 */
export function decodeKnownAgents(bytes: Bytes): KnownAgentsState {
  let json: unknown;
  try {
    json = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
  const members = new JsonMembers(json, "it", malformed);
  if (members.number("version") !== VERSION) {
    throw malformed("it is of another version of this program");
  }
  const agents = members.list("agents", readAgent);
  const pins = new Set(agents.map(({ app, fingerprint }) => `${app} ${fingerprint}`));
  if (pins.size !== agents.length) throw malformed("an agent stands twice");
  return {
    agents,
    pending: members.list("pending", readPending),
    revisions: members.list("revisions", readRevision),
  };
}
