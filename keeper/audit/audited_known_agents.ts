/**
 * Known agents of which each change of trust is on record before it is made.
 *
 * @module
 */
import type { KnownAgent, KnownAgentsState, KnownAgentsStore } from "../trust/mod.ts";
import type { AuditEvent, AuditLog } from "./log/mod.ts";

/** Who changes what is known: the `run` of a keeper, or a command. */
export interface AuditedKnownAgentsOptions {
  /** Who it is, as the log names it: a word. */
  readonly by: string;
}

/**
 * Keeps known agents in a store, and records whom it trusts anew, otherwise, and no more.
 *
 * @example
 * ```ts
 * import {
 *   approveAgents,
 *   AuditedKnownAgents,
 *   AuditError,
 *   MemoryAuditLog,
 *   MemoryKnownAgentsStore,
 * } from "@fluxvault/fluxvault/keeper";
 *
 * const log = new MemoryAuditLog();
 * const agents = new AuditedKnownAgents(new MemoryKnownAgentsStore(), log, { by: "console" });
 * const approve = (fingerprint: string) =>
 *   agents.update((state) =>
 *     approveAgents(state, { selectors: [fingerprint], app: "shop" }, Date.now()).state
 *   );
 * await approve(`SHA256:${"A".repeat(43)}`);
 * console.assert(JSON.parse(log.lines[0] ?? "").to === "approved");
 * log.failure = new AuditError("the disk is full");
 * await approve(`SHA256:${"B".repeat(42)}A`).catch(() => {});
 * console.assert((await agents.load()).agents.length === 1); // What is not on record is not done.
 * ```
 */
export class AuditedKnownAgents implements KnownAgentsStore {
  readonly #store: KnownAgentsStore;
  readonly #log: AuditLog;
  readonly #by: string;

  /** Changes this store, and writes to this log. */
  constructor(
    store: KnownAgentsStore,
    log: AuditLog,
    options: AuditedKnownAgentsOptions,
  ) {
    this.#store = store;
    this.#log = log;
    this.#by = options.by;
  }

  /** Reads the state; see {@linkcode KnownAgentsStore.load}. */
  load(): Promise<KnownAgentsState> {
    return this.#store.load();
  }

  /**
   * Changes the state; `change` is asked once more for it.
   *
   * @throws {AuditError} if the change cannot be put on record; it is not made then.
   */
  async update(
    change: (state: KnownAgentsState) => KnownAgentsState,
  ): Promise<KnownAgentsState> {
    const seen = await this.#store.load();
    const told = describeTrustChanges(seen, change(seen), this.#by);
    if (told.length > 0) await this.#log.append(told);
    let made: AuditEvent[] = [];
    const state = await this.#store.update((before) => {
      const after = change(before);
      made = describeTrustChanges(before, after, this.#by);
      return after;
    });
    // Another process may have changed the state meanwhile, so that more came of it.
    const known = new Set(told.map((event) => JSON.stringify(event)));
    const others = made.filter((event) => !known.has(JSON.stringify(event)));
    if (others.length > 0) await this.#log.append(others);
    return state;
  }
}

/** Describes whom another state trusts anew, at another level, and no more. */
export function describeTrustChanges(
  before: KnownAgentsState,
  after: KnownAgentsState,
  by: string,
): AuditEvent[] {
  if (before.agents === after.agents) return [];
  const known = new Map(before.agents.map((agent) => [keyOf(agent), agent]));
  const left = new Map(after.agents.map((agent) => [keyOf(agent), agent]));
  const changes: AuditEvent[] = [];
  for (const [key, agent] of known) {
    if (!left.has(key)) changes.push(describe(agent, { by, from: agent.trust, to: null }));
  }
  for (const [key, agent] of left) {
    const from = known.get(key)?.trust ?? null;
    if (from !== agent.trust) changes.push(describe(agent, { by, from, to: agent.trust }));
  }
  return changes;
}

function keyOf({ app, fingerprint }: KnownAgent): string {
  return JSON.stringify([app, fingerprint]);
}

function describe(
  agent: KnownAgent,
  { by, from, to }: {
    readonly by: string;
    readonly from: string | null;
    readonly to: string | null;
  },
): AuditEvent {
  const { app, component = null, address, fingerprint } = agent;
  return { event: "trust", by, app, component, address, fingerprint, from, to };
}
