/**
 * What a keeper does at each contact otherwise than to deliver what is declared.
 *
 * @module
 */
import type { DeliveryWatch } from "../progress/delivery_watch.ts";

/** What a keeper does at each contact; without any of it, it delivers what is declared. */
export interface ContactTask {
  /** Whether agents only say what they would do. @default {false} */
  readonly isPlan?: boolean;
  /** Whether agents are told to remove all that they were ever given. @default {false} */
  readonly isWipe?: boolean;
  /** Tells whether agents of a component, or of none, are meant; others are left alone. */
  readonly isMeant?: (component: string | null) => boolean;
  /** What the operator agreed to; nothing else is done. Whatever is declared by default. */
  readonly agreement?: Agreement;
  /** Is told of contents on their way. */
  readonly watch?: DeliveryWatch;
}

/** What an operator agreed to: the deliveries that were planned. */
export interface Agreement {
  /** Tells whether something was planned for the agent with this key at this address. */
  hasAgent(address: string, fingerprint: string): boolean;
  /** Tells whether a manifest is the one that was planned for an address, by its SHA-256 in hex. */
  hasManifest(address: string, digest: string): boolean;
}

/** A keeper that delivers what is declared. */
export const PLAIN_TASK: ContactTask = Object.freeze({});

/** Why an agent is left out that might be served. */
export type LeftOut =
  /** It is not asked what it would do, since it would only be trusted at first use. */
  | "unasked"
  /** Another key, or another manifest, was planned for its address. */
  | "outdated"
  /** It is not meant itself, and only relays to those that are. */
  | "unmeant";
