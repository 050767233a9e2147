/**
 * The agents that a keeper serves: where the list of them comes from.
 *
 * @module
 */
import type { AgentAddress } from "./agent_address.ts";

/**
 * Lists the agents of one app.
 *
 * @example
 * ```ts
 * import { type Fleet, parseAgentAddresses } from "@fluxvault/fluxvault/keeper";
 *
 * const inventory = ["192.0.2.7", "192.0.2.8:9999"]; // What a service of yours answers.
 * const fleet: Fleet = {
 *   app: "shop",
 *   instances: 2, // As many may be trusted at first use.
 *   list({ signal } = {}) {
 *     signal?.throwIfAborted();
 *     return Promise.resolve(parseAgentAddresses(inventory));
 *   },
 * }; // For `new Keeper({ fleet, ... })`.
 * console.assert((await fleet.list())[1]?.port === 9999);
 * ```
 */
export interface Fleet {
  /** The app that every agent of the fleet must belong to, or `null` where any may answer. */
  readonly app: string | null;
  /**
   * How many agents the app has, by the word of whoever knows; `null` where that is not known (yet).
   * A fleet without this member never knows.
   *
   * It bounds how many agents are trusted at first use.
   */
  readonly instances?: number | null;
  /**
   * Whether anybody can put an address into the list, so that one which never did well is served like
   * one whose last contact failed. A fleet without this member is the operator's own.
   */
  readonly isOpen?: boolean;
  /**
   * Lists where agents can be dialled, each address once.
   *
   * @throws {FluxVaultError} if the list cannot be had now; the signal's reason if it is aborted.
   */
  list(options?: FleetListOptions): Promise<readonly AgentAddress[]>;
}

/** The options of {@linkcode Fleet.list}. */
export interface FleetListOptions {
  /** Ends the question; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The addresses, as `host:port` or `host:port/component`, at which agents are on record: a list that
   * is longer than it may be keeps these first.
   *
   * @default {new Set()}
   */
  readonly recorded?: ReadonlySet<string>;
}

/**
 * A fleet whose addresses the operator named.
 *
 * @example
 * ```ts
 * import { parseAgentAddresses, StaticFleet } from "@fluxvault/fluxvault/keeper";
 *
 * const fleet = new StaticFleet(parseAgentAddresses(["192.0.2.7"]), { app: "vaultdemo" });
 * console.assert((await fleet.list()).length === 1);
 * ```
 */
export class StaticFleet implements Fleet {
  /** The app that every agent of the fleet must belong to, or `null` where any may answer. */
  readonly app: string | null;
  readonly #addresses: readonly AgentAddress[];

  /** Takes the addresses. */
  constructor(addresses: readonly AgentAddress[], options: { readonly app?: string | null } = {}) {
    this.#addresses = [...addresses];
    this.app = options.app ?? null;
  }

  /** Lists the addresses, always the same. */
  list(): Promise<readonly AgentAddress[]> {
    return Promise.resolve(this.#addresses);
  }
}
