/**
 * The agents that a keeper knows, during its passes.
 *
 * @module
 */
import { MAX_REVISIONS, RECORD_WAIT_MS } from "../limits.ts";
import { admitAgent } from "./admission.ts";
import { EMPTY_STATE, type KnownAgentsState } from "./known_agents_state.ts";
import type { KnownAgentsStore } from "./known_agents_store.ts";
import { OpenContacts } from "./open_contacts.ts";
import { noteFindings } from "./pass_findings.ts";
import { Sightings } from "./sightings.ts";
import type { TrustGround } from "./trust_level.ts";
import {
  type AgentContact,
  findPin,
  judgeAgent,
  type Judgement,
  type TrustPolicy,
  type TrustRules,
} from "./trust_policy.ts";

/** What {@linkcode KnownAgents} needs to know. */
export interface KnownAgentsOptions {
  /** The app that the keeper dials for, or `null`. */
  readonly app: string | null;
  /** What happens to an agent that is not known. */
  readonly trust: TrustPolicy;
  /** How many agents may be trusted at first use, or `null` where the operator did not say. */
  readonly firstUseLimit: number | null;
  /** Returns how many agents the app has, `null` where nobody said. @default {() => null} */
  readonly instances?: () => number | null;
  /** Tells whether an address is on the list of agents as it is now. @default {() => true} */
  readonly isListed?: (address: string) => boolean;
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

  /** Returns why a key is trusted for the app, or `null` where it is not. */
  groundOf(fingerprint: string): TrustGround | null {
    return findPin(this.#state, { app: this.#options.app, fingerprint })?.trust ?? null;
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
   * one has been heard, so that a relay is told from an agent that has moved. That an agent is trusted
   * from now on, or raised, is on record before this says so.
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
    const rules = this.#rules(contact);
    let judgement = judgeAgent(this.#state, contact, rules);
    if (judgement.verdict === "trusted") {
      const code = this.#sightings.check(contact, {
        recordedAddress: this.#recordedAddress(contact),
        nowMs: rules.nowMs,
      });
      if (code !== null) return { verdict: "refused", code };
      if (judgement.news !== null) judgement = await this.#admit(contact, rules);
    }
    this.#remember(contact, judgement);
    return judgement;
  }

  async #admit(contact: AgentContact, rules: TrustRules): Promise<Judgement> {
    // Another contact, or another process, may have taken the last place meanwhile.
    let judgement: Judgement | undefined;
    this.#state = await this.#store.update((state) => {
      const admission = admitAgent(state, contact, rules);
      judgement = admission.judgement;
      return admission.state;
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
   * Returns the revision of what one agent is given: that of the last time if neither what is declared
   * nor the agent's level changed, else a higher one.
   *
   * What is declared is counted for all agents of a component, and on record before it is returned. An
   * agent whose level changed later than that is at the time of its change.
   *
   * @param declared.digest The SHA-256 in hex of all that is declared, whatever an agent's level.
   * @param declared.sinceMs Since when the agent has its level, in Unix milliseconds.
   * @throws {StorageError} if the record cannot be written.
   */
  async revisionOf(
    declared: {
      readonly component: string | null;
      readonly digest: string;
      readonly sinceMs: number;
    },
  ): Promise<number> {
    const { app, now } = this.#options;
    const { component, digest, sinceMs } = declared;
    const find = (state: KnownAgentsState) =>
      state.revisions.find((known) => known.app === app && known.component === component);
    const known = find(this.#state);
    if (known?.digest === digest) return Math.max(known.revision, sinceMs);
    this.#state = await this.#store.update((state) => {
      const last = find(state);
      if (last?.digest === digest) return state;
      // Later than what any agent had, whether that came of a change or of its level.
      const levels = state.agents.filter((agent) => {
        return agent.app === app &&
          (agent.component === undefined || agent.component === component);
      });
      const revision = Math.max(
        (last?.revision ?? 0) + 1,
        now(),
        levels.reduce((latest, { pinnedAtMs }) => Math.max(latest, pinnedAtMs + 1), 0),
      );
      const others = state.revisions.filter((other) => other !== last);
      const next = [{ app, component, revision, digest }, ...others].slice(0, MAX_REVISIONS);
      return { ...state, revisions: next };
    });
    return Math.max(find(this.#state)?.revision ?? now(), sinceMs);
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

  #rules({ address }: AgentContact): TrustRules {
    const { trust, app, firstUseLimit, now } = this.#options;
    const { instances = () => null, isListed = () => true } = this.#options;
    return {
      trust,
      app,
      firstUseLimit,
      instances: instances(),
      isListed: isListed(address),
      nowMs: now(),
    };
  }
}
