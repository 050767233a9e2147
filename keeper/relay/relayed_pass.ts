/**
 * Who is served behind the primaries of one pass, and over which session.
 *
 * @module
 */
import {
  type CallDesk,
  CallError,
  FluxVaultError,
  type Logger,
  PeerRejectedError,
} from "../../protocol/mod.ts";
import type { AgentConnection, Dial, SecureConnection } from "../contact/contact.ts";
import type { RelayHost, RelayingAgent } from "./relay_host.ts";
import { primaryOf } from "../fleet/agent_address.ts";
import type { ListedBehind, Schedule, ScheduledAgent } from "../fleet/schedule.ts";
import { RELAY_HOLD_MS } from "../limits.ts";
import type { AgentOutcome, PassProblem } from "../report/report.ts";
import { RelayLink, type RelayUse } from "./relay_link.ts";
import type { RelayLinks } from "./relay_links.ts";

/** What a {@linkcode RelayedPass} works with. */
export interface RelayedPassParts {
  /** Takes the lists of primaries. */
  readonly schedule: Schedule;
  /** The sessions that only call. */
  readonly links: RelayLinks;
  /** Whether agents are served that are not due. */
  readonly isWhole: boolean;
  /** Tells whether an agent behind a primary is meant. */
  readonly isChosen: (agent: ScheduledAgent) => boolean;
  /** Begins with an agent that the pass did not know of before. */
  readonly begin: (agent: ScheduledAgent) => void;
  /** Serves an agent that was begun with. */
  readonly start: (agent: ScheduledAgent) => void;
  /** Does something before the pass ends. */
  readonly run: (work: () => Promise<void>) => void;
  /** Ends what is done so. */
  readonly signal: AbortSignal;
  /** Ends with an agent that its primary lists no more. */
  readonly leave: (agent: ScheduledAgent) => void;
  /** Makes connections ones under TLS, or `null` where that is not done. */
  readonly secure: SecureConnection | null;
  /** The app whose agents are served, or `null`. */
  readonly app: string | null;
  /** Is told what is wrong with a list. */
  readonly onProblem: (problem: PassProblem) => void;
  /** Takes notes. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
}

/** A primary in a pass. */
interface Primary {
  /** Who is to be served behind it, and was not begun with over its session. */
  readonly expected: Set<ScheduledAgent>;
  /** Whether it has said whom it relays to. */
  isListed: boolean;
  /** Why it did not say. */
  failure: FluxVaultError | null;
  /** Whether its session ended before it could say. */
  isCut: boolean;
}

/** How an agent behind a primary is reached in a pass. */
export interface RelayedContact {
  /** Connects to it. */
  readonly dial: Dial;
  /** Whether the session over which it was reached has ended, and not for its sake. */
  readonly isCut: boolean;
  /** Needs it no more. */
  end(): void;
}

/** Brings agents and their primaries together for one pass. */
export class RelayedPass {
  readonly #parts: RelayedPassParts;
  readonly #primaries = new Map<string, Primary>();
  readonly #uses = new Map<ScheduledAgent, RelayUse>();
  readonly #failures = new Map<ScheduledAgent, FluxVaultError>();

  /** Serves nobody yet. */
  constructor(parts: RelayedPassParts) {
    this.#parts = parts;
  }

  /** Keeps those back whose primaries are among these agents, too; returns the others. */
  takeBehind(agents: readonly ScheduledAgent[]): ScheduledAgent[] {
    const names = new Set(agents.map(({ name }) => name));
    return agents.filter((agent) => {
      if (agent.primary === null || !names.has(agent.primary)) return true;
      this.#primaryOf(agent.primary).expected.add(agent);
      return false;
    });
  }

  /** Returns what the contact with an agent does where that relays; `null` behind a primary. */
  hostFor(agent: ScheduledAgent): RelayHost | null {
    if (agent.primary !== null) return null;
    return {
      carry: (desk, primary) => this.#carry(agent, desk, primary),
      carryNobody: () => {
        if (this.#primaryOf(agent.name).isListed) return;
        this.#takeList(agent, []);
        // It is no primary, so nobody will register with it.
        agent.calmLists = null;
      },
    };
  }

  async #carry(
    agent: ScheduledAgent,
    desk: CallDesk,
    { component, audit }: RelayingAgent,
  ): Promise<void> {
    const primary = this.#primaryOf(agent.name);
    if (primary.isListed) return;
    const link = new RelayLink(desk, { component, audit });
    try {
      const { agents, refused } = await link.list();
      if (refused > 0) this.#tellOfNonsense(agent, refused);
      for (const each of this.#takeList(agent, agents)) {
        // Who did badly last time does not hold up the end of the delivery to the primary.
        const use = each.failures > 0 ? null : link.join();
        if (use !== null) this.#uses.set(each, use);
        this.#parts.start(each);
      }
    } catch (error) {
      if (link.isBroken) primary.isCut = true;
      else this.#noteFailure(agent, error);
    }
    await link.whenUnused(RELAY_HOLD_MS);
  }

  /** Takes whom a primary lists; returns those that are to be served now, begun with. */
  #takeList(
    agent: ScheduledAgent,
    list: readonly ListedBehind[],
  ): ScheduledAgent[] {
    const { schedule, now } = this.#parts;
    this.#primaryOf(agent.name).isListed = true;
    return this.#choose(agent, schedule.setBehind(agent.address, list, now()));
  }

  /** Returns those behind a primary that are to be served now, begun with. */
  #choose({ name }: ScheduledAgent, listed: readonly ScheduledAgent[]): ScheduledAgent[] {
    const { isWhole, isChosen, begin, now } = this.#parts;
    const primary = this.#primaryOf(name);
    return listed.filter((each) => {
      if (primary.expected.delete(each)) return true;
      const isDue = isWhole || each.nextAtMs <= now();
      if (each.isRunning || !isDue || !isChosen(each)) return false;
      begin(each);
      return true;
    });
  }

  #tellOfNonsense({ name }: ScheduledAgent, refused: number): void {
    const message = `${name} lists ${refused} behind it that cannot be there, and were left out`;
    this.#parts.onProblem({ code: "relay-list-malformed", message });
    this.#parts.logger.warn("A primary lists agents that cannot be behind it.", { name, refused });
  }

  #noteFailure({ name }: ScheduledAgent, error: unknown): void {
    const code = error instanceof FluxVaultError ? error.code : "failed";
    const message = `${name} does not say whom it relays to (${code})`;
    this.#primaryOf(name).failure = new FluxVaultError("relay-failed", message);
    this.#parts.onProblem({ code: "relay-failed", message });
    this.#parts.logger.warn("A primary does not say whom it relays to.", { name, code });
  }

  /**
   * Goes on with those who were expected behind a primary whose contact is over: who is listed no more
   * leaves, and where nobody knows it is said why nobody was reached.
   *
   * @returns Whether the primary has said whom it relays to.
   */
  finish(agent: ScheduledAgent, outcome: AgentOutcome): boolean {
    const primary = this.#primaries.get(agent.name);
    if (primary === undefined) return false;
    if (primary.isCut && !primary.isListed) this.#parts.run(() => this.#serveOthers(agent));
    for (const each of primary.expected) {
      if (primary.isListed) this.#parts.leave(each);
      else {
        const failure = primary.failure ?? failureOf(agent.name, outcome);
        if (failure !== null) this.#failures.set(each, failure);
        this.#parts.start(each);
      }
    }
    primary.expected.clear();
    return primary.isListed;
  }

  /** Serves those of whom nobody heard before the session with their primary ended. */
  async #serveOthers(agent: ScheduledAgent): Promise<void> {
    const { links, schedule, signal, start } = this.#parts;
    const join = () => links.join(agent.address, { signal }).catch(() => null);
    const use = await join();
    if (use === null) return;
    for (const each of this.#choose(agent, schedule.behind(agent.name))) {
      const own = await join();
      if (own !== null) this.#uses.set(each, own);
      start(each);
    }
    use.leave();
  }

  /** Gives up an agent that left the list before its turn, and those who were expected behind it. */
  abandon(agent: ScheduledAgent): void {
    this.#uses.get(agent)?.leave();
    const expected = this.#primaries.get(agent.name)?.expected ?? [];
    for (const each of expected) this.#parts.leave(each);
  }

  /** Returns how an agent is reached; `null` where it is dialled itself. */
  contactWith(agent: ScheduledAgent): RelayedContact | null {
    const { address } = agent;
    const primary = primaryOf(address);
    const { component } = address;
    if (primary === null || component === undefined) return null;
    let use = this.#uses.get(agent) ?? null;
    let isOver = false;
    return {
      dial: async (_address, { signal }) => {
        const failure = this.#failures.get(agent);
        if (failure !== undefined) throw failure;
        if (use?.isUsable !== true) {
          use?.leave();
          use = await this.#parts.links.join(primary, { signal });
          if (isOver) use.leave();
        }
        const connection = await use.dial(component, { signal });
        return agent.hasTls ? await this.#secure(connection, component, signal) : connection;
      },
      get isCut() {
        return use?.isBroken ?? false;
      },
      end: () => {
        isOver = true;
        use?.leave();
      },
    };
  }

  async #secure(
    connection: AgentConnection,
    component: string,
    signal: AbortSignal,
  ): Promise<AgentConnection> {
    const { secure, app } = this.#parts;
    try {
      if (secure !== null) return await secure(connection, { app, component, signal });
      const message =
        "the agent takes sessions under TLS alone, and there are no certificates here";
      throw new FluxVaultError("tls-unknown", message);
    } catch (error) {
      connection.close(error);
      throw error;
    }
  }

  #primaryOf(name: string): Primary {
    const known = this.#primaries.get(name);
    if (known !== undefined) return known;
    const primary = {
      expected: new Set<ScheduledAgent>(),
      isListed: false,
      failure: null,
      isCut: false,
    };
    this.#primaries.set(name, primary);
    return primary;
  }
}

/**
 * Says why nobody behind a primary can be reached, by how the contact with it ended; `null` where another
 * session with it may well come about.
 */
function failureOf(name: string, outcome: AgentOutcome): FluxVaultError | null {
  if (outcome.kind === "unreachable") return unreachable(name);
  // Who is only not meant itself may be trusted.
  const isUntrusted = outcome.kind === "pending" || outcome.kind === "planned" ||
    (outcome.kind === "rejected" && outcome.by === "us" && outcome.code !== "component-mismatch");
  return isUntrusted ? untrusted(name) : null;
}

function unreachable(name: string, cause?: unknown): FluxVaultError {
  return new FluxVaultError("primary-unreachable", `${name} cannot be reached`, { cause });
}

function untrusted(name: string, cause?: unknown): FluxVaultError {
  return new FluxVaultError("primary-untrusted", `${name} is not trusted`, { cause });
}

/** Says why nobody behind a primary can be reached, by what a session that only calls failed with. */
export function explainRelayFault(
  name: string,
  { error, isConnected }: { readonly error: unknown; readonly isConnected: boolean },
): unknown {
  if (!(error instanceof FluxVaultError)) return error;
  if (error instanceof PeerRejectedError) {
    if (error.by === "us") return untrusted(name, error);
    const message = `${name} refuses this keeper (${error.code})`;
    return new FluxVaultError("primary-refuses", message, { cause: error });
  }
  if (error instanceof CallError) {
    const message = `${name} does not say whom it relays to (${error.code})`;
    return new FluxVaultError("relay-failed", message, { cause: error });
  }
  if (error.code === "relay-unknown") return error;
  if (!isConnected) return unreachable(name, error);
  const message = `the session with ${name} failed (${error.code})`;
  return new FluxVaultError("primary-failed", message, { cause: error });
}
