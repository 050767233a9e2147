/**
 * The agents that a keeper knows, during its passes.
 *
 * @module
 */
import type { RejectionCode } from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
import { MAX_REVISIONS, RECORD_WAIT_MS } from "../limits.ts";
import { admitAgent } from "./admission.ts";
import { EMPTY_STATE, type KnownAgentsState } from "./known_agents_state.ts";
import type { KnownAgentsStore } from "./known_agents_store.ts";
import { OpenContacts } from "./open_contacts.ts";
import { noteFindings } from "./pass_findings.ts";
import { PassNotes } from "./pass_notes.ts";
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
  readonly #notes: PassNotes;
  /** The components whose revision was raised because of what an agent had seen. */
  readonly #raised = new Set<string | null>();
  #state: KnownAgentsState = EMPTY_STATE;

  /** Reads nothing yet. */
  constructor(store: KnownAgentsStore, options: KnownAgentsOptions) {
    this.#store = store;
    this.#options = options;
    this.#sightings = new Sightings(options.sightingLifetimeMs);
    this.#notes = new PassNotes(options.now);
  }

  /** Reads the state again: the operator may have approved or forgotten agents. */
  async reload(): Promise<void> {
    this.#state = await this.#store.load();
  }

  /** Returns why a key is trusted for the app, or `null` where it is not. */
  groundOf(fingerprint: string): TrustGround | null {
    return findPin(this.#state, { app: this.#options.app, fingerprint })?.trust ?? null;
  }

  /** Tells whether an agent that is trusted completed its last contact at this address. */
  isRecorded(address: string): boolean {
    const { app } = this.#options;
    return this.#state.agents.some((agent) => {
      return isSameApp(agent.app, app) && agent.address === address;
    });
  }

  /** Returns the components of the app that agents on record belong to, each with a level of theirs. */
  components(): ReadonlyMap<string | null, TrustGround> {
    const { app } = this.#options;
    const ofApp = this.#state.agents.filter((agent) => isSameApp(agent.app, app));
    return new Map(ofApp.flatMap(({ component, trust }) => {
      return component === undefined ? [] : [[component, trust]];
    }));
  }

  /** Tells whether any agent, of whatever app, has proved a trusted key at this address. */
  hasKeyAt(address: string): boolean {
    return this.#state.agents.some((agent) => {
      return agent.address === address || agent.heardAt === address;
    });
  }

  /** Announces a contact: until it is over, others with the same key may wait for it. */
  beginContact(address: string): void {
    this.#contacts.begin(address);
    this.#notes.noteBegin(address);
  }

  /**
   * Notes how a contact ended.
   *
   * A key is on record for an address only once a contact there was completed, and stays so for as
   * long as it completes the contacts there: whoever passes on what an agent says, and breaks off
   * before the end, takes nobody's place.
   *
   * @param completedBy The fingerprint of the agent that was served to the end, `null` where none was.
   */
  finishContact(address: string, completedBy: string | null): void {
    this.#notes.noteEnd(address);
    this.#sightings.end(address, completedBy);
    if (completedBy !== null) this.#locate(completedBy, address);
    this.endContact(address);
  }

  /** Says that a contact is over, whatever came of it. */
  endContact(address: string): void {
    this.#contacts.end(address);
  }

  #locate(fingerprint: string, address: string): void {
    const recorded = this.#recordedAddress(fingerprint);
    const isElsewhere = recorded !== null && recorded !== address &&
      this.#sightings.hasCompleted({ fingerprint, address: recorded }, this.#options.now());
    if (isElsewhere) return;
    this.#notes.noteLocation(fingerprint, address);
    this.#sightings.forgetTwins({ fingerprint, address });
  }

  /**
   * Decides about an agent. A known key at another address than the one on record waits until the
   * contact there is over, so that a relay is told from an agent that has moved; so it does where its
   * process is being served at another address for the first time. A contact that takes too long
   * keeps nobody away. That an agent is trusted from now on, or raised, is on record before this says
   * so.
   *
   * @throws {StorageError} if that record cannot be written.
   */
  async judge(contact: AgentContact): Promise<Judgement> {
    const waited = new Set<string>();
    const untilMs = performance.now() + RECORD_WAIT_MS;
    for (;;) {
      const rival = this.#rivals(contact).find((address) => !waited.has(address));
      if (rival === undefined) return await this.#judgeNow(contact);
      waited.add(rival);
      await this.#contacts.whenOver(rival, Math.max(0, untilMs - performance.now()));
    }
  }

  /**
   * Decides whether an agent may relay to others although it is given nothing itself: it is trusted, and
   * was so before. Notes nothing, and lets nobody wait.
   *
   * @returns Why it may not, or `null`.
   */
  findRelayFault(contact: AgentContact): RejectionCode | null {
    const rules = this.#rules(contact);
    // What it proves beside its key raises it when it is served.
    const enrolment = contact.enrolment === "valid" ? null : contact.enrolment;
    const judgement = judgeAgent(this.#state, { ...contact, enrolment }, rules);
    if (judgement.verdict === "refused") return judgement.code;
    if (judgement.verdict === "pending" || judgement.news !== null) return "agent-pending";
    return this.#sightings.find(contact, {
      recordedAddress: this.#recordedAddress(contact.fingerprint),
      nowMs: rules.nowMs,
    });
  }

  /** Returns the addresses whose contacts decide whether this one is a relay. */
  #rivals(contact: AgentContact): string[] {
    const { fingerprint, address } = contact;
    const nowMs = this.#options.now();
    const recorded = this.#recordedAddress(fingerprint);
    if (recorded === address) return [];
    const undecided = this.#sightings.undecided(contact, nowMs);
    return recorded === null ? undecided : [recorded, ...undecided];
  }

  #recordedAddress(fingerprint: string): string | null {
    return this.#notes.locationOf(fingerprint) ??
      findPin(this.#state, { app: this.#options.app, fingerprint })?.address ?? null;
  }

  async #judgeNow(contact: AgentContact): Promise<Judgement> {
    const rules = this.#rules(contact);
    let judgement = judgeAgent(this.#state, contact, rules);
    if (judgement.verdict === "trusted") {
      const code = this.#sightings.check(contact, {
        recordedAddress: this.#recordedAddress(contact.fingerprint),
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
    if (judgement.verdict === "trusted") this.#notes.noteTrusted(contact);
    else if (judgement.verdict === "pending") this.#notes.notePending({ contact, reason: "new" });
    else if (judgement.code === "identity-changed" && this.#options.trust !== "pinned") {
      this.#notes.notePending({ contact, reason: "changed" });
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
      state.revisions.find((known) => {
        return isSameApp(known.app, app) && known.component === component;
      });
    const known = find(this.#state);
    if (known?.digest === digest) return Math.max(known.revision, sinceMs);
    this.#state = await this.#store.update((state) => {
      const last = find(state);
      if (last?.digest === digest) return state;
      // Later than what any agent had, whether that came of a change or of its level.
      const levels = state.agents.filter((agent) => {
        return isSameApp(agent.app, app) &&
          (agent.component === undefined || agent.component === component);
      });
      const revision = Math.max(
        (last?.revision ?? 0) + 1,
        now(),
        levels.reduce((latest, { pinnedAtMs }) => Math.max(latest, pinnedAtMs + 1), 0),
      );
      const others = state.revisions.filter((other) => other !== last);
      const next = { app: last?.app ?? app, component, revision, digest };
      return { ...state, revisions: [next, ...others].slice(0, MAX_REVISIONS) };
    });
    return Math.max(find(this.#state)?.revision ?? now(), sinceMs);
  }

  /**
   * Raises the revision of a component, because an agent has seen a later one than is on record: the
   * state of this keeper was put back from a copy, or another keeper with its key has served the agent.
   *
   * @returns Whether it was raised: once for each component, so that no agent makes a keeper count up.
   * @throws {StorageError} if the record cannot be written.
   */
  async raiseRevision(component: string | null): Promise<boolean> {
    const { app, now } = this.#options;
    if (this.#raised.has(component)) return false;
    this.#raised.add(component);
    this.#state = await this.#store.update((state) => ({
      ...state,
      revisions: state.revisions.map((last) => {
        const isIt = isSameApp(last.app, app) && last.component === component;
        return isIt ? { ...last, revision: Math.max(last.revision + 1, now()) } : last;
      }),
    }));
    return true;
  }

  /**
   * Writes down what was learned since the last time, if that is worth it.
   *
   * @param pass.fleetSinceMs When a pass over the whole fleet began, or `null` after any other.
   * @throws {StorageError} if it cannot be written.
   */
  async settle(pass: { readonly fleetSinceMs: number | null }): Promise<void> {
    const findings = this.#notes.take(this.#options.app, pass.fleetSinceMs);
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
