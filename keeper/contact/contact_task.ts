/**
 * What a keeper does at each contact otherwise than to deliver what is declared.
 *
 * @module
 */
import type { CallDesk } from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";
import type { CalledAgent } from "./called_agent.ts";
import type { DeliveryWatch } from "../progress/delivery_watch.ts";

/** An agent that was let in, to be called. */
export interface CallContact {
  /** Who it is, and how much it is trusted. */
  readonly agent: CalledAgent;
  /** Puts on record what it is called for; `null` where nothing is. */
  readonly audit: AuditRecorder | null;
}

/**
 * Calls an agent; the session ends when it has resolved. It may be asked again for the same agent, where a
 * session has ended early.
 */
export type CallTask = (desk: CallDesk, contact: CallContact) => Promise<void>;

/**
 * What a keeper does at each contact; without any of it, it delivers what is declared.
 *
 * @example
 * ```ts
 * import {
 *   type ContactTask,
 *   declareForAll,
 *   Keeper,
 *   MemoryKnownAgentsStore,
 *   MemoryVault,
 *   StaticFleet,
 * } from "@fluxvault/fluxvault/keeper";
 * import { ConnectionError } from "@fluxvault/fluxvault/protocol";
 *
 * const answers: unknown[] = [];
 * const task: ContactTask = {
 *   isMeant: (component) => component === "web",
 *   converse: async (desk) => void answers.push(await desk.call("queue-length")),
 * };
 * const keeper = new Keeper({
 *   fleet: new StaticFleet([{ host: "192.0.2.7", port: 8888 }]),
 *   vault: await MemoryVault.from({}),
 *   declarations: declareForAll([]),
 *   knownAgents: new MemoryKnownAgentsStore(),
 *   dial: () => Promise.reject(new ConnectionError("connection-refused", "nobody is there")),
 *   task,
 * });
 * const [agent] = (await keeper.pass()).agents;
 * console.assert(agent?.outcome.kind === "unreachable" && answers.length === 0);
 * ```
 */
export interface ContactTask {
  /** Whether agents only say what they would do. @default {false} */
  readonly isPlan?: boolean;
  /** Whether agents are told to remove all that they were ever given. @default {false} */
  readonly isWipe?: boolean;
  /** Calls agents in the place of a delivery: nothing is given, whatever is declared. */
  readonly converse?: CallTask;
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
