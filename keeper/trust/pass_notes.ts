/**
 * What passes learn of agents, until it is written down.
 *
 * @module
 */
import type { LookedFor, PassFindings } from "./pass_findings.ts";
import type { AgentContact } from "./trust_policy.ts";

type WaitingAgent = PassFindings["pending"][number];

/** Collects what the contacts of passes that may overlap bring to light. */
export class PassNotes {
  readonly #now: () => number;
  readonly #trusted = new Map<string, AgentContact>();
  readonly #pending = new Map<string, WaitingAgent>();
  readonly #located = new Map<string, string>();
  /** When keys were seen last. */
  readonly #seenMs = new Map<string, number>();
  /** When the contacts that go on began, by address. */
  readonly #begunMs = new Map<string, number>();
  /** When the last contact that came to an end began, by address. */
  readonly #dialledMs = new Map<string, number>();

  /** Takes the time, in Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes that an address is about to be dialled. */
  noteBegin(address: string): void {
    this.#begunMs.set(address, this.#now());
  }

  /** Notes that an address was dialled, whatever came of it. */
  noteEnd(address: string): void {
    // The key was seen after the beginning: a pass that began in between has not looked for it.
    const begunMs = this.#begunMs.get(address);
    if (begunMs !== undefined) this.#dialledMs.set(address, begunMs);
    this.#begunMs.delete(address);
  }

  /** Notes that a trusted agent was heard. */
  noteTrusted(contact: AgentContact): void {
    this.#trusted.set(contact.fingerprint, contact);
    this.#seenMs.set(contact.fingerprint, this.#now());
  }

  /** Notes that an agent waits for the operator, and why. */
  notePending(waiting: WaitingAgent): void {
    this.#pending.set(waiting.contact.address, waiting);
  }

  /** Notes where a trusted agent is from now on. */
  noteLocation(fingerprint: string, address: string): void {
    // The last one is the one that counts where two keys were seen at one address.
    this.#located.delete(fingerprint);
    this.#located.set(fingerprint, address);
  }

  /** Returns where a key is since the last time that notes were taken, or `null`. */
  locationOf(fingerprint: string): string | null {
    return this.#located.get(fingerprint) ?? null;
  }

  /**
   * Takes the notes, which are gone then.
   *
   * @param fleetSinceMs When a pass over the whole fleet began, or `null` after any other.
   */
  take(app: string | null, fleetSinceMs: number | null): PassFindings {
    const findings = {
      app,
      trusted: [...this.#trusted.values()],
      located: new Map(this.#located),
      pending: [...this.#pending.values()],
      lookedFor: fleetSinceMs === null ? null : this.#lookedFor(fleetSinceMs),
      nowMs: this.#now(),
    };
    this.#trusted.clear();
    this.#located.clear();
    this.#pending.clear();
    return findings;
  }

  #lookedFor(sinceMs: number): LookedFor {
    const since = (times: ReadonlyMap<string, number>) =>
      new Set([...times].filter(([, ms]) => ms >= sinceMs).map(([name]) => name));
    const lookedFor = { dialled: since(this.#dialledMs), seen: since(this.#seenMs) };
    // Addresses that are not dialled any more would stay for good.
    for (const [address, ms] of this.#dialledMs) {
      if (ms < sinceMs) this.#dialledMs.delete(address);
    }
    return lookedFor;
  }
}
