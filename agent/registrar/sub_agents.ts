/**
 * The sub-agents that are registered with a primary: one for each component, for as long as it says so.
 *
 * @module
 */
import { type Bytes, equalBytes } from "../../protocol/mod.ts";
import { MAX_SUB_AGENTS, REGISTRATION_LIFETIME_MS } from "../limits.ts";

/** Where a sub-agent is, and who. */
export interface SubAgentPlace {
  /** The component that it is. */
  readonly component: string;
  /** Its IP address. */
  readonly address: string;
  /** The port on which it listens. */
  readonly port: number;
  /** Whether it speaks TLS there. */
  readonly tls: boolean;
  /** Its raw identity key; 32 bytes. */
  readonly publicKey: Bytes;
  /** The fingerprint of that. */
  readonly fingerprint: string;
}

/** A sub-agent that is registered. */
export interface SubAgent extends SubAgentPlace {
  /** For how long it has been here under this identity, in milliseconds. */
  readonly ageMs: number;
  /** How long ago it said so last, in milliseconds. */
  readonly silentMs: number;
}

/** What became of a registration. */
export type RegistrationOutcome =
  /** The component had none, or one of another identity at this address. */
  | "registered"
  /** The component had this one. */
  | "renewed"
  /** The component has one of another identity at another address. */
  | "conflict"
  /** There are as many as there may be. */
  | "full";

/** The options of {@linkcode SubAgents}. */
export interface SubAgentsOptions {
  /** Is told of a sub-agent that did not say so again. */
  readonly onGone?: (agent: SubAgent) => void;
  /** The time in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** How many there may be. @default {64} */
  readonly maxAgents?: number;
}

interface Entry {
  readonly place: SubAgentPlace;
  readonly sinceMs: number;
  readonly seenMs: number;
}

/** Knows the sub-agents that are registered. */
export class SubAgents {
  readonly #options: SubAgentsOptions;
  readonly #now: () => number;
  /** By their components in lower case, which is all that tells containers apart. */
  readonly #agents = new Map<string, Entry>();

  /** Knows none yet. */
  constructor(options: SubAgentsOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Takes a registration that was proved. */
  register(place: SubAgentPlace): RegistrationOutcome {
    this.#sweep();
    const key = place.component.toLowerCase();
    const known = this.#agents.get(key);
    const nowMs = this.#now();
    if (known !== undefined && equalBytes(known.place.publicKey, place.publicKey)) {
      this.#agents.set(key, { place, sinceMs: known.sinceMs, seenMs: nowMs });
      return "renewed";
    }
    if (known !== undefined && known.place.address !== place.address) return "conflict";
    const { maxAgents = MAX_SUB_AGENTS } = this.#options;
    if (known === undefined && this.#agents.size >= maxAgents) return "full";
    this.#agents.set(key, { place, sinceMs: nowMs, seenMs: nowMs });
    return "registered";
  }

  /** Returns the sub-agent that a component is, or `null`. */
  find(component: string): SubAgent | null {
    this.#sweep();
    const entry = this.#agents.get(component.toLowerCase());
    return entry === undefined ? null : this.#tell(entry);
  }

  /** Returns all of them by the names of their components. */
  list(): readonly SubAgent[] {
    this.#sweep();
    const all = [...this.#agents.values()].map((entry) => this.#tell(entry));
    return all.sort((a, b) => a.component < b.component ? -1 : 1);
  }

  #tell({ place, sinceMs, seenMs }: Entry): SubAgent {
    const nowMs = this.#now();
    return { ...place, ageMs: nowMs - sinceMs, silentMs: nowMs - seenMs };
  }

  #sweep(): void {
    const oldestMs = this.#now() - REGISTRATION_LIFETIME_MS;
    for (const [key, entry] of this.#agents) {
      if (entry.seenMs > oldestMs) continue;
      this.#agents.delete(key);
      this.#options.onGone?.(this.#tell(entry));
    }
  }
}
