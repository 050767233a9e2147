/**
 * Where a keeper keeps the agents that it knows.
 *
 * @module
 */
import { EMPTY_STATE, type KnownAgentsState } from "./known_agents_state.ts";

/**
 * Where the known agents are kept.
 *
 * @example
 * ```ts
 * import {
 *   approveAgents,
 *   type KnownAgentsStore,
 *   MemoryKnownAgentsStore,
 * } from "@fluxvault/fluxvault/keeper";
 *
 * const memory = new MemoryKnownAgentsStore();
 * let writes = 0;
 * const store: KnownAgentsStore = {
 *   load: () => memory.load(),
 *   async update(change) {
 *     const before = await memory.load();
 *     const after = await memory.update(change);
 *     if (after !== before) writes++; // Here it goes to a database, before this resolves.
 *     return after;
 *   },
 * }; // For `new Keeper({ knownAgents: store, ... })`.
 * const selection = { selectors: [`SHA256:${"A".repeat(43)}`], app: null };
 * await store.update((state) => approveAgents(state, selection, Date.now()).state);
 * await store.update((state) => state);
 * console.assert(writes === 1);
 * ```
 */
export interface KnownAgentsStore {
  /**
   * Reads the state; nobody is known where there is none yet.
   *
   * @throws {StorageError} if it is there and cannot be read.
   */
  load(): Promise<KnownAgentsState>;
  /**
   * Changes the state as it is now, which may differ from what was loaded; the change is durable
   * when this resolves.
   *
   * @param change Returns the same object where nothing is to be written.
   * @returns The state after the change.
   * @throws {StorageError} if it cannot be written; what `change` throws.
   */
  update(change: (state: KnownAgentsState) => KnownAgentsState): Promise<KnownAgentsState>;
}

/**
 * Keeps the known agents in memory: for tests, and for programs that keep them elsewhere.
 *
 * @example
 * ```ts
 * import { MemoryKnownAgentsStore } from "@fluxvault/fluxvault/keeper";
 *
 * const store = new MemoryKnownAgentsStore();
 * console.assert((await store.load()).agents.length === 0);
 * ```
 */
export class MemoryKnownAgentsStore implements KnownAgentsStore {
  #state: KnownAgentsState;

  /** Starts with this state; by default nobody is known. */
  constructor(state: KnownAgentsState = EMPTY_STATE) {
    this.#state = state;
  }

  /** Reads the state. */
  load(): Promise<KnownAgentsState> {
    return Promise.resolve(this.#state);
  }

  /** Changes the state. */
  async update(
    change: (state: KnownAgentsState) => KnownAgentsState,
  ): Promise<KnownAgentsState> {
    // Changed in one go, so that changes which come together do not undo each other.
    this.#state = change(this.#state);
    return await Promise.resolve(this.#state);
  }
}
