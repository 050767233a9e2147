/**
 * The agent: takes connections, lets keepers in, and receives what they deliver.
 *
 * @module
 */
import {
  type Action,
  type ActionOptions,
  type ActionRegister,
  type ActionRegistration,
  type AgentIdentity,
  type Bytes,
  ConnectionError,
  defineAction,
  type Duplex,
  type EventOptions,
  type Events,
  type Logger,
  type NodeEvidence,
  openActionRegister,
  OpenWork,
  type OriginalGreeting,
  OriginalPeerError,
  PeerRejectedError,
  randomBytes,
  RsaKeyStock,
  SILENT_LOGGER,
  type StatementVerifier,
} from "../protocol/mod.ts";
import { type AgentEvent, AgentFeed } from "./agent_events.ts";
import { type Conversation, DeliveryDesk, type DeliveryOptions } from "./delivery/delivery.ts";
import { Door, type Visit } from "./door/door.ts";
import type { IncomingConnection } from "./incoming_connection.ts";
import { hostKey, isOwnGateway, normaliseAddress } from "./door/ip_address.ts";
import { generateSharedKeys, loadOriginal } from "./lazy_original_wire.ts";
import { STOP_GRACE_MS } from "./limits.ts";
import { nextUnlessWoken } from "./next_connection.ts";
import type { PeerPolicy } from "./door/peer_policy.ts";
import { type AgentSessionReport, logReport } from "./delivery/session_report.ts";
import { ORIGINAL_WIRE_HINT, PLACE_LOST, SetupFailures } from "./door/setup_failures.ts";
import { ThrottledLog } from "./door/throttled_log.ts";
import { UnwrapQueue } from "./door/unwrap_queue.ts";
import type { ServiceEvent } from "./services/service_status.ts";
import { leaseWatched } from "./door/watched_lease.ts";

/** What an agent is made of. */
export interface AgentOptions extends DeliveryOptions {
  /** Who the agent is. */
  readonly identity: AgentIdentity;
  /** Which addresses may connect; `null` for any, where every keeper has to sign. */
  readonly policy: Pick<PeerPolicy, "allows"> | null;
  /**
   * Whether all peers come from one address, as they do behind a primary: what one of them does is not
   * held against it then. @default {false}
   */
  readonly sharesAddress?: boolean;
  /** Checks what every keeper has to sign of itself; `null` where none need. @default {null} */
  readonly verifyStatement?: StatementVerifier | null;
  /** The enrolment secret; 32 bytes. @default {null} */
  readonly enrolmentSecret?: Bytes | null;
  /** Returns the Flux node that the agent runs on as far as it knows, for the keeper to show. */
  readonly node?: () => NodeEvidence | null;
  /**
   * Which of these may speak the wire of the original FluxVault, which proves nothing but an address
   * and hides nothing from whoever is on the path. `null` for none. @default {null}
   */
  readonly originalPolicy?: Pick<PeerPolicy, "allows"> | null;
  /** Where RSA keys come from; by default a stock of its own, which ends with the agent. */
  readonly keys?: RsaKeyStock;
  /** The same for those of `originalPolicy`; made by `generateSharedRsaKeyPair`. */
  readonly originalKeys?: RsaKeyStock;
  /**
   * Puts TLS between a connection and its session, where that is asked of keepers at the time; rejects
   * where a keeper is refused by it. @default {passes on what came}
   */
  readonly secure?: (duplex: Duplex, options: { readonly signal: AbortSignal }) => Promise<Duplex>;
  /** The app that the agent belongs to. @default {null} */
  readonly app?: string | null;
  /** The component that the agent is. @default {null} */
  readonly component?: string | null;
  /** Name and version, for the keeper's log. @default {"fluxvault-agent"} */
  readonly software?: string;
  /** Further words for what keepers may do here, such as `relay`; `calls` is said in any case. @default {[]} */
  readonly wants?: readonly string[];
  /** Is told what happens. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Is given a report of each session; must not throw. */
  readonly onReport?: (report: AgentSessionReport) => void;
  /** How long sessions may go on once asked to stop, in milliseconds. @default {8_000} */
  readonly stopGraceMs?: number;
  /** When the keeper's opening line is due, in milliseconds. @default {10_000} */
  readonly openingTimeoutMs?: number;
}

/** How the connections of one call of {@linkcode Agent.serve} are ended from outside. */
interface Life {
  readonly keys: RsaKeyStock;
  /** For those who may speak the original's wire: its keys are made in another way. */
  readonly originalKeys: RsaKeyStock | null;
  /** Is aborted when the agent is asked to stop. */
  readonly stop: AbortSignal;
  /** Is aborted when the grace time is over. */
  readonly cut: AbortSignal;
}

interface Setup {
  readonly visit: Visit;
  readonly control: AbortController;
  readonly keys: RsaKeyStock;
  readonly mayBeOriginal: boolean;
}

/**
 * Serves connections, many at once, none at the cost of another.
 *
 * @example
 * ```ts
 * import { Agent, parsePeerRule, PeerPolicy } from "@fluxvault/fluxvault/agent";
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   importIdentity,
 *   MemorySecretStore,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const agent = new Agent({
 *   identity: await importIdentity(await generateIdentitySeed()),
 *   store: new MemorySecretStore(),
 *   policy: new PeerPolicy([parsePeerRule("192.0.2.7")]),
 * });
 * const [duplex] = duplexPair();
 * const remoteAddress = { hostname: "192.0.2.8", port: 50_000 };
 * let isClosed = false;
 * // `listen()` gives connections; here is one from an address that is not let in.
 * await agent.serve((async function* () {
 *   yield { duplex, remoteAddress, close: () => void (isClosed = true) };
 * })());
 * console.assert(isClosed);
 * ```
 */
export class Agent implements AsyncDisposable {
  readonly #options: AgentOptions;
  readonly #logger: Logger;
  readonly #door = new Door();
  readonly #desk: DeliveryDesk;
  readonly #instance: Bytes = randomBytes(16);
  readonly #refusals: ThrottledLog;
  readonly #failures: SetupFailures;
  readonly #unwraps = new UnwrapQueue();
  readonly #actions: ActionRegister;
  readonly #feed = new AgentFeed();
  readonly #work = new OpenWork("the agent");

  /**
   * Does nothing yet; {@linkcode Agent.serve} does.
   *
   * @throws {TypeError} if anybody could put files here: any address may connect, and none need sign.
   */
  constructor(options: AgentOptions) {
    if (options.policy === null && !options.verifyStatement) {
      throw new TypeError("an agent needs a policy, or a verifier of statements");
    }
    this.#options = options;
    const { logger = SILENT_LOGGER, calls = {} } = options;
    this.#logger = logger;
    this.#actions = openActionRegister(calls);
    const offered = { ...calls, actions: [], source: this.#feed.watch(this.#actions) };
    this.#desk = new DeliveryDesk({ ...options, calls: offered });
    this.#refusals = new ThrottledLog((address, { count }) => {
      logger.warn("turned away an address that is not allowed", { address, count });
    });
    this.#failures = new SetupFailures(logger);
  }

  /**
   * Serves connections until there are no more, or the signal is aborted.
   *
   * On abort no further connection is taken, handshakes end at once, and deliveries under way get the
   * grace time. Resolves when the last session has ended; a failure of one session is in its report.
   *
   * @throws What the source of connections throws.
   */
  async serve(
    connections: AsyncIterable<IncomingConnection>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    try {
      await this.#work.run(options.signal, (signal) => this.#serveAll(connections, signal));
    } finally {
      if (this.#work.count === 0) this.#feed.end();
    }
  }

  /**
   * Lets keepers that were let in have something done from now on, in sessions that are open as well; until
   * what is returned is disposed of.
   *
   * @throws {TypeError} if the name is none, or there is an action with it already.
   */
  action<SentInput = undefined, Input = SentInput, SentOutput = unknown, Output = SentOutput>(
    name: string,
    options: ActionOptions<SentInput, Input, SentOutput, Output>,
  ): ActionRegistration;
  /** The same for an action that was made already. */
  action(action: Action): ActionRegistration;
  action(
    action: string | Action,
    options?: ActionOptions<unknown, unknown, unknown, unknown>,
  ): ActionRegistration {
    if (typeof action !== "string") return this.#actions.add(action);
    if (options === undefined) throw new TypeError("an action needs something that runs");
    return this.#actions.add(defineAction(action, options));
  }

  /**
   * Does something to the files while nothing is delivered.
   *
   * @throws {PeerRejectedError} `busy` where a delivery takes longer than one waits for another.
   */
  doInTurn<T>(work: () => Promise<T>, options: { readonly signal: AbortSignal }): Promise<T> {
    return this.#desk.doInTurn(work, options);
  }

  /** Tells those who listen that files were removed whose lease was over; for whoever removes them. */
  noteExpired(paths: readonly string[]): void {
    this.#feed.noteExpired(paths);
  }

  /** The same of what happened to a service; for whoever runs services. */
  readonly noteService = (event: ServiceEvent): void => this.#feed.noteService(event);

  /**
   * Tells what happens from now on, in order, until nothing is served any more; see
   * {@linkcode AgentEvent}. A slow listener misses events, and is told how many.
   *
   * @throws {RangeError} if the capacity is no whole number from 1.
   */
  events(options: EventOptions = {}): Events<AgentEvent> {
    return this.#feed.listen(options);
  }

  /** Ends what is served as an abort of its signal does, and all events; resolves when it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work.end();
    this.#feed.close();
  }

  async #serveAll(
    connections: AsyncIterable<IncomingConnection>,
    signal: AbortSignal,
  ): Promise<void> {
    const keys = this.#options.keys ?? new RsaKeyStock();
    const originalKeys = this.#options.originalPolicy
      ? this.#options.originalKeys ?? new RsaKeyStock({ generate: generateSharedKeys })
      : null;
    const [stop, cut] = [new AbortController(), new AbortController()];
    const life: Life = { keys, originalKeys, stop: stop.signal, cut: cut.signal };
    const underWay = new Set<Promise<void>>();
    const iterator = connections[Symbol.asyncIterator]();
    let wake = () => {};
    const onAbort = () => {
      stop.abort(new PeerRejectedError("shutting-down", "the agent stops", { by: "us" }));
      this.#logger.info("the agent is stopping", { connections: underWay.size });
      wake();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    // If no key can be made, the first connection asks again and reports it.
    if (!stop.signal.aborted) {
      keys.restock().catch(() => {});
      originalKeys?.restock().catch(() => {});
    }
    try {
      for (;;) {
        const next = stop.signal.aborted
          ? null
          : await nextUnlessWoken(iterator, (resolve) => wake = resolve);
        if (next === null) break;
        const visit = this.#serveOne(next, life)
          .catch((error) => this.#logger.error("a connection failed unexpectedly", { error }))
          .finally(() => underWay.delete(visit));
        underWay.add(visit);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      // A source that waits inside next() may answer only when that has ended: not waited for.
      iterator.return?.().catch(() => {});
      await this.#finish(underWay, cut);
      if (this.#options.keys === undefined) keys[Symbol.dispose]();
      if (this.#options.originalKeys === undefined) originalKeys?.[Symbol.dispose]();
    }
  }

  async #finish(underWay: ReadonlySet<Promise<void>>, cut: AbortController): Promise<void> {
    const timer = setTimeout(() => {
      cut.abort(new ConnectionError("timed-out", "the agent stops and has waited long enough"));
    }, this.#options.stopGraceMs ?? STOP_GRACE_MS);
    await Promise.all(underWay);
    clearTimeout(timer);
    this.#refusals.flush();
    this.#failures.flush();
  }

  async #serveOne(connection: IncomingConnection, life: Life): Promise<void> {
    const address = normaliseAddress(connection.remoteAddress.hostname);
    const verdict = this.#options.policy?.allows(address) ?? true;
    if (verdict === false) return this.#turnAway(connection, address);
    const startedMs = performance.now();
    const control = new AbortController();
    const visit = this.#door.enter({
      address,
      isShared: this.#options.sharesAddress === true ||
        isOwnGateway(address, connection.localAddress?.hostname ?? ""),
      drop: () => control.abort(PLACE_LOST),
    });
    const onStop = () => control.abort(life.stop.reason);
    const onCut = () => control.abort(life.cut.reason);
    life.stop.addEventListener("abort", onStop, { once: true });
    life.cut.addEventListener("abort", onCut, { once: true });
    try {
      if (!await verdict) return this.#turnAway(connection, address);
      if (life.stop.aborted) return;
      const mayBeOriginal = await this.#options.originalPolicy?.allows(address) ?? false;
      const keys = mayBeOriginal ? life.originalKeys ?? life.keys : life.keys;
      const setup = { visit, control, keys, mayBeOriginal };
      const conversation = await this.#shakeHands(connection, setup);
      if (conversation === null) return;
      const session = this.#feed.noteStarted(conversation, address);
      // From here on the connection has the grace time.
      life.stop.removeEventListener("abort", onStop);
      const outcome = await this.#desk.receive(conversation, { control, stop: life.stop });
      const durationMs = performance.now() - startedMs;
      this.#tell(session, { remoteAddress: address, ...outcome, durationMs });
    } finally {
      visit.leave();
      life.stop.removeEventListener("abort", onStop);
      life.cut.removeEventListener("abort", onCut);
      connection.close();
    }
  }

  #turnAway(connection: IncomingConnection, address: string): void {
    connection.close();
    this.#refusals.note(address);
    this.#feed.noteRefused(address);
  }

  /** Runs the handshake; `null` where it comes to nothing, which is nobody's business but the log's. */
  async #shakeHands(connection: IncomingConnection, setup: Setup): Promise<Conversation | null> {
    const { identity, app = null, component = null, openingTimeoutMs, node } = this.#options;
    const { verifyStatement = null, enrolmentSecret = null, wants = [] } = this.#options;
    const { visit, control, keys, mayBeOriginal } = setup;
    try {
      const { openAsAgent } = await import("./wire.ts");
      const duplex = await this.#options.secure?.(connection.duplex, { signal: control.signal });
      const opened = await openAsAgent(duplex ?? connection.duplex, {
        keys: {
          lease: () =>
            leaseWatched(keys, { visit, signal: control.signal, unwraps: this.#unwraps }),
        },
        identity,
        instance: this.#instance,
        app,
        component,
        enrolmentSecret,
        verifyStatement,
        node: node?.() ?? null,
        software: this.#options.software ?? "fluxvault-agent",
        wants: ["calls", ...wants],
        signal: control.signal,
        ...(openingTimeoutMs === undefined ? {} : { openingTimeoutMs }),
        onOriginal: (greeting: OriginalGreeting) => {
          if (mayBeOriginal) return greeting;
          throw new OriginalPeerError(ORIGINAL_WIRE_HINT);
        },
      });
      const conversation: Conversation = "line" in opened
        ? { wire: "original", session: await (await loadOriginal()).acceptOriginal(opened) }
        : { wire: 2, session: opened };
      visit.admit();
      return conversation;
    } catch (error) {
      const end = this.#failures.note(hostKey(connection.remoteAddress.hostname), error);
      const address = normaliseAddress(connection.remoteAddress.hostname);
      if (!control.signal.aborted || error === PLACE_LOST) this.#feed.noteRefused(address, error);
      // Who meets an agent that stops has done nothing wrong; who lost its place was blamed then.
      if (control.signal.aborted) return null;
      if (end === "failed") visit.fail();
      else if (end === "declined") visit.decline();
      return null;
    }
  }

  #tell(session: number, report: AgentSessionReport): void {
    logReport(report, this.#logger);
    this.#feed.noteEnded(session, report);
    this.#options.onReport?.(report);
  }
}
