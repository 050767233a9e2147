/**
 * What would be known of agents, were a pass to go as it is planned.
 *
 * @module
 */
import type { KnownAgentsState } from "./known_agents_state.ts";
import type { KnownAgentsStore } from "./known_agents_store.ts";

/**
 * Changes a copy of what is known, in memory alone: what a plan decides about agents, and how it
 * numbers what is declared, is as a delivery would, and is forgotten with it.
 *
 * @example
 * ```ts
 * import {
 *   approveAgents,
 *   KnownAgentsDraft,
 *   MemoryKnownAgentsStore,
 * } from "@fluxvault/fluxvault/keeper";
 *
 * const knownAgents = new MemoryKnownAgentsStore();
 * const draft = new KnownAgentsDraft(knownAgents); // For a keeper that only plans.
 * const selection = { selectors: [`SHA256:${"A".repeat(43)}`], app: null };
 * await draft.update((state) => approveAgents(state, selection, Date.now()).state);
 * console.assert((await draft.load()).agents.length === 1);
 * console.assert((await knownAgents.load()).agents.length === 0);
 * ```
 */
export class KnownAgentsDraft implements KnownAgentsStore {
  readonly #store: KnownAgentsStore;
  #draft: KnownAgentsState | null = null;

  /** Begins with what a store holds, when it is first asked for. */
  constructor(store: KnownAgentsStore) {
    this.#store = store;
  }

  /** Reads the state, with the changes that were made to the copy. */
  async load(): Promise<KnownAgentsState> {
    this.#draft ??= await this.#store.load();
    return this.#draft;
  }

  /** Changes the copy. */
  async update(change: (state: KnownAgentsState) => KnownAgentsState): Promise<KnownAgentsState> {
    const before = await this.load();
    // Another change may have been made while the store was read.
    this.#draft = change(this.#draft ?? before);
    return this.#draft;
  }
}
