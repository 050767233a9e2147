/**
 * Who was seen where of late, to notice one identity in two places.
 *
 * @module
 */
import type { AgentContact } from "./trust_policy.ts";

/** An agent at an address. */
interface Sighting {
  readonly address: string;
  readonly instance: string;
  readonly seenMs: number;
}

/** What a contact is checked against. */
export interface SightingCheck {
  /** Where the key was recorded last, or `null`. */
  readonly recordedAddress: string | null;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * Notices relays and clones.
 *
 * The same key with the same process at a second address is a relay, of which nobody can tell which
 * it is: the sessions of both are sealed to the same agent. So the address that brought its last
 * contact to an end keeps the other away, and the one on record comes first. One that breaks off
 * keeps nobody away. The same key with two processes that live at the same time is a clone: both are
 * held until one was silent for as long as a sighting lasts.
 */
export class Sightings {
  readonly #lifetimeMs: number;
  readonly #byKey = new Map<string, Sighting[]>();
  /** The addresses whose contact was not refused here, and goes on. */
  readonly #underway = new Set<string>();
  /** The key with which the last contact was completed, by address; none where it was not. */
  readonly #completed = new Map<string, string>();

  /** Says how long a sighting lasts, in milliseconds. */
  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** Checks a contact, and notes it unless it is a relay. */
  check(contact: AgentContact, at: SightingCheck): "relay-suspected" | "clone-suspected" | null {
    const { address, instance, fingerprint } = contact;
    const code = this.find(contact, at);
    if (code === "relay-suspected") return code;
    const others = this.#elsewhere(contact, at.nowMs);
    this.#byKey.set(fingerprint, [...others, { address, instance, seenMs: at.nowMs }]);
    if (code === null) this.#underway.add(address);
    return code;
  }

  /** Checks a contact, and notes nothing. */
  find(
    contact: AgentContact,
    { recordedAddress, nowMs }: SightingCheck,
  ): "relay-suspected" | "clone-suspected" | null {
    const { address, instance, fingerprint } = contact;
    const others = this.#elsewhere(contact, nowMs);
    const isKeptAway = address !== recordedAddress && others.some((other) => {
      return other.instance === instance && this.#completed.get(other.address) === fingerprint;
    });
    if (isKeptAway) return "relay-suspected";
    return others.some((other) => other.instance !== instance) ? "clone-suspected" : null;
  }

  /** Returns where else the process of a contact is being served now, and nobody knows the end. */
  undecided(contact: AgentContact, nowMs: number): string[] {
    return this.#elsewhere(contact, nowMs)
      .filter(({ address, instance }) => {
        return instance === contact.instance && this.#underway.has(address);
      })
      .map(({ address }) => address);
  }

  /**
   * Notes how the contact with an address ended.
   *
   * @param completedBy The fingerprint of the key with which it was completed, or `null`.
   */
  end(address: string, completedBy: string | null): void {
    this.#underway.delete(address);
    if (completedBy === null) this.#completed.delete(address);
    else this.#completed.set(address, completedBy);
  }

  /** Tells whether a key was seen at an address of late, and its last contact there was completed. */
  hasCompleted(
    { fingerprint, address }: Pick<AgentContact, "fingerprint" | "address">,
    nowMs: number,
  ): boolean {
    return this.#completed.get(address) === fingerprint &&
      this.#live(fingerprint, nowMs).some((sighting) => sighting.address === address);
  }

  /** Forgets where else the process was seen that is at an address: that was no other one. */
  forgetTwins({ fingerprint, address }: Pick<AgentContact, "fingerprint" | "address">): void {
    const sightings = this.#byKey.get(fingerprint) ?? [];
    const here = sightings.find((sighting) => sighting.address === address);
    if (here === undefined) return;
    const kept = sightings.filter(({ instance }) => instance !== here.instance);
    this.#byKey.set(fingerprint, [...kept, here]);
  }

  /** Forgets sightings that are over. */
  prune(nowMs: number): void {
    const addresses = new Set<string>();
    for (const fingerprint of this.#byKey.keys()) {
      const live = this.#live(fingerprint, nowMs);
      if (live.length === 0) this.#byKey.delete(fingerprint);
      else this.#byKey.set(fingerprint, live);
      for (const { address } of live) addresses.add(address);
    }
    for (const address of this.#completed.keys()) {
      if (!addresses.has(address)) this.#completed.delete(address);
    }
    for (const address of this.#underway) {
      if (!addresses.has(address)) this.#underway.delete(address);
    }
  }

  #elsewhere({ fingerprint, address }: AgentContact, nowMs: number): Sighting[] {
    return this.#live(fingerprint, nowMs).filter((sighting) => sighting.address !== address);
  }

  #live(fingerprint: string, nowMs: number): Sighting[] {
    return (this.#byKey.get(fingerprint) ?? []).filter(({ seenMs }) => {
      return nowMs - seenMs < this.#lifetimeMs;
    });
  }
}
