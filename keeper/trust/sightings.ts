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
 * The same key with the same process at a second address is a relay: that address alone is refused,
 * and where one of both is the address on record, it is the good one. The same key with two
 * processes that live at the same time is a clone: both are held until one was silent for as long
 * as a sighting lasts.
 */
export class Sightings {
  readonly #lifetimeMs: number;
  readonly #byKey = new Map<string, Sighting[]>();

  /** Says how long a sighting lasts, in milliseconds. */
  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** Checks a contact, and notes it unless it is a relay. */
  check(
    contact: AgentContact,
    { recordedAddress, nowMs }: SightingCheck,
  ): "relay-suspected" | "clone-suspected" | null {
    const { address, instance, fingerprint } = contact;
    let others = (this.#byKey.get(fingerprint) ?? []).filter((sighting) => {
      return sighting.address !== address && nowMs - sighting.seenMs < this.#lifetimeMs;
    });
    if (others.some((sighting) => sighting.instance === instance)) {
      if (address !== recordedAddress) return "relay-suspected";
      others = others.filter((sighting) => sighting.instance !== instance);
    }
    this.#byKey.set(fingerprint, [...others, { address, instance, seenMs: nowMs }]);
    return others.length > 0 ? "clone-suspected" : null;
  }

  /** Forgets sightings that are over. */
  prune(nowMs: number): void {
    for (const [fingerprint, sightings] of this.#byKey) {
      const live = sightings.filter(({ seenMs }) => nowMs - seenMs < this.#lifetimeMs);
      if (live.length === 0) this.#byKey.delete(fingerprint);
      else this.#byKey.set(fingerprint, live);
    }
  }
}
