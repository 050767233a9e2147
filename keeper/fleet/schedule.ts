/**
 * When which agent is served next.
 *
 * @module
 */
import {
  type AgentAddress,
  formatAgentAddress,
  primaryNameOf,
  readAgentAddress,
} from "./agent_address.ts";
import {
  FIRST_RETRY_MS,
  FORGET_ADDRESS_MS,
  MAX_REMEMBERED_ADDRESSES,
  RELIST_AFTER_MS,
} from "../limits.ts";
import type { TrustGround, TrustLevel } from "../trust/mod.ts";

/** A key about which the operator may decide otherwise. */
export interface WaitingKey {
  /** Its fingerprint. */
  readonly fingerprint: string;
  /** Why it was trusted, or `null` where it was not. */
  readonly ground: TrustGround | null;
}

/** What an agent was given in its last contact. */
export interface GivenManifest {
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** How far it is trusted. */
  readonly level: TrustLevel;
  /** The SHA-256 of the manifest in hex. */
  readonly digest: string;
}

/** An agent of the fleet and how its last contact went. */
export interface ScheduledAgent {
  /** Where it is. */
  readonly address: AgentAddress;
  /** The same as `host:port`, or `host:port/component` behind a primary. */
  readonly name: string;
  /** The name of the agent that relays to it, or `null` where it is dialled itself. */
  readonly primary: string | null;
  /** Whether it takes sessions under TLS alone, by the word of its primary. */
  hasTls: boolean;
  /** How many lists of those behind it in a row were as the one before; `null` where it never gave one. */
  calmLists: number | null;
  /**
   * Until when the lists are paid for in which it named others than before: else one that does so each
   * time would have the keeper come again and again.
   */
  newsUntilMs: number;
  /** How many contacts in a row did not end as wanted. */
  failures: number;
  /** Whether any contact ended as wanted. */
  wasServed: boolean;
  /** How long the last contact took, in milliseconds. */
  lastDurationMs: number;
  /** When it is due before the next pass over the whole fleet, in Unix milliseconds. */
  nextAtMs: number;
  /** Whether a contact is under way. */
  isRunning: boolean;
  /** The key for which it was given less than all, or `null`. */
  waitingKey: WaitingKey | null;
  /** What it was given, or `null` where its last contact did not come so far. */
  given: GivenManifest | null;
  /** Since when it is not listed any more, or `null`. */
  unlistedSinceMs: number | null;
}

/** How a contact ended, as far as the schedule cares. */
export interface ContactEnd {
  /** Whether the agent ended in the wanted state. */
  readonly isWanted: boolean;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** The key for which the agent was given less than all, or `null`. */
  readonly waitingKey: WaitingKey | null;
  /** What the agent was given, or `null`. */
  readonly given: GivenManifest | null;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** An agent that is listed behind another one. */
export interface ListedBehind {
  /** Its component. */
  readonly component: string;
  /** Whether it takes sessions under TLS alone. */
  readonly hasTls: boolean;
}

/** The options of a {@linkcode Schedule}. */
export interface ScheduleOptions {
  /** How often every agent is served, in milliseconds; no retry waits for longer. */
  readonly pollingIntervalMs: number;
  /** Returns a number from 0 up to but excluding 1. */
  readonly random: () => number;
}

/**
 * Remembers the fleet and says who is due.
 *
 * An agent that failed is tried again after 5 s, 10 s, 20 s and so on, half of each pause by chance,
 * so that a fleet that failed together does not come back together.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #agents = new Map<string, ScheduledAgent>();

  /** Starts with an empty fleet. */
  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** How many agents are listed. */
  get size(): number {
    return this.#listed().length;
  }

  /** Tells whether an address, by its name, is listed now. */
  isListed(name: string): boolean {
    return this.find(name) !== null;
  }

  /** Returns the agent with this name, or `null` where it is not listed now. */
  find(name: string): ScheduledAgent | null {
    const agent = this.#agents.get(name);
    return agent?.unlistedSinceMs === null ? agent : null;
  }

  /**
   * Takes the list of agents; new ones are due at once.
   *
   * @param recorded The names of agents on record: those behind an agent that is new on the list are
   * expected there until it says otherwise.
   */
  setFleet(
    addresses: readonly AgentAddress[],
    nowMs: number,
    recorded: ReadonlySet<string> = new Set(),
  ): void {
    const names = new Set<string>();
    const fresh = new Set<string>();
    for (const address of addresses) {
      const name = formatAgentAddress(address);
      names.add(name);
      if (!this.#agents.has(name)) fresh.add(name);
      this.#list(address, nowMs);
    }
    for (const agent of this.#agents.values()) {
      if (!names.has(agent.primary ?? agent.name)) agent.unlistedSinceMs ??= nowMs;
    }
    this.expect([...recorded].filter((name) => fresh.has(primaryNameOf(name) ?? "")), nowMs);
    this.#forget(nowMs);
  }

  /** Lists agents, by their names, that are behind agents which are listed; they are due at once. */
  expect(names: Iterable<string>, nowMs: number): void {
    for (const name of names) {
      const address = readAgentAddress(name);
      const primary = primaryNameOf(name);
      if (address === null || primary === null || !this.isListed(primary)) continue;
      if (!this.isListed(name)) this.#list(address, nowMs);
    }
  }

  /**
   * Takes the list of the agents behind another one; new ones are due at once, or later where that
   * was so twice already within a pause; who is left out is listed no more.
   *
   * @returns Those that are on it.
   */
  setBehind(
    primary: AgentAddress,
    list: readonly ListedBehind[],
    nowMs: number,
  ): ScheduledAgent[] {
    const name = formatAgentAddress(primary);
    const before = new Set(this.behind(name));
    const lister = this.#agents.get(name);
    const untilMs = Math.max(nowMs, lister?.newsUntilMs ?? nowMs);
    const dueMs = Math.max(nowMs, untilMs - RELIST_AFTER_MS);
    const listed = list.map(({ component, hasTls }) => {
      const agent = this.#list({ ...primary, component }, dueMs);
      agent.hasTls = hasTls;
      return agent;
    });
    const hasNews = listed.some((agent) => !before.has(agent));
    const isSame = before.size === listed.length && !hasNews;
    for (const agent of listed) before.delete(agent);
    for (const agent of before) agent.unlistedSinceMs = nowMs;
    this.#forget(nowMs);
    if (lister !== undefined) {
      if (hasNews) lister.newsUntilMs = untilMs + RELIST_AFTER_MS;
      lister.calmLists = isSame && lister.calmLists !== null ? lister.calmLists + 1 : 0;
    }
    return listed;
  }

  /**
   * Makes an agent due that has just said who is behind it: soon where that has changed, or was never
   * asked before, then after pauses that grow. Others may register with it any time.
   */
  askAgain(agent: ScheduledAgent, nowMs: number): void {
    if (agent.calmLists === null) return;
    const pauseMs = RELIST_AFTER_MS * 2 ** agent.calmLists;
    if (pauseMs < this.#options.pollingIntervalMs) this.hurry(agent, nowMs + pauseMs);
  }

  #list(address: AgentAddress, dueMs: number): ScheduledAgent {
    const name = formatAgentAddress(address);
    const known = this.#agents.get(name);
    if (known !== undefined) {
      // Who registers anew with its primary is likely one that was made anew.
      if (known.primary !== null && known.unlistedSinceMs !== null) this.hurry(known, dueMs);
      known.unlistedSinceMs = null;
      return known;
    }
    const agent = newAgent(address, dueMs);
    this.#agents.set(name, agent);
    return agent;
  }

  /**
   * Forgets who left the list long ago or was never tried (behind another agent, never served), and the
   * longest gone where they are many.
   */
  #forget(nowMs: number): void {
    const gone: { readonly name: string; readonly sinceMs: number }[] = [];
    for (const agent of this.#agents.values()) {
      const { name, unlistedSinceMs: sinceMs, isRunning } = agent;
      if (sinceMs === null || isRunning) continue;
      const isWorthless = agent.primary === null ? isUntried(agent) : !agent.wasServed;
      if (nowMs - sinceMs >= FORGET_ADDRESS_MS || isWorthless) this.#agents.delete(name);
      else gone.push({ name, sinceMs });
    }
    if (gone.length <= MAX_REMEMBERED_ADDRESSES) return;
    gone.sort((a, b) => b.sinceMs - a.sinceMs);
    for (const { name } of gone.slice(MAX_REMEMBERED_ADDRESSES)) this.#agents.delete(name);
  }

  /** Returns the agents behind another one. */
  behind(primary: string): ScheduledAgent[] {
    return this.#listed().filter((agent) => agent.primary === primary);
  }

  /** Returns the agents that are not being served now. */
  idle(): ScheduledAgent[] {
    return this.#listed().filter(({ isRunning }) => !isRunning);
  }

  /** Returns the names of the agents that are being served now. */
  busy(): string[] {
    return this.#listed().filter(({ isRunning }) => isRunning).map(({ name }) => name);
  }

  /** Returns the idle agents that are due. */
  due(nowMs: number): ScheduledAgent[] {
    return this.idle().filter(({ nextAtMs }) => nextAtMs <= nowMs);
  }

  /** Returns when the next idle agent is due, `Infinity` if none is. */
  nextDueMs(): number {
    return this.idle().reduce((firstMs, { nextAtMs }) => Math.min(firstMs, nextAtMs), Infinity);
  }

  /** Makes those due whose keys are trusted for another reason than they were, or for the first. */
  release(groundOf: (fingerprint: string) => TrustGround | null, nowMs: number): void {
    for (const agent of this.idle()) {
      const { waitingKey } = agent;
      if (waitingKey === null) continue;
      const ground = groundOf(waitingKey.fingerprint);
      if (ground !== null && ground !== waitingKey.ground) agent.nextAtMs = nowMs;
    }
  }

  /** Makes an agent due that is not being served, at a time at the latest. */
  hurry(agent: ScheduledAgent, atMs: number): void {
    if (!agent.isRunning) agent.nextAtMs = Math.min(agent.nextAtMs, atMs);
  }

  /** Notes that a contact begins. */
  begin(agent: ScheduledAgent): void {
    agent.isRunning = true;
    agent.nextAtMs = Infinity;
  }

  /** Notes that a contact was given up without a result. */
  cancel(agent: ScheduledAgent): void {
    agent.isRunning = false;
  }

  /** Notes that a contact was not made, since the agent left the list; it is due if it comes back. */
  drop(agent: ScheduledAgent, nowMs: number): void {
    agent.isRunning = false;
    agent.nextAtMs = nowMs;
    if (isUntried(agent) && agent.unlistedSinceMs !== null) this.#agents.delete(agent.name);
  }

  /** Notes how a contact ended. */
  finish(agent: ScheduledAgent, end: ContactEnd): void {
    agent.isRunning = false;
    agent.lastDurationMs = end.durationMs;
    agent.waitingKey = end.waitingKey;
    agent.given = end.given;
    agent.failures = end.isWanted ? 0 : agent.failures + 1;
    agent.wasServed ||= end.isWanted;
    agent.nextAtMs = end.isWanted ? Infinity : end.nowMs + this.#pauseMs(agent.failures);
  }

  #pauseMs(failures: number): number {
    const { pollingIntervalMs, random } = this.#options;
    const boundMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), pollingIntervalMs);
    return Math.ceil(boundMs * (1 + random()) / 2);
  }

  #listed(): ScheduledAgent[] {
    return [...this.#agents.values()].filter(({ unlistedSinceMs }) => unlistedSinceMs === null);
  }
}

/** Tells whether no contact has ended yet. */
function isUntried({ failures, wasServed }: ScheduledAgent): boolean {
  return failures === 0 && !wasServed;
}

function newAgent(address: AgentAddress, nowMs: number): ScheduledAgent {
  return {
    address,
    name: formatAgentAddress(address),
    primary: primaryNameOf(formatAgentAddress(address)),
    hasTls: false,
    calmLists: null,
    newsUntilMs: -Infinity,
    failures: 0,
    wasServed: false,
    lastDurationMs: 0,
    nextAtMs: nowMs,
    isRunning: false,
    waitingKey: null,
    given: null,
    unlistedSinceMs: null,
  };
}

/**
 * Orders agents so that those which did well come first: fewer failures, then those on record, then
 * the quick ones.
 */
export function orderAgents(
  agents: readonly ScheduledAgent[],
  isRecorded: (name: string) => boolean,
): ScheduledAgent[] {
  const recorded = new Set(agents.map(({ name }) => name).filter(isRecorded));
  const rank = (agent: ScheduledAgent) => (recorded.has(agent.name) ? 0 : 1);
  return [...agents].sort((a, b) => {
    return a.failures - b.failures || rank(a) - rank(b) || a.lastDurationMs - b.lastDurationMs;
  });
}
