/**
 * How the agents of one pass are served: several at a time, the good ones first.
 *
 * @module
 */
import {
  type Bytes,
  createDeferred,
  type EncodedManifest,
  type Logger,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { SyncOptions } from "./contact.ts";
import { PLAIN_TASK } from "./contact_task.ts";
import type { CurrentDelivery } from "./current_delivery.ts";
import type { Delivery, LevelDelivery } from "./delivery.ts";
import {
  givenBy,
  hasChanges,
  hasCome,
  isLeftAlone,
  isStale,
  waitingKeyOf,
} from "./ended_contact.ts";
import type { KeeperOptions, PassOptions } from "../keeper_options.ts";
import { Places } from "../fleet/places.ts";
import { DEFAULT_CONCURRENCY } from "../limits.ts";
import type { Deliveries } from "../original/mod.ts";
import { type OpenPrimary, RelayedPass, type RelayedPassParts, RelayLinks } from "../relay/mod.ts";
import {
  type AgentReport,
  type ContactReport,
  isAgentServed,
  joinReports,
  type PassProblem,
} from "../report/report.ts";
import { orderAgents, type Schedule, type ScheduledAgent } from "../fleet/schedule.ts";
import { HeldEntries } from "./held_entries.ts";
import { relayAlone } from "../relay/relay_contact.ts";
import { OriginalNotice } from "./original_notice.ts";
import { syncAgent } from "./sync_agent.ts";
import { numberUnreached } from "./unreached_components.ts";
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
  /** Looks into the vault. */
  readonly current: CurrentDelivery;
}

/** The options of {@linkcode AgentService.serve}. */
export interface ServeAgentsOptions extends Pick<PassOptions, "signal"> {
  /** Whether agents behind primaries are served that are not due. */
  readonly isWhole: boolean;
  /** Tells whether an agent behind a primary is to be served. @default {() => true} */
  readonly isChosen?: (agent: ScheduledAgent) => boolean;
  /** The names of those that are given nothing, and only relay to others. @default {none} */
  readonly relayOnly?: ReadonlySet<string>;
  /** Is told of each agent behind a primary that is served, too. */
  readonly onBegin: (agent: ScheduledAgent) => void;
  /** Is told what else went wrong. */
  readonly onProblem: (problem: PassProblem) => void;
  /** Is told of each agent that is served, or will not be: what the schedule says of it holds. */
  readonly onEnd: (agent: ScheduledAgent) => void;
}

/** What serving one agent takes. */
interface Work extends ServeAgentsOptions {
  readonly delivery: Delivery;
  /** Who is served behind whom. */
  readonly relayed: RelayedPass;
}

/** How the work with an agent goes on. */
interface ServiceTurn {
  /** Gives back the place of one that was served, while those behind it still are. */
  readonly onServed: () => void;
  /** Waits for a place again where it was given back. */
  readonly inPlace: <T>(work: () => Promise<T>) => Promise<T | null>;
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
  readonly #original: OriginalNotice;
  readonly #held = new HeldEntries();
  readonly #links = new RelayLinks((primary, options) => this.#openPrimary(primary, options));

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
    this.#original = new OriginalNotice(this.#logger, options.fleet.app);
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
    const delivery = await this.#parts.current.prepare({ signal });
    for (const { name } of agents) known.beginContact(name);
    const tasks: Promise<AgentReport | null>[] = [];
    const add = (task: Promise<AgentReport | null>) => {
      task.catch(() => {});
      tasks.push(task);
    };
    const relayed = this.#relayedPass(options, {
      start: (agent) => add(this.#serveInPlace(agent, { ...options, delivery, relayed })),
      run: (work) => add(work().then(() => null)),
    });
    const work = { ...options, delivery, relayed };
    const inOrder = orderAgents(relayed.takeBehind(agents), (name) => known.isRecorded(name));
    for (const agent of inOrder) add(this.#serveInPlace(agent, work));
    const reports = await this.#settle(tasks, signal);
    const { task } = this.#options;
    await numberUnreached(reports, { known, delivery, task, logger: this.#logger });
    return reports;
  }

  /** Waits for all that is under way, and for what comes of it. */
  async #settle(
    tasks: readonly Promise<AgentReport | null>[],
    signal: AbortSignal | undefined,
  ): Promise<AgentReport[]> {
    const settled: PromiseSettledResult<AgentReport | null>[] = [];
    // A primary ends after it has begun with those behind it.
    while (settled.length < tasks.length) {
      settled.push(...await Promise.allSettled(tasks.slice(settled.length)));
    }
    await this.#links.settle(signal);
    signal?.throwIfAborted();
    return settled.flatMap((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value ?? [];
    });
  }

  #relayedPass(
    options: ServeAgentsOptions,
    { start, run }: Pick<RelayedPassParts, "start" | "run">,
  ): RelayedPass {
    const { known, schedule } = this.#parts;
    const { isWhole, isChosen = () => true, onBegin, onEnd, onProblem } = options;
    const { signal = new AbortController().signal } = options;
    return new RelayedPass({
      ...{ schedule, links: this.#links, isWhole, isChosen, start, run, signal, onProblem },
      begin: (agent) => {
        onBegin(agent);
        known.beginContact(agent.name);
      },
      leave: (agent) => {
        // Where its primary lists it no more, it was looked for in vain.
        known.finishContact(agent.name, null);
        schedule.drop(agent, this.#now());
        onEnd(agent);
      },
      secure: this.#options.secure ?? null,
      app: this.#options.fleet.app,
      logger: this.#logger,
      now: this.#now,
    });
  }

  async #serveInPlace(agent: ScheduledAgent, work: Work): Promise<AgentReport | null> {
    let contact: Promise<AgentReport> | null = null;
    await this.#places.serve(agent, async () => {
      const served = createDeferred<void>();
      let hasPlace = true;
      contact = this.#serveOne(agent, work, {
        onServed: () => {
          hasPlace = false;
          served.resolve();
        },
        inPlace: async (again) => hasPlace ? await again() : await this.#places.serve(agent, again),
      });
      // Those behind a primary take places of their own.
      await Promise.race([served.promise, contact.then(() => {}, () => {})]);
    });
    if (contact === null) {
      const { known, schedule } = this.#parts;
      known.endContact(agent.name);
      schedule.drop(agent, this.#now());
      work.onEnd(agent);
      work.relayed.abandon(agent);
    }
    return await contact;
  }

  #syncOptions(
    agent: ScheduledAgent,
    { signal, relayOnly, relayed }: Work,
  ): Omit<SyncOptions, "delivery"> {
    const { fleet, dial, limits, expectsAll = true, signer = null } = this.#options;
    const { wires = PROTOCOL_2, task = PLAIN_TASK, calls } = this.#options;
    const { known, deliveries } = this.#parts;
    return {
      signer,
      enrolmentSecret: this.#enrolmentSecret,
      // A primary relays to agents of its own kind.
      wire: agent.primary === null ? wires.wireOf(agent.address) : 2,
      onNotKept: (what: readonly string[]) => this.#original.tell(what),
      deliveries,
      expectsAll,
      ...(calls === undefined ? {} : { calls }),
      held: this.#held,
      task,
      relay: relayed.hostFor(agent),
      isRelayOnly: relayOnly?.has(agent.name) ?? false,
      app: fleet.app,
      dial,
      known,
      logger: this.#logger,
      now: this.#now,
      limits,
      signal,
    };
  }

  async #serveOne(
    agent: ScheduledAgent,
    work: Work,
    turn: ServiceTurn,
  ): Promise<AgentReport> {
    const { delivery, signal, relayed } = work;
    const relay = relayed.contactWith(agent);
    let manifest: EncodedManifest | null = null;
    const options = {
      ...this.#syncOptions(agent, work),
      ...(relay === null ? {} : { dial: relay.dial }),
      onServed: turn.onServed,
      onGiven: (given: LevelDelivery) => manifest = given.manifest,
    };
    const serve = (what: Delivery) => syncAgent(agent.address, { ...options, delivery: what });
    const serveAgain = (what: Delivery) => turn.inPlace(() => serve(what));
    let report: ContactReport;
    try {
      report = await serve(delivery);
      // The session with its primary ended for another reason than this agent.
      if (relay?.isCut === true && !hasCome(report)) report = await serve(delivery);
      if (isStale(report) && await this.#outrun(report)) {
        report = joinReports(report, await serveAgain(delivery) ?? report);
      }
      if (hasChanges(report)) {
        // The vault changed under way: what it holds now is brought at once, once.
        report = joinReports(
          report,
          await serveAgain(await this.#parts.current.prepare({ signal })) ?? report,
        );
      }
    } finally {
      relay?.end();
    }
    return this.#finish(agent, { report, manifest, work });
  }

  #finish(
    agent: ScheduledAgent,
    { report, manifest, work }: {
      readonly report: ContactReport;
      readonly manifest: EncodedManifest | null;
      readonly work: Work;
    },
  ): AgentReport {
    const { known, schedule } = this.#parts;
    const { relayed, relayOnly, onEnd } = work;
    const isRelaying = relayed.finish(agent, report.outcome);
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
    if (isRelaying) schedule.askAgain(agent, this.#now());
    onEnd(agent);
    this.#logger.debug("An agent was served.", {
      address: report.address,
      outcome: report.outcome.kind,
      durationMs: report.durationMs,
    });
    const ended = { ...report, failures: agent.failures };
    const { task = PLAIN_TASK } = this.#options;
    const isSilent = isLeftAlone(ended, task) || relayOnly?.has(agent.name) === true;
    if (!isSilent) this.#options.onContact?.(ended);
    return ended;
  }

  /** Opens a session with a primary that only calls. */
  async #openPrimary(
    primary: AgentAddress,
    { signal, work }: Parameters<OpenPrimary>[1],
  ): Promise<void> {
    const { fleet, dial, signer = null, limits } = this.#options;
    const { known, schedule } = this.#parts;
    await relayAlone(primary, {
      ...{ app: fleet.app, dial, signer, known, signal, work },
      baseTimeMs: limits?.baseTimeMs,
      enrolmentSecret: this.#enrolmentSecret,
      now: this.#now,
      onList: ({ agents }) => void schedule.setBehind(primary, agents, this.#now()),
    });
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
