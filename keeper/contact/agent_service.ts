/**
 * How the agents of one pass are served: several at a time, the good ones first.
 *
 * @module
 */
import pLimit, { type LimitFunction } from "p-limit";
import { type Logger, SILENT_LOGGER } from "../../protocol/mod.ts";
import { type Delivery, prepareDelivery } from "./delivery.ts";
import type { KeeperOptions, PassOptions } from "../keeper_options.ts";
import { DEFAULT_CONCURRENCY, SUSPECT_SHARE } from "../limits.ts";
import type { Deliveries } from "../original/mod.ts";
import {
  type AgentReport,
  type ContactReport,
  countWithheld,
  isAgentServed,
  isAgentWaiting,
  joinReports,
} from "../report/report.ts";
import {
  orderAgents,
  type Schedule,
  type ScheduledAgent,
  type WaitingKey,
} from "../fleet/schedule.ts";
import { syncAgent } from "./sync_agent.ts";
import type { KnownAgents } from "../trust/mod.ts";
import { PROTOCOL_2 } from "./wire.ts";

/** What an {@linkcode AgentService} works with. */
export interface AgentServiceParts {
  /** Decides whom to trust. */
  readonly known: KnownAgents;
  /** Is told how each contact ended. */
  readonly schedule: Schedule;
  /** What nodes of the original hold. */
  readonly deliveries: Deliveries;
}

/** Serves agents, with a limited time and place for each that hangs, lies or dies. */
export class AgentService {
  readonly #options: KeeperOptions;
  readonly #parts: AgentServiceParts;
  readonly #places: LimitFunction;
  readonly #suspectPlaces: LimitFunction;
  readonly #logger: Logger;
  readonly #now: () => number;

  /**
   * Serves nobody yet.
   *
   * @throws {RangeError} if the concurrency is out of its range.
   */
  constructor(options: KeeperOptions, parts: AgentServiceParts) {
    const { concurrency = DEFAULT_CONCURRENCY } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new RangeError("concurrency must be a whole number from 1");
    }
    this.#options = options;
    this.#parts = parts;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#now = options.now ?? Date.now;
    this.#places = pLimit(concurrency);
    this.#suspectPlaces = pLimit(Math.max(1, Math.floor(concurrency * SUSPECT_SHARE)));
  }

  /**
   * Serves agents and reports on each, in the order in which they were served.
   *
   * @throws {FluxVaultError} if the vault cannot be read; the signal's reason.
   */
  async serve(
    agents: readonly ScheduledAgent[],
    options: PassOptions = {},
  ): Promise<AgentReport[]> {
    const { signal } = options;
    const { known } = this.#parts;
    const delivery = await this.#prepare(signal);
    const inOrder = orderAgents(agents, (name) => known.isRecorded(name));
    for (const { name } of agents) known.beginContact(name);
    const settled = await Promise.allSettled(
      inOrder.map((agent) => this.#serveInPlace(agent, { delivery, signal })),
    );
    signal?.throwIfAborted();
    return settled.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  async #prepare(signal: AbortSignal | undefined): Promise<Delivery> {
    const { vault, files } = this.#options;
    return await prepareDelivery(vault, files, { signal });
  }

  async #serveInPlace(
    agent: ScheduledAgent,
    work: PassOptions & { readonly delivery: Delivery },
  ): Promise<AgentReport> {
    const serve = () => this.#places(() => this.#serveOne(agent, work));
    return await (agent.failures > 0 ? this.#suspectPlaces(serve) : serve());
  }

  async #serveOne(
    agent: ScheduledAgent,
    { delivery, signal }: PassOptions & { readonly delivery: Delivery },
  ): Promise<AgentReport> {
    const { fleet, dial, limits, expectsAll = true, signer = null } = this.#options;
    const { enrolmentSecret = null, wires = PROTOCOL_2 } = this.#options;
    const { known, schedule, deliveries } = this.#parts;
    const options = {
      signer,
      enrolmentSecret,
      wire: wires.wireOf(agent.address),
      deliveries,
      expectsAll,
      app: fleet.app,
      dial,
      known,
      logger: this.#logger,
      now: this.#now,
      limits,
      signal,
    };
    let report = await syncAgent(agent.address, { ...options, delivery });
    if (hasChanges(report)) {
      // The vault changed under way: what it holds now is brought at once, once.
      const again = await syncAgent(agent.address, {
        ...options,
        delivery: await this.#prepare(signal),
      });
      report = joinReports(report, again);
    }
    known.endContact(agent.name);
    schedule.finish(agent, {
      // Another try brings nothing that only the operator can let through.
      isWanted: isAgentServed(report),
      durationMs: report.durationMs,
      waitingKey: waitingKeyOf(report),
      nowMs: this.#now(),
    });
    this.#logger.debug("An agent was served.", {
      address: report.address,
      outcome: report.outcome.kind,
      durationMs: report.durationMs,
    });
    return { ...report, failures: agent.failures };
  }
}

function hasChanges({ outcome }: ContactReport): boolean {
  return outcome.kind === "delivered" &&
    outcome.files.some((file) => file.outcome === "changed");
}

/** Returns the key about which the operator has to decide before the agent gets all. */
function waitingKeyOf(report: ContactReport): WaitingKey | null {
  const { fingerprint, trust } = report;
  const isLacking = isAgentWaiting(report) || countWithheld(report) > 0;
  if (fingerprint === null || !isLacking) return null;
  return { fingerprint, ground: trust === "address" ? null : trust };
}
