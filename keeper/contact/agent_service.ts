/**
 * How the agents of one pass are served: several at a time, the good ones first.
 *
 * @module
 */
import {
  type Bytes,
  type EncodedManifest,
  encodeHex,
  FluxVaultError,
  type Logger,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";
import { type ContactTask, PLAIN_TASK } from "./contact_task.ts";
import { type Delivery, type LevelDelivery, prepareDelivery } from "./delivery.ts";
import type { KeeperOptions, PassOptions } from "../keeper_options.ts";
import { Places } from "../fleet/places.ts";
import { DEFAULT_CONCURRENCY } from "../limits.ts";
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
  type GivenManifest,
  orderAgents,
  type Schedule,
  type ScheduledAgent,
  type WaitingKey,
} from "../fleet/schedule.ts";
import { HeldEntries } from "./held_entries.ts";
import { syncAgent } from "./sync_agent.ts";
import { prepareWipe } from "./wipe_delivery.ts";
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

/** The options of {@linkcode AgentService.serve}. */
export interface ServeAgentsOptions extends PassOptions {
  /** Is told of each agent that is served, or will not be: what the schedule says of it holds. */
  readonly onEnd: (agent: ScheduledAgent) => void;
}

/** What serving one agent takes. */
interface Work extends ServeAgentsOptions {
  readonly delivery: Delivery;
}

/** Serves agents, with a limited time and place for each that hangs, lies or dies. */
export class AgentService {
  readonly #options: KeeperOptions;
  readonly #parts: AgentServiceParts;
  readonly #places: Places;
  readonly #logger: Logger;
  readonly #now: () => number;
  /** The enrolment secret as the last pass found it; who waits for a place is judged by it, too. */
  #enrolmentSecret: Bytes | null = null;
  /** What was told that the original's wire cannot keep. */
  readonly #toldOfOriginal = new Set<string>();
  readonly #held = new HeldEntries();
  /** What the vault held at the last look. */
  #delivery: Delivery | null = null;

  /**
   * Serves nobody yet.
   *
   * @throws {RangeError} if the concurrency is out of its range.
   */
  constructor(options: KeeperOptions, parts: AgentServiceParts) {
    const { concurrency = DEFAULT_CONCURRENCY } = options;
    this.#options = options;
    this.#parts = parts;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#now = options.now ?? Date.now;
    this.#places = new Places(concurrency, {
      isOpen: options.fleet.isOpen ?? false,
      isRecorded: (name) => parts.known.isRecorded(name),
    });
  }

  /** Looks again at who waits for a place, by the list and the record as they are now. */
  reviewQueue(): void {
    this.#places.review();
  }

  /**
   * Serves agents and reports on each, in the order in which they were served; one that leaves the
   * list before its turn is left out.
   *
   * @throws {FluxVaultError} if the vault cannot be read; what a source of the enrolment secret throws;
   * the signal's reason.
   */
  async serve(
    agents: readonly ScheduledAgent[],
    options: ServeAgentsOptions,
  ): Promise<AgentReport[]> {
    const { signal } = options;
    const { known } = this.#parts;
    const { enrolmentSecret = null } = this.#options;
    this.#enrolmentSecret = typeof enrolmentSecret === "function"
      ? await enrolmentSecret()
      : enrolmentSecret;
    const delivery = await this.#prepare(signal);
    const inOrder = orderAgents(agents, (name) => known.isRecorded(name));
    for (const { name } of agents) known.beginContact(name);
    const settled = await Promise.allSettled(
      inOrder.map((agent) => this.#serveInPlace(agent, { ...options, delivery })),
    );
    signal?.throwIfAborted();
    const reports = settled.flatMap((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value ?? [];
    });
    await this.#numberForUnreached(reports, delivery);
    return reports;
  }

  /**
   * Numbers what is declared for components of which no agent was reached, so that it shows that they
   * hold something older.
   */
  async #numberForUnreached(reports: readonly AgentReport[], delivery: Delivery): Promise<void> {
    const { known } = this.#parts;
    const { isMeant = () => true } = this.#options.task ?? PLAIN_TASK;
    const reached = new Set(reports.flatMap(({ outcome, component }) => {
      return outcome.kind === "delivered" ? [component] : [];
    }));
    for (const [component, trust] of known.components()) {
      if (reached.has(component) || !isMeant(component)) continue;
      try {
        const { declaredDigest: digest } = await delivery.at(component, trust);
        await known.revisionOf({ component, digest, sinceMs: 0 });
      } catch (error) {
        if (!(error instanceof FluxVaultError)) throw error;
        // Whoever is served next tells of it.
        this.#logger.debug("What is declared cannot be numbered.", { component, code: error.code });
      }
    }
  }

  async #prepare(signal: AbortSignal | undefined): Promise<Delivery> {
    const { vault, declarations, task } = this.#options;
    if (task?.isWipe === true) return await prepareWipe();
    const declared = typeof declarations === "function" ? await declarations() : declarations;
    this.#delivery = await prepareDelivery(vault, declared, { signal, last: this.#delivery });
    return this.#delivery;
  }

  /**
   * Looks into the vault again, and returns which of some agents were given something else than is
   * there for them now.
   *
   * @throws {FluxVaultError} if the vault cannot be read, or what it holds makes no manifest.
   */
  async findBehind(
    agents: readonly ScheduledAgent[],
    { signal }: PassOptions = {},
  ): Promise<ScheduledAgent[]> {
    await this.#prepare(signal);
    const behind = await Promise.all(agents.map((agent) => this.isBehind(agent)));
    return agents.filter((_, i) => behind[i]);
  }

  /** Tells whether an agent was given something else than the last look found for it. */
  async isBehind({ given }: ScheduledAgent): Promise<boolean> {
    if (given === null || this.#delivery === null) return false;
    const { manifest } = await this.#delivery.at(given.component, given.level);
    return encodeHex(manifest.digest) !== given.digest;
  }

  async #serveInPlace(agent: ScheduledAgent, work: Work): Promise<AgentReport | null> {
    const report = await this.#places.serve(agent, () => this.#serveOne(agent, work));
    if (report === null) {
      const { known, schedule } = this.#parts;
      known.endContact(agent.name);
      schedule.drop(agent, this.#now());
      work.onEnd(agent);
    }
    return report;
  }

  async #serveOne(
    agent: ScheduledAgent,
    { delivery, signal, onEnd }: Work,
  ): Promise<AgentReport> {
    const { fleet, dial, limits, expectsAll = true, signer = null } = this.#options;
    const { wires = PROTOCOL_2, task = PLAIN_TASK, calls } = this.#options;
    const { known, schedule, deliveries } = this.#parts;
    const options = {
      signer,
      enrolmentSecret: this.#enrolmentSecret,
      wire: wires.wireOf(agent.address),
      onNotKept: (what: readonly string[]) => this.#tellOfOriginal(what),
      deliveries,
      expectsAll,
      ...(calls === undefined ? {} : { calls }),
      held: this.#held,
      task,
      app: fleet.app,
      dial,
      known,
      logger: this.#logger,
      now: this.#now,
      limits,
      signal,
    };
    let manifest: EncodedManifest | null = null;
    const onGiven = (given: LevelDelivery) => manifest = given.manifest;
    let report = await syncAgent(agent.address, { ...options, delivery, onGiven });
    if (isStale(report) && await this.#outrun(report)) {
      const again = await syncAgent(agent.address, { ...options, delivery, onGiven });
      report = joinReports(report, again);
    }
    if (hasChanges(report)) {
      // The vault changed under way: what it holds now is brought at once, once.
      const again = await syncAgent(agent.address, {
        ...options,
        onGiven,
        delivery: await this.#prepare(signal),
      });
      report = joinReports(report, again);
    }
    known.finishContact(
      agent.name,
      report.outcome.kind === "delivered" ? report.fingerprint : null,
    );
    schedule.finish(agent, {
      // Another try brings nothing that only the operator can let through.
      isWanted: isAgentServed(report),
      durationMs: report.durationMs,
      waitingKey: waitingKeyOf(report),
      given: givenBy(report, manifest),
      nowMs: this.#now(),
    });
    onEnd(agent);
    this.#logger.debug("An agent was served.", {
      address: report.address,
      outcome: report.outcome.kind,
      durationMs: report.durationMs,
    });
    const ended = { ...report, failures: agent.failures };
    if (!isLeftAlone(ended, task)) this.#options.onContact?.(ended);
    return ended;
  }

  /** Says once of each thing that a node of the original does not do it. */
  #tellOfOriginal(what: readonly string[]): void {
    const news = what.filter((each) => !this.#toldOfOriginal.has(each));
    for (const each of news) this.#toldOfOriginal.add(each);
    if (news.length === 0) return;
    this.#logger.warn(
      "The wire of the original FluxVault carries names and contents alone: what is declared besides " +
        "is not kept by agents that are served by it.",
      { app: this.#options.fleet.app, notKept: news },
    );
  }

  /** Goes on behind what an agent has seen, once; `false` where that was done already. */
  async #outrun({ address, component }: ContactReport): Promise<boolean> {
    if (!await this.#parts.known.raiseRevision(component)) return false;
    this.#logger.warn(
      "An agent has seen a later manifest than this keeper has on record; its number was raised. " +
        "That is so once after the state folder was put back from a copy; else another keeper signs " +
        "with the same key.",
      { address, component },
    );
    return true;
  }
}

/** Tells whether an agent turned out to be of a component that is not meant. */
export function isLeftAlone({ outcome }: ContactReport, { isMeant }: ContactTask): boolean {
  return isMeant !== undefined && outcome.kind === "rejected" && outcome.by === "us" &&
    outcome.code === "component-mismatch";
}

function isStale({ outcome }: ContactReport): boolean {
  return outcome.kind === "rejected" && outcome.by === "peer" && outcome.code === "manifest-stale";
}

function hasChanges({ outcome }: ContactReport): boolean {
  return outcome.kind === "delivered" &&
    outcome.files.some((file) => file.outcome === "changed");
}

/** Returns what an agent was given, where its contact came to its end. */
function givenBy(
  { outcome, component, trust }: ContactReport,
  manifest: EncodedManifest | null,
): GivenManifest | null {
  if (outcome.kind !== "delivered" || trust === null || manifest === null) return null;
  return { component, level: trust, digest: encodeHex(manifest.digest) };
}

/** Returns the key about which the operator has to decide before the agent gets all. */
function waitingKeyOf(report: ContactReport): WaitingKey | null {
  const { fingerprint, trust } = report;
  const isLacking = isAgentWaiting(report) || countWithheld(report) > 0;
  if (fingerprint === null || !isLacking) return null;
  return { fingerprint, ground: trust === "address" ? null : trust };
}
