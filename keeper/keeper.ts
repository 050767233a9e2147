/**
 * The keeper: brings every agent of a fleet to hold what the vault holds for it.
 *
 * @module
 */
import {
  type EventOptions,
  type Events,
  FluxVaultError,
  type Logger,
  OpenWork,
  SILENT_LOGGER,
} from "../protocol/mod.ts";
import { AgentService, type ServeAgentsOptions } from "./contact/agent_service.ts";
import { CurrentDelivery } from "./contact/current_delivery.ts";
import { isLeftAlone } from "./contact/ended_contact.ts";
import { AgentConversation, type Conversation } from "./actions/agent_conversation.ts";
import {
  type KeeperActionOptions,
  type KeeperActionRegistration,
  OfferedActions,
} from "./actions/offered_actions.ts";
import { PLAIN_TASK } from "./contact/contact_task.ts";
import { FleetList } from "./fleet/fleet_list.ts";
import { type KeeperEvent, KeeperFeed } from "./keeper_events.ts";
import type { KeeperOptions, PassOptions, RunOptions } from "./keeper_options.ts";
import { DEFAULT_POLLING_INTERVAL_MS } from "./limits.ts";
import { PassLoop } from "./pass_loop.ts";
import { type AgentReport, type PassReport, reportProblem } from "./report/report.ts";
import { Deliveries } from "./original/mod.ts";
import { lookUpRelayOnly } from "./relay/mod.ts";
import { Schedule, type ScheduledAgent } from "./fleet/schedule.ts";
import { KnownAgents, loadAddresses } from "./trust/mod.ts";
import { PROTOCOL_2, type WireChoice } from "./contact/wire.ts";

type ServeOptions = PassOptions & Pick<ServeAgentsOptions, "isWhole" | "isChosen" | "relayOnly">;

/**
 * Serves a fleet, once or until it is stopped.
 *
 * Agents are served several at a time, those that did well before the others. One that hangs, lies
 * or dies has a limited time and place: those whose last contact failed hold a quarter of the places
 * at most, together with those that are new on a list that anybody can write, or a primary wrote.
 *
 * @example
 * ```ts
 * import {
 *   declareForAll,
 *   Keeper,
 *   MemoryKnownAgentsStore,
 *   MemoryVault,
 *   parseManagedFiles,
 *   StaticFleet,
 * } from "@fluxvault/fluxvault/keeper";
 * import { ConnectionError } from "@fluxvault/fluxvault/protocol";
 *
 * const keeper = new Keeper({
 *   fleet: new StaticFleet([{ host: "192.0.2.7", port: 8888 }]),
 *   vault: await MemoryVault.from({ "db.password": new Uint8Array([1, 2, 3]) }),
 *   declarations: declareForAll(parseManagedFiles(["db.password"])),
 *   knownAgents: new MemoryKnownAgentsStore(),
 *   dial: () => Promise.reject(new ConnectionError("connection-refused", "nobody is there")),
 * });
 * const report = await keeper.pass();
 * console.assert(report.agents[0]?.outcome.kind === "unreachable");
 * ```
 */
export class Keeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  readonly #known: KnownAgents;
  readonly #wires: WireChoice;
  readonly #deliveries: Deliveries;
  readonly #schedule: Schedule;
  readonly #list: FleetList;
  readonly #service: AgentService;
  readonly #current: CurrentDelivery;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #pollingIntervalMs: number;
  readonly #offered = new OfferedActions();
  #passes = 0;
  readonly #loop: PassLoop;
  readonly #feed = new KeeperFeed();
  readonly #work = new OpenWork("the keeper");

  /**
   * Touches nothing yet.
   *
   * @throws {RangeError} if a number is out of its range, or `first-use` has no limit, neither in the
   * options nor by the fleet.
   */
  constructor(options: KeeperOptions) {
    const { trust = "approve", firstUseLimit } = options;
    const { pollingIntervalMs = DEFAULT_POLLING_INTERVAL_MS, now = Date.now, fleet } = options;
    if (firstUseLimit !== undefined && !(Number.isInteger(firstUseLimit) && firstUseLimit >= 1)) {
      throw new RangeError("firstUseLimit must be a whole number from 1");
    }
    if (trust === "first-use" && firstUseLimit === undefined && fleet.instances === undefined) {
      throw new RangeError("first-use needs a firstUseLimit from 1");
    }
    this.#options = options;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#now = now;
    this.#pollingIntervalMs = pollingIntervalMs;
    this.#wires = options.wires ?? PROTOCOL_2;
    this.#deliveries = new Deliveries(options.deliveries);
    this.#known = new KnownAgents(options.knownAgents, {
      app: fleet.app,
      trust,
      firstUseLimit: firstUseLimit ?? null,
      instances: () => fleet.instances ?? null,
      isListed: (address) => this.#schedule.isListed(address),
      sightingLifetimeMs: 2 * pollingIntervalMs,
      now,
    });
    this.#schedule = new Schedule({ pollingIntervalMs, random: options.random ?? Math.random });
    this.#list = new FleetList(options.fleet, {
      schedule: this.#schedule,
      recorded: () => loadAddresses(options.knownAgents, fleet.app),
      logger: this.#logger,
      now,
    });
    this.#loop = new PassLoop({
      ...options,
      ...{ list: this.#list, schedule: this.#schedule, logger: this.#logger },
      ...{ pollingIntervalMs, now },
    });
    this.#current = new CurrentDelivery(options);
    const calls = this.#offered.beside(options.calls);
    const onContact = (report: AgentReport) => {
      this.#feed.noteAgent(report);
      options.onContact?.(report);
    };
    this.#service = new AgentService({ ...options, calls, onContact }, {
      known: this.#known,
      schedule: this.#schedule,
      deliveries: this.#deliveries,
      current: this.#current,
    });
  }

  /**
   * Serves every agent of the fleet once.
   *
   * @throws {FluxVaultError} if the list of agents was never had, or the vault or the known agents
   * cannot be read. What happens to one agent is in the report.
   */
  async pass(options: PassOptions = {}): Promise<PassReport> {
    return await this.#work.run(options.signal, (signal) => this.#passOnce({ ...options, signal }));
  }

  async #passOnce(options: PassOptions): Promise<PassReport> {
    const { signal, only = null } = options;
    const error = await this.#list.refresh({ signal });
    if (error !== null && this.#schedule.size === 0) {
      this.#feed.noteProblem(error);
      throw error;
    }
    this.#service.reviewQueue();
    if (only !== null) this.#schedule.expect(only, this.#now());
    const relayOnly = await lookUpRelayOnly(this.#options);
    const isChosen = this.#chooses(only);
    const agents = this.#schedule.idle().filter((agent) => {
      if (agent.primary !== null || only !== null) return isChosen(agent);
      return relayOnly === null || relayOnly.get(agent.name) !== false;
    });
    // Who was not looked for is not missed.
    const isWhole = only === null && this.#options.task?.isMeant === undefined;
    const names = [...relayOnly ?? []].flatMap(([name, isNeeded]) => isNeeded ? name : []);
    return await this.#serve(agents, { isWhole, isChosen, relayOnly: new Set(names), signal });
  }

  /**
   * Lets agents of an app that are trusted so far have something done here, from the next session on.
   *
   * @throws {TypeError} if the name is none, or some agent would find two actions of that name.
   */
  action<SentInput = undefined, Input = SentInput, SentOutput = unknown, Output = SentOutput>(
    name: string,
    options: KeeperActionOptions<SentInput, Input, SentOutput, Output>,
  ): KeeperActionRegistration<SentInput, Output> {
    return this.#offered.add(name, options);
  }

  /**
   * Calls an agent that is trusted already, `host:port` or `host:port/component`, in a session of its own
   * beside whatever else this keeper does; nothing is delivered, and nobody is trusted because of it.
   *
   * @throws What the work throws; {FluxVaultError} that says why it did not come about.
   */
  async converse<T>(address: string, work: Conversation<T>, options: PassOptions = {}): Promise<T> {
    const talk = new AgentConversation(address, work);
    const calls = this.#offered.beside(this.#options.calls);
    const keeper = new Keeper(talk.optionsBy({ ...this.#options, calls }));
    return await this.#work.run(options.signal, async (signal) => {
      return talk.resultOf(await keeper.pass({ ...options, signal, only: talk.only }));
    });
  }

  /** Returns what tells whether an agent is to be served that is behind a primary, or named. */
  #chooses(only: ReadonlySet<string> | null): (agent: ScheduledAgent) => boolean {
    const isMeant = this.#options.task?.isMeant ?? (() => true);
    return ({ name, address: { component } }) => {
      if (only !== null) return only.has(name);
      return component === undefined || isMeant(component);
    };
  }

  /**
   * Serves the agents of the last list that are due for another try, those first that
   * {@linkcode Keeper.noticeDecisions} let in.
   *
   * @throws {FluxVaultError} as {@linkcode Keeper.pass} does.
   */
  async passDue(options: PassOptions = {}): Promise<PassReport> {
    return await this.#work.run(options.signal, (signal) => {
      return this.#serve(this.#schedule.due(this.#now()), { isWhole: false, signal });
    });
  }

  /**
   * Notices what the operator decided since the last pass: agents that waited for it are due now, and a
   * run serves them without waiting for its next look at the list.
   *
   * @throws {StorageError} if the known agents cannot be read.
   */
  async noticeDecisions(): Promise<void> {
    await this.#known.reload();
    this.#schedule.release((fingerprint) => this.#known.groundOf(fingerprint), this.#now());
    this.#service.reviewQueue();
    this.#loop.wake();
  }

  /**
   * Notices what changed in the vault, or in what is declared, since agents were served: those that
   * hold something else are due now, and a run serves them without waiting for its next pass.
   *
   * @returns How many agents are due because of that.
   * @throws {FluxVaultError} if the vault cannot be read, or what it holds makes no manifest.
   */
  async noticeVault(options: PassOptions = {}): Promise<number> {
    const behind = await this.#current.findBehind(this.#schedule.idle(), options);
    for (const agent of behind) this.#schedule.hurry(agent, this.#now());
    if (behind.length > 0) this.#loop.wake();
    return behind.length;
  }

  /**
   * Serves the fleet until it is stopped: every agent once a polling interval, a new one as soon as it
   * is listed, one that failed after a pause that grows.
   *
   * @throws The reason of the signal, or an `AbortError` where the keeper is disposed of, and nothing
   * else: what fails is reported and tried again.
   */
  async run(options: RunOptions): Promise<never> {
    try {
      return await this.#work.run(options.signal, (signal) =>
        this.#loop.run(signal, {
          discover: () => this.#rediscover({ ...options, signal }),
          serve: (agents, isWhole) => this.#serveAndReport(agents, { ...options, signal, isWhole }),
        }));
    } finally {
      if (this.#work.count === 0) this.#feed.end();
    }
  }

  /**
   * Tells what happens from now on, in order, until the run ends or the keeper is disposed of; see
   * {@linkcode KeeperEvent}. A slow listener misses events, and is told how many.
   *
   * @throws {RangeError} if the capacity is no whole number from 1.
   */
  events(options: EventOptions = {}): Events<KeeperEvent> {
    return this.#feed.listen(options);
  }

  /** Ends all that is under way as an abort of its signal does, and all events. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work.end();
    this.#feed.close();
  }

  async #rediscover({ signal, onReport }: RunOptions): Promise<void> {
    const error = await this.#list.refresh({ signal });
    if (error !== null && this.#schedule.size === 0) {
      this.#feed.noteProblem(error);
      await onReport?.(this.#reportProblem(error));
    }
    await this.noticeDecisions();
  }

  async #serveAndReport(
    agents: readonly ScheduledAgent[],
    options: RunOptions & { readonly isWhole: boolean },
  ): Promise<void> {
    const { signal, onReport } = options;
    try {
      const report = await this.#serve(agents, options);
      const hasNews = options.isWhole || report.agents.length > 0 || report.problems.length > 0;
      if (hasNews) await onReport?.(report);
    } catch (error) {
      if (signal.aborted || !(error instanceof FluxVaultError)) throw error;
      await onReport?.(this.#reportProblem(error));
    }
  }

  /** Serves agents, reports on them, and tells who listens. */
  #serve(agents: readonly ScheduledAgent[], options: ServeOptions): Promise<PassReport> {
    const begun = { pass: ++this.#passes, isWhole: options.isWhole, agents: agents.length };
    return this.#feed.watchPass(begun, () => this.#serveAgents(agents, { ...options, ...begun }));
  }

  async #serveAgents(
    agents: readonly ScheduledAgent[],
    options: ServeOptions & { readonly pass: number },
  ): Promise<PassReport> {
    const { pass, isWhole, relayOnly } = options;
    const { fleet } = this.#options;
    const startedMs = this.#now();
    const beganMs = performance.now();
    const elsewhere = isWhole ? this.#schedule.busy() : [];
    for (const agent of agents) this.#schedule.begin(agent);
    // One that is served may be in another pass before this one ends.
    const open = new Set(agents);
    const problems = this.#list.problem === null ? [] : [this.#list.problem];
    let reports: readonly AgentReport[];
    try {
      await this.#known.reload();
      const problem = this.#wires.hasOriginal ? await this.#deliveries.tryLoad() : null;
      if (problem !== null) problems.push(problem);
      reports = await this.#service.serve(agents, {
        isChosen: this.#chooses(null),
        ...options,
        onBegin: (agent) => {
          this.#schedule.begin(agent);
          open.add(agent);
        },
        onEnd: (agent) => {
          open.delete(agent);
          void this.#hurryIfBehind(agent);
        },
        onProblem: (problem) => problems.push(problem),
      });
    } finally {
      for (const agent of open) {
        this.#schedule.cancel(agent);
        this.#known.endContact(agent.name);
      }
    }
    try {
      await this.#known.settle({ fleetSinceMs: isWhole ? startedMs : null });
      if (this.#deliveries.isLoaded) await this.#deliveries.save();
    } catch (error) {
      if (!(error instanceof FluxVaultError)) throw error;
      problems.push({ code: error.code, message: error.message });
    }
    const { task = PLAIN_TASK } = this.#options;
    const meant = reports.filter((report) => {
      return !isLeftAlone(report, task) && relayOnly?.has(report.address) !== true;
    });
    return {
      pass,
      app: fleet.app,
      isWhole,
      elsewhere,
      startedMs,
      durationMs: Math.round(performance.now() - beganMs),
      agents: meant.sort((a, b) => a.address < b.address ? -1 : 1),
      problems,
    };
  }

  /** What was noticed while an agent was served is brought to it as soon as that is over. */
  async #hurryIfBehind(agent: ScheduledAgent): Promise<void> {
    const isBehind = await this.#current.isBehind(agent).catch(() => false);
    if (!isBehind) return;
    this.#schedule.hurry(agent, this.#now());
    this.#loop.wake();
  }

  #reportProblem(error: FluxVaultError): PassReport {
    const { fleet: { app } } = this.#options;
    return reportProblem(error, { pass: ++this.#passes, app, startedMs: this.#now() });
  }
}
