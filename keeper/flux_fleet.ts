/**
 * The fleet of an app on the Flux network, as the FluxOS API lists it.
 *
 * The list is a hint where to dial, never authorization: any node can put itself into it.
 *
 * @module
 */
import { fetchAppLocations, type FluxClient } from "../flux/mod.ts";
import { type Logger, SILENT_LOGGER } from "../protocol/mod.ts";
import type { AgentAddress } from "./agent_address.ts";
import type { Fleet, FleetListOptions } from "./fleet.ts";
import { DEFAULT_COMMS_PORT } from "./limits.ts";

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
 * Asks the Flux API where an app runs.
 *
 * @example
 * ```ts
 * import { FluxClient } from "@fluxvault/fluxvault/flux";
 * import { FluxFleet } from "@fluxvault/fluxvault/keeper";
 *
 * const client = new FluxClient({
 *   fetch: () =>
 *     Promise.resolve(Response.json({
 *       status: "success",
 *       data: [{ name: "vaultdemo", ip: "203.0.113.20:16137" }],
 *     })),
 * });
 * const fleet = new FluxFleet(client, { app: "vaultdemo", commsPort: 31888 });
 * const [agent] = await fleet.list();
 * console.assert(agent?.host === "203.0.113.20" && agent.port === 31888);
 * ```
 */
export class FluxFleet implements Fleet {
  /** The app whose agents these are. */
  readonly app: string;
  readonly #client: FluxClient;
  readonly #commsPort: number;
  readonly #logger: Logger;

  /** Asks nothing yet. */
  constructor(client: FluxClient, options: FluxFleetOptions) {
    this.#client = client;
    this.app = options.app;
    this.#commsPort = options.commsPort ?? DEFAULT_COMMS_PORT;
    this.#logger = options.logger ?? SILENT_LOGGER;
  }

  /**
   * Lists the hosts at which the app is said to run.
   *
   * @throws {FluxApiError} if no usable answer was given.
   */
  async list(options: FleetListOptions = {}): Promise<readonly AgentAddress[]> {
    const { signal } = options;
    const { locations, skipped } = await fetchAppLocations(
      this.#client,
      this.app,
      signal === undefined ? {} : { signal },
    );
    if (skipped.malformed + skipped.foreign > 0) {
      this.#logger.warn("The list of locations holds rows that were left out.", { ...skipped });
    }
    return locations.map(({ host }) => ({ host, port: this.#commsPort }));
  }
}
