/** An agent that is reached in memory: a test opens connections to it as a network would. */
import { Agent, type AgentOptions } from "../../agent/agent.ts";
import type { IncomingConnection } from "../../agent/incoming_connection.ts";
import type { AgentSessionReport } from "../../agent/delivery/session_report.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { handshakeAsKeeper } from "../../protocol/handshake.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { RsaKeyPair } from "../../protocol/rsa_key.ts";
import { RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import type { Session } from "../../protocol/session.ts";
import { MemoryLogger } from "./memory_logger.ts";
import { fixedSharedRsaKeyPair } from "./original_pair.ts";
import { fixedIdentity, fixedRsaKeyPair, keeperOptions } from "./session_pair.ts";

/** The address that the agent's policy allows. */
export const ALLOWED_ADDRESS = "192.0.2.7";

/** A connection as the one who opened it sees it. */
export interface Call extends Duplex {
  /** Whether the agent closed it. */
  readonly isClosed: boolean;
  /** Settles when the agent closes it. */
  readonly closed: Promise<void>;
}

function stockOf(pair: RsaKeyPair): RsaKeyStock {
  return new RsaKeyStock({ generate: () => Promise.resolve(pair) });
}

/** An agent that runs until the scope ends. */
export class AgentPort implements AsyncDisposable {
  /** What the agent logged. */
  readonly logger: MemoryLogger;
  /** The reports of sessions that have ended. */
  readonly reports: AgentSessionReport[] = [];
  /** Stops the agent. */
  readonly stop = new AbortController();
  /** The agent. */
  readonly agent: Agent;
  /** Settles when the agent has stopped. */
  readonly served: Promise<void>;
  readonly #stocks: readonly RsaKeyStock[];
  readonly #queue: IncomingConnection[] = [];
  #wake = () => {};
  #onReport = () => {};

  private constructor(
    make: (onReport: AgentOptions["onReport"]) => Agent,
    parts: { readonly stocks: readonly RsaKeyStock[]; readonly logger: MemoryLogger },
  ) {
    this.#stocks = parts.stocks;
    this.logger = parts.logger;
    const agent = make((report) => {
      this.reports.push(report);
      this.#onReport();
    });
    this.agent = agent;
    this.served = agent.serve(this.#connections(), { signal: this.stop.signal });
  }

  /** Starts an agent. */
  static async open(options: Partial<AgentOptions> = {}): Promise<AgentPort> {
    // Keys that are there already: none is on its way when a test ends.
    const keys = stockOf(await fixedRsaKeyPair());
    const originalKeys = stockOf(await fixedSharedRsaKeyPair());
    const identity = await fixedIdentity();
    const logger = new MemoryLogger();
    return new AgentPort((onReport) =>
      new Agent({
        identity,
        keys,
        originalKeys,
        logger,
        store: new MemorySecretStore(),
        policy: { allows: (address) => address === ALLOWED_ADDRESS },
        stopGraceMs: 100,
        ...options,
        ...(onReport === undefined ? {} : { onReport }),
      }), { stocks: [keys, originalKeys], logger });
  }

  /** Opens a connection from an address. */
  call(address: string = ALLOWED_ADDRESS): Call {
    const [agentEnd, callerEnd] = duplexPair();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const call = { ...callerEnd, isClosed: false, closed };
    this.#queue.push({
      duplex: agentEnd,
      remoteAddress: { hostname: address, port: 50_000 },
      close: () => {
        call.isClosed = true;
        resolve();
      },
    });
    this.#wake();
    return call;
  }

  /** Opens a connection and a session on it. */
  openSession(address?: string): Promise<Session> {
    return handshakeAsKeeper(this.call(address), keeperOptions());
  }

  /** Waits for the report of the next session that ends, or of one that has ended before. */
  async report(index: number): Promise<AgentSessionReport> {
    for (;;) {
      const report = this.reports[index];
      if (report !== undefined) return report;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onReport = resolve;
      await promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.served;
    for (const stock of this.#stocks) stock[Symbol.dispose]();
  }

  async *#connections(): AsyncGenerator<IncomingConnection, void, undefined> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
