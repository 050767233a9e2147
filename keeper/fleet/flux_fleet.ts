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
import type { AgentAddress } from "./agent_address.ts";
import type { Fleet, FleetListOptions } from "./fleet.ts";
import { DEFAULT_COMMS_PORT } from "../limits.ts";

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
  readonly #client: FluxClient;
  readonly #commsPort: number;
  readonly #logger: Logger;
  #specification: AppSpecification | null = null;

  /** Asks nothing yet. */
  constructor(client: FluxClient, options: FluxFleetOptions) {
    this.#client = client;
    this.app = options.app;
    this.#commsPort = options.commsPort ?? DEFAULT_COMMS_PORT;
    this.#logger = options.logger ?? SILENT_LOGGER;
  }

  /**
   * How many instances the app should have by the last specification that was had; `null` where there
   * was none yet, where it is too old to say, and where no node may show it.
   */
  get instances(): number | null {
    return this.#specification?.instances ?? null;
  }

  /**
   * Lists the hosts at which the app is said to run, and asks for its specification on the way.
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
      return locations.map(({ host }) => ({ host, port: this.#commsPort }));
    } finally {
      await learning;
    }
  }

  /** Asks for the specification; the last one stays in force where there is no other. */
  async #learn(question: FluxGetOptions): Promise<void> {
    try {
      const answer = await fetchAppSpecification(this.#client, this.app, question);
      if (answer.kind !== "found") return;
      if (this.#specification === null) this.#warnOfVolumes(answer.specification);
      this.#specification = answer.specification;
    } catch (error) {
      // Whoever asked is told about an end of the work by the other question.
      if (question.signal?.aborted) return;
      const code = error instanceof FluxVaultError ? error.code : String(error);
      this.#logger.debug("The specification of the app cannot be had now.", { code });
    }
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
