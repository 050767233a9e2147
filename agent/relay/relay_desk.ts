/**
 * What keepers may call on a primary: to learn which sub-agents there are, and to reach one of them
 * (registrar/README.md).
 *
 * @module
 */
import {
  type Action,
  CallError,
  type Duplex,
  FluxVaultError,
  isAppName,
  type Logger,
} from "../../protocol/mod.ts";
import { MAX_RELAYS, MAX_RELAYS_PER_COMPONENT, RELAY_IDLE_TIMEOUT_MS } from "../limits.ts";
import type { SubAgent, SubAgents } from "../registrar/mod.ts";
import { relayBytes, type RelayedBytes, type RelayedStream } from "./byte_relay.ts";

/** What READY says of an agent that relays. */
export const RELAY_WANT = "relay";

/** A connection to a sub-agent. */
export interface SubAgentConnection {
  /** The two directions. */
  readonly duplex: Duplex;
  /** Ends it at once; further calls do nothing. */
  close(reason?: unknown): void;
}

/** Connects to a sub-agent, in time; rejects where that fails. */
export type DialSubAgent = (
  place: Pick<SubAgent, "address" | "port">,
  options: { readonly signal: AbortSignal },
) => Promise<SubAgentConnection>;

/** The options of {@linkcode RelayDesk}. */
export interface RelayDeskOptions {
  /** Who is registered. */
  readonly agents: Pick<SubAgents, "find" | "list">;
  /** Connects to one of them. */
  readonly dial: DialSubAgent;
  /** Is told what was relayed. */
  readonly logger: Logger;
  /** How many streams may be open. @default {64} */
  readonly maxRelays?: number;
  /** How many of them may lead to one component. @default {4} */
  readonly maxPerComponent?: number;
  /** How long nothing may come from either side of one, in milliseconds. @default {120_000} */
  readonly idleMs?: number;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Which sub-agent is meant. */
interface RelayInput {
  readonly component: string;
}

/** What the keeper brings. */
interface RelayCall extends Pick<RelayedStream, "stream"> {
  readonly openOutput: () => Promise<RelayedStream["output"]>;
  readonly signal: AbortSignal;
}

/** How many streams there are and were. */
export interface RelayCounts {
  /** How many are open. */
  readonly open: number;
  /** How many came to their end in order. */
  readonly ended: number;
  /** How many did not, or were never opened. */
  readonly failed: number;
}

/** Relays streams of keepers to sub-agents. */
export class RelayDesk {
  /** What a keeper may call. */
  readonly actions: readonly Action[];
  readonly #options: RelayDeskOptions;
  /** How many lead to each component. */
  readonly #open = new Map<string, number>();
  #ended = 0;
  #failed = 0;

  /** Relays nothing yet. */
  constructor(options: RelayDeskOptions) {
    this.#options = options;
    const relay: Action<RelayInput> = {
      name: "relay",
      parseInput: parseRelayInput,
      run: async (context, { component }) => {
        const { stream, signal } = context;
        if (stream === null || context.isOneWay) {
          throw new CallError("input-malformed", "a relay needs a stream of bytes, and an answer");
        }
        const openOutput = () => context.openOutput();
        await this.#relay(component, { stream, openOutput, signal });
        return undefined;
      },
    };
    this.actions = [relay as Action, {
      name: "relay-list",
      run: () => Promise.resolve({ Agents: this.#list() }),
    }];
  }

  /** How many streams there are and were. */
  get counts(): RelayCounts {
    const open = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    return { open, ended: this.#ended, failed: this.#failed };
  }

  #list(): readonly Readonly<Record<string, unknown>>[] {
    const { agents, now = Date.now } = this.#options;
    const secondsAgo = (ms: number) => Math.floor((now() - ms) / 1_000);
    return agents.list().map(({ component, fingerprint, tls, ageMs, silentMs }) => ({
      Component: component,
      Fingerprint: fingerprint,
      Tls: tls,
      Since: secondsAgo(ageMs),
      Seen: secondsAgo(silentMs),
    }));
  }

  async #relay(
    component: string,
    parts: RelayCall,
  ): Promise<void> {
    const { agents, logger } = this.#options;
    const agent = agents.find(component);
    if (agent === null) {
      this.#failed++;
      throw new CallError("component-unknown", `${component} is not registered`);
    }
    const leave = this.#enter(component);
    try {
      const carried = await this.#carry(agent, parts);
      this.#ended++;
      logger.debug("a keeper has talked to a sub-agent", { component, ...carried });
    } catch (error) {
      this.#failed++;
      const code = error instanceof FluxVaultError ? error.code : "failed";
      logger.info("a keeper could not talk to a sub-agent to the end", { component, code });
      throw error;
    } finally {
      leave();
    }
  }

  async #carry(
    agent: SubAgent,
    { stream, openOutput, signal }: RelayCall,
  ): Promise<RelayedBytes> {
    const { dial, idleMs = RELAY_IDLE_TIMEOUT_MS } = this.#options;
    const connection = await dial(agent, { signal }).catch((cause) => {
      if (signal.aborted) throw signal.reason;
      const message = `${agent.component} cannot be connected to`;
      throw new CallError("component-unreachable", message, { cause });
    });
    const close = (reason: unknown) => connection.close(reason);
    try {
      const output = await openOutput();
      const relayed = { stream, output };
      return await relayBytes(relayed, connection.duplex, { signal, idleMs, close });
    } finally {
      connection.close();
    }
  }

  /** Takes a place; what is returned gives it back. */
  #enter(component: string): () => void {
    const { maxRelays = MAX_RELAYS, maxPerComponent = MAX_RELAYS_PER_COMPONENT } = this.#options;
    const key = component.toLowerCase();
    const count = this.#open.get(key) ?? 0;
    if (count >= maxPerComponent || this.counts.open >= maxRelays) {
      this.#failed++;
      throw new CallError("relay-busy", `there are enough streams to ${component}`);
    }
    this.#open.set(key, count + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    };
  }
}

function parseRelayInput(input: unknown): RelayInput {
  if (typeof input !== "object" || input === null) throw new TypeError("there is no input");
  const component = (input as Record<string, unknown>)["Component"];
  if (typeof component === "string" && isAppName(component)) return { component };
  throw new TypeError("no component is named");
}
