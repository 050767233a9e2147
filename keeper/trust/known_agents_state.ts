/**
 * What a keeper remembers of agents, and how it is written down.
 *
 * @module
 */
import { type Bytes, decodeUtf8, encodeUtf8, isAppName, StorageError } from "../../protocol/mod.ts";

/** How an agent came to be trusted. */
export type TrustGround =
  /** The operator approved its key. */
  | "approved"
  /** It was the first to answer in a place that was free. */
  | "first-use";

/** A pin: an agent that is trusted, by its key. */
export interface KnownAgent {
  /** The fingerprint of its key: `SHA256:` and 43 characters. */
  readonly fingerprint: string;
  /** The app it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that it is, `null` if it names none, `undefined` until it was seen. */
  readonly component: string | null | undefined;
  /** Where it was seen last, as `host:port`: a record, not a ground for trust. */
  readonly address: string | null;
  /** Why it is trusted. */
  readonly trust: TrustGround;
  /** Since when, in Unix milliseconds. */
  readonly pinnedAtMs: number;
  /** When it was seen last, in Unix milliseconds, give or take ten minutes. */
  readonly lastSeenMs: number | null;
  /** Since when the keeper looks for it in vain, in Unix milliseconds. */
  readonly missingSinceMs: number | null;
}

/** An agent that waits for the operator. */
export interface PendingAgent {
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** The app it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** Where it was seen last, as `host:port`. */
  readonly address: string;
  /** `changed` where another key is on record for its address. */
  readonly reason: "new" | "changed";
  /** When it was seen first, in Unix milliseconds. */
  readonly firstSeenMs: number;
  /** When it was seen last, in Unix milliseconds, give or take ten minutes. */
  readonly lastSeenMs: number;
}

/** The last manifest of one component. */
export interface ManifestRevision {
  /** The app, or `null`. */
  readonly app: string | null;
  /** The component, or `null`. */
  readonly component: string | null;
  /** Its revision. */
  readonly revision: number;
  /** The SHA-256 of its bytes in hex. */
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
const ADDRESS = /^[A-Za-z0-9.:[\]_-]{3,300}$/;

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Writes the state as JSON that a person can read. */
export function encodeKnownAgents(state: KnownAgentsState): Bytes {
  const agents = state.agents.map((agent) => ({
    fingerprint: agent.fingerprint,
    app: agent.app,
    ...(agent.component === undefined ? {} : { component: agent.component }),
    address: agent.address,
    trust: agent.trust,
    pinned: isoTime(agent.pinnedAtMs),
    seen: agent.lastSeenMs === null ? null : isoTime(agent.lastSeenMs),
    missingSince: agent.missingSinceMs === null ? null : isoTime(agent.missingSinceMs),
  }));
  const pending = state.pending.map(({ firstSeenMs, lastSeenMs, ...agent }) => ({
    ...agent,
    firstSeen: isoTime(firstSeenMs),
    lastSeen: isoTime(lastSeenMs),
  }));
  const { revisions } = state;
  return encodeUtf8(
    JSON.stringify({ version: VERSION, agents, pending, revisions }, null, 2) + "\n",
  );
}

/** Reads members of one object and says which one is wrong. */
class Members {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformed(`${what} is no object`);
    }
    this.#members = value as Readonly<Record<string, unknown>>;
    this.#what = what;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  number(name: string): number {
    const value = this.#members[name];
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? value as number
      : this.fail(name);
  }

  list<T>(name: string, read: (members: Members) => T): T[] {
    const value = this.#members[name];
    if (!Array.isArray(value)) return this.fail(name);
    return value.map((item, index) => read(new Members(item, `${name}[${index}]`)));
  }

  text(name: string, pattern: RegExp): string {
    const value = this.#members[name];
    return typeof value === "string" && pattern.test(value) ? value : this.fail(name);
  }

  optionalText(name: string, pattern: RegExp): string | null {
    return this.#members[name] === null ? null : this.text(name, pattern);
  }

  name(name: string): string | null {
    const value = this.#members[name];
    if (value === null) return null;
    return typeof value === "string" && isAppName(value) ? value : this.fail(name);
  }

  time(name: string): number {
    const ms = Date.parse(this.text(name, /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/));
    return Number.isNaN(ms) ? this.fail(name) : ms;
  }

  optionalTime(name: string): number | null {
    return this.#members[name] === null ? null : this.time(name);
  }

  fail(name: string): never {
    throw malformed(`${this.#what} has no usable "${name}"`);
  }
}

function malformed(reason: string): StorageError {
  return new StorageError("state-malformed", `the known agents cannot be read: ${reason}`);
}

function readAgent(members: Members): KnownAgent {
  return {
    fingerprint: members.text("fingerprint", FINGERPRINT),
    app: members.name("app"),
    component: members.has("component") ? members.name("component") : undefined,
    address: members.optionalText("address", ADDRESS),
    trust: members.text("trust", /^(?:approved|first-use)$/) as TrustGround,
    pinnedAtMs: members.time("pinned"),
    lastSeenMs: members.optionalTime("seen"),
    missingSinceMs: members.optionalTime("missingSince"),
  };
}

function readPending(members: Members): PendingAgent {
  return {
    fingerprint: members.text("fingerprint", FINGERPRINT),
    app: members.name("app"),
    component: members.name("component"),
    address: members.text("address", ADDRESS),
    reason: members.text("reason", /^(?:new|changed)$/) as "new" | "changed",
    firstSeenMs: members.time("firstSeen"),
    lastSeenMs: members.time("lastSeen"),
  };
}

function readRevision(members: Members): ManifestRevision {
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
  const members = new Members(json, "it");
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
