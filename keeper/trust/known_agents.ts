/**
 * The agents that a keeper knows, during its passes.
 *
 * @module
 */
import { MAX_REVISIONS, RECORD_WAIT_MS } from "../limits.ts";
import { EMPTY_STATE, type KnownAgentsState } from "./known_agents_state.ts";
import { OpenContacts } from "./open_contacts.ts";
import { Sightings } from "./sightings.ts";
import {
  type AgentContact,
  findPin,
  judgeAgent,
  type Judgement,
  noteFindings,
  pinAtFirstUse,
  type TrustPolicy,
  type TrustRules,
} from "./trust_policy.ts";

/** Where the known agents are kept. */
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

/** What {@linkcode KnownAgents} needs to know. */
export interface KnownAgentsOptions {
  /** The app that the keeper dials for, or `null`. */
  readonly app: string | null;
  /** What happens to an agent that is not known. */
  readonly trust: TrustPolicy;
  /** How many agents may be trusted at first use. */
  readonly firstUseLimit: number;
  /** How long an agent counts as live after it was seen, in milliseconds. */
  readonly sightingLifetimeMs: number;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
}

/** Judges agents by what is known, and remembers what the passes learn. */
export class KnownAgents {
  readonly #store: KnownAgentsStore;
  readonly #options: KnownAgentsOptions;
  readonly #sightings: Sightings;
  readonly #contacts = new OpenContacts();
  readonly #trusted = new Map<string, AgentContact>();
  readonly #pending = new Map<string, { contact: AgentContact; reason: "new" | "changed" }>();
  readonly #seenMs = new Map<string, number>();
  #state: KnownAgentsState = EMPTY_STATE;

  /** Reads nothing yet. */
  constructor(store: KnownAgentsStore, options: KnownAgentsOptions) {
    this.#store = store;
    this.#options = options;
    this.#sightings = new Sightings(options.sightingLifetimeMs);
  }

  /** Reads the state again: the operator may have approved or forgotten agents. */
  async reload(): Promise<void> {
    this.#state = await this.#store.load();
  }

  /** Tells whether a key is pinned for the app. */
  isKnown(fingerprint: string): boolean {
    return findPin(this.#state, { app: this.#options.app, fingerprint }) !== undefined;
  }

  /** Tells whether an agent that is trusted was last seen at this address. */
  isRecorded(address: string): boolean {
    const { app } = this.#options;
    return this.#state.agents.some((agent) => agent.app === app && agent.address === address);
  }

  /** Tells whether any agent, of whatever app, has proved a trusted key at this address. */
  hasKeyAt(address: string): boolean {
    return this.#state.agents.some((agent) => agent.address === address);
  }

  /** Announces a contact: until it is judged or ended, others with the same key wait for it. */
  beginContact(address: string): void {
    this.#contacts.begin(address);
  }

  /** Says that a contact is over, whatever came of it. */
  endContact(address: string): void {
    this.#contacts.end(address);
  }

  /**
   * Decides about an agent. A known key at another address than the one on record waits until that
   * one has been heard, so that a relay is told from an agent that has moved. A first-use place is on record before this says that it was given.
   *
   * @throws {StorageError} if that record cannot be written.
   */
  async judge(contact: AgentContact): Promise<Judgement> {
    const recorded = this.#recordedAddress(contact);
    if (recorded !== null && recorded !== contact.address) {
      const isHeard = await this.#contacts.whenOver(recorded, RECORD_WAIT_MS);
      if (!isHeard) return { verdict: "refused", code: "relay-suspected" };
    }
    const judgement = await this.#judgeNow(contact);
    this.#contacts.end(contact.address);
    return judgement;
  }

  #recordedAddress({ fingerprint }: AgentContact): string | null {
    return findPin(this.#state, { app: this.#options.app, fingerprint })?.address ?? null;
  }

  async #judgeNow(contact: AgentContact): Promise<Judgement> {
    const rules = this.#rules();
    let judgement = judgeAgent(this.#state, contact, rules);
    if (judgement.verdict === "trusted") {
      const code = this.#sightings.check(contact, {
        recordedAddress: this.#recordedAddress(contact),
        nowMs: rules.nowMs,
      });
      if (code !== null) return { verdict: "refused", code };
      if (judgement.isNew) judgement = await this.#takePlace(contact, rules);
    }
    this.#remember(contact, judgement);
    return judgement;
  }

  async #takePlace(contact: AgentContact, rules: TrustRules): Promise<Judgement> {
    // Another contact, or another process, may have taken the last place meanwhile.
    let judgement: Judgement | undefined;
    this.#state = await this.#store.update((state) => {
      judgement = judgeAgent(state, contact, rules);
      return pinAtFirstUse(state, contact, rules);
    });
    return judgement ?? judgeAgent(this.#state, contact, rules);
  }

  #remember(contact: AgentContact, judgement: Judgement): void {
    const { fingerprint, address } = contact;
    if (judgement.verdict === "trusted") {
      this.#trusted.set(fingerprint, contact);
      this.#seenMs.set(fingerprint, this.#options.now());
    } else if (judgement.verdict === "pending") {
      this.#pending.set(address, { contact, reason: "new" });
    } else if (judgement.code === "identity-changed" && this.#options.trust !== "pinned") {
      this.#pending.set(address, { contact, reason: "changed" });
    }
  }

  /**
   * Returns the revision of a manifest: that of the last one if it is the same, else a higher one,
   * which is on record before it is returned.
   *
   * @param manifest.digest The SHA-256 of its bytes in hex.
   * @throws {StorageError} if the record cannot be written.
   */
  async revisionOf(
    manifest: { readonly component: string | null; readonly digest: string },
  ): Promise<number> {
    const { app, now } = this.#options;
    const { component, digest } = manifest;
    const find = (state: KnownAgentsState) =>
      state.revisions.find((known) => known.app === app && known.component === component);
    const known = find(this.#state);
    if (known?.digest === digest) return known.revision;
    this.#state = await this.#store.update((state) => {
      const last = find(state);
      if (last?.digest === digest) return state;
      const revision = Math.max((last?.revision ?? 0) + 1, now());
      const others = state.revisions.filter((other) => other !== last);
      const next = [{ app, component, revision, digest }, ...others].slice(0, MAX_REVISIONS);
      return { ...state, revisions: next };
    });
    return find(this.#state)?.revision ?? now();
  }

  /**
   * Writes down what was learned since the last time, if that is worth it.
   *
   * @param pass.fleetSinceMs When a pass over the whole fleet began, or `null` after any other.
   * @throws {StorageError} if it cannot be written.
   */
  async settle(pass: { readonly fleetSinceMs: number | null }): Promise<void> {
    const { app, now } = this.#options;
    const since = pass.fleetSinceMs;
    const seenInFleet = since === null
      ? null
      : new Set([...this.#seenMs].filter(([, ms]) => ms >= since).map(([key]) => key));
    const findings = {
      app,
      trusted: [...this.#trusted.values()],
      pending: [...this.#pending.values()],
      seenInFleet,
      nowMs: now(),
    };
    this.#trusted.clear();
    this.#pending.clear();
    this.#sightings.prune(findings.nowMs);
    if (noteFindings(this.#state, findings) === this.#state) return;
    this.#state = await this.#store.update((state) => noteFindings(state, findings));
  }

  #rules(): TrustRules {
    const { trust, app, firstUseLimit, now } = this.#options;
    return { trust, app, firstUseLimit, nowMs: now() };
  }
}
