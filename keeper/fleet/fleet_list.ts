/**
 * The list of agents as it was last had: where it cannot be had now, the last one stays in force.
 *
 * @module
 */
import { FluxVaultError, type Logger } from "../../protocol/mod.ts";
import type { Fleet } from "./fleet.ts";
import { FORGET_ADDRESS_MS } from "../limits.ts";
import type { PassProblem } from "../report/report.ts";
import type { Schedule } from "./schedule.ts";

/** What a {@linkcode FleetList} works with. */
export interface FleetListParts {
  /** Takes the list. */
  readonly schedule: Schedule;
  /** Returns the names of the addresses at which agents are on record. */
  readonly recorded: () => Promise<ReadonlySet<string>>;
  /** Takes notes. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
}

/** Asks for the list of agents and hands it to the schedule. */
export class FleetList {
  readonly #fleet: Fleet;
  readonly #parts: FleetListParts;
  #listedMs: number | null = null;
  #problem: PassProblem | null = null;

  /** Asks nothing yet. */
  constructor(fleet: Fleet, parts: FleetListParts) {
    this.#fleet = fleet;
    this.#parts = parts;
  }

  /** Whether there ever was a list. */
  get isKnown(): boolean {
    return this.#listedMs !== null;
  }

  /** What was wrong with the last answer, or `null`. */
  get problem(): PassProblem | null {
    return this.#problem;
  }

  /**
   * Asks for the list.
   *
   * @returns What went wrong, or `null`.
   * @throws The signal's reason, if it is aborted.
   */
  async refresh(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<FluxVaultError | null> {
    const { schedule, recorded, logger, now } = this.#parts;
    try {
      const onRecord = await recorded();
      const addresses = await this.#fleet.list({ ...options, recorded: onRecord });
      const nowMs = now();
      // One node that answers for the whole network may know nothing of the app.
      const isDoubtful = addresses.length === 0 && schedule.size > 0 &&
        nowMs - (this.#listedMs ?? 0) < FORGET_ADDRESS_MS;
      if (isDoubtful) return this.#fail(emptyListError());
      this.#problem = null;
      this.#listedMs = nowMs;
      schedule.setFleet(addresses, nowMs, onRecord);
      return null;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof FluxVaultError)) throw error;
      logger.warn("The list of agents cannot be had now.", { code: error.code });
      return this.#fail(error);
    }
  }

  #fail(error: FluxVaultError): FluxVaultError {
    this.#problem = { code: error.code, message: error.message };
    return error;
  }
}

function emptyListError(): FluxVaultError {
  return new FluxVaultError(
    "fleet-empty",
    "the list of agents is suddenly empty; the last one stays in force",
  );
}
