/**
 * The fleet of an app on the Flux network, as the FluxOS API lists it.
 *
 * The list is a hint where to dial, never authorization: any node can put itself into it.
 *
 * @module
 */
import {
  type AppSpecification,
  fetchAppLocations,
  fetchAppSpecification,
  type FluxClient,
  type FluxGetOptions,
} from "../../flux/mod.ts";
import { FluxVaultError, type Logger, SILENT_LOGGER } from "../../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "./agent_address.ts";
import type { Fleet, FleetListOptions } from "./fleet.ts";
import { DEFAULT_COMMS_PORT, MAX_LISTED_ADDRESSES } from "../limits.ts";

/** The options of a {@linkcode FluxFleet}. */
export interface FluxFleetOptions {
  /** The name of the app. */
  readonly app: string;
  /** The public port of the agents; the network's list does not know it. @default {8888} */
  readonly commsPort?: number;
  /** Takes notes of rows that were left out. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
}

/**
 * Asks the Flux API where an app runs, and how many instances of it there should be.
 *
 * @example
 * ```ts
 * import { FluxClient } from "@fluxvault/fluxvault/flux";
 * import { FluxFleet } from "@fluxvault/fluxvault/keeper";
 *
 * const answers: Record<string, unknown> = {
 *   location: [{ name: "vaultdemo", ip: "203.0.113.20:16137" }],
 *   appspecifications: { version: 8, name: "vaultdemo", instances: 3, compose: [] },
 * };
 * const client = new FluxClient({
 *   fetch: (url) => {
 *     const data = answers[String(url).split("/").at(-2) ?? ""];
 *     return Promise.resolve(Response.json({ status: "success", data }));
 *   },
 * });
 * const fleet = new FluxFleet(client, { app: "vaultdemo", commsPort: 31888 });
 * const [agent] = await fleet.list();
 * console.assert(agent?.host === "203.0.113.20" && agent.port === 31888);
 * console.assert(fleet.instances === 3);
 * ```
 */
export class FluxFleet implements Fleet {
  /** The app whose agents these are. */
  readonly app: string;
  /** Any node can put itself into the list. */
  readonly isOpen = true;
  readonly #client: FluxClient;
  readonly #commsPort: number;
  readonly #logger: Logger;
  #instances: number | null = null;
  #hasSpecification = false;

  /** Asks nothing yet. */
  constructor(client: FluxClient, options: FluxFleetOptions) {
    this.#client = client;
    this.app = options.app;
    this.#commsPort = options.commsPort ?? DEFAULT_COMMS_PORT;
    this.#logger = options.logger ?? SILENT_LOGGER;
  }

  /**
   * How many instances the app should have; `null` where its specification was not had yet, is too old
   * to say, or may not be shown by any node.
   *
   * A lower number than the last is taken from one answer. A higher one, and the first, takes two, of
   * which the lower counts: so no single answer makes it more. Where a specification does not say, the
   * last number stays in force.
   */
  get instances(): number | null {
    return this.#instances;
  }

  /**
   * Lists the hosts at which the app is said to run, 1,000 at most, and asks for its specification on
   * the way.
   *
   * @throws {FluxApiError} if no usable answer was given as to where it runs.
   */
  async list(options: FleetListOptions = {}): Promise<readonly AgentAddress[]> {
    const { signal } = options;
    const question = signal === undefined ? {} : { signal };
    const learning = this.#learn(question);
    try {
      const { locations, skipped } = await fetchAppLocations(this.#client, this.app, question);
      if (skipped.malformed + skipped.foreign > 0) {
        this.#logger.warn("The list of locations holds rows that were left out.", { ...skipped });
      }
      const addresses = locations.map(({ host }) => ({ host, port: this.#commsPort }));
      return this.#shorten(addresses, options.recorded ?? new Set());
    } finally {
      await learning;
    }
  }

  /** Cuts a list down that is longer than that of any app. */
  #shorten(
    addresses: readonly AgentAddress[],
    recorded: ReadonlySet<string>,
  ): readonly AgentAddress[] {
    if (addresses.length <= MAX_LISTED_ADDRESSES) return addresses;
    this.#logger.warn(
      "The list of locations is longer than that of any app: those on record are dialled first, and " +
        "the rest is left out.",
      { listed: addresses.length, dialled: MAX_LISTED_ADDRESSES },
    );
    const known: AgentAddress[] = [];
    const others: AgentAddress[] = [];
    for (const address of addresses) {
      (recorded.has(formatAgentAddress(address)) ? known : others).push(address);
    }
    return known.concat(others).slice(0, MAX_LISTED_ADDRESSES);
  }

  /** Asks for the specification; what is known stays in force where there is no answer. */
  async #learn(question: FluxGetOptions): Promise<void> {
    try {
      const specification = await this.#ask(question);
      if (specification === null) return;
      if (!this.#hasSpecification) this.#warnOfVolumes(specification);
      this.#hasSpecification = true;
      await this.#learnInstances(specification, question);
    } catch (error) {
      // Whoever asked is told about an end of the work by the other question.
      if (question.signal?.aborted) return;
      const code = error instanceof FluxVaultError ? error.code : String(error);
      this.#logger.debug("The specification of the app cannot be had now.", { code });
    }
  }

  async #ask(question: FluxGetOptions): Promise<AppSpecification | null> {
    const answer = await fetchAppSpecification(this.#client, this.app, question);
    return answer.kind === "found" ? answer.specification : null;
  }

  /** Takes how many instances there are; of more than are known as many as a second answer grants. */
  async #learnInstances(
    { instances }: AppSpecification,
    question: FluxGetOptions,
  ): Promise<void> {
    if (instances === undefined) return;
    if (instances <= (this.#instances ?? 0)) {
      this.#instances = instances;
      return;
    }
    const second = await this.#ask({ ...question, bypassCache: true, startAt: 1 });
    if (second?.instances === undefined) return;
    if (second.instances !== instances) {
      this.#logger.warn(
        "Two answers differ about how many instances the app has; the lower number counts.",
        { first: instances, second: second.instances },
      );
    }
    this.#instances = Math.min(instances, second.instances);
  }

  /** Says once where a key or a secret would be copied to strangers. */
  #warnOfVolumes({ components }: AppSpecification): void {
    for (const { name, mounts } of components) {
      const paths = mounts.filter(({ isReplicated }) => isReplicated).map(({ path }) => path);
      if (paths.length === 0) continue;
      this.#logger.warn(
        "A component of the app has a volume that is copied to every node that lists itself for " +
          "the app: the agent's --state-dir must not lie in it, and no secret file.",
        { component: name, paths: paths.join(", ") },
      );
    }
  }
}
