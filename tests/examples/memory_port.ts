/**
 * A port in memory: what is dialled on one side is accepted on the other.
 *
 * @module
 */
import { type Dial, duplexPair, type IncomingConnection } from "@fluxvault/fluxvault";

/** A place where one agent listens; iterate over it once for the connections that come. */
export class MemoryPort implements AsyncIterable<IncomingConnection> {
  readonly #from: string;
  readonly #waiting: IncomingConnection[] = [];
  #isClosed = false;
  #wake = () => {};

  /** Listens for whoever dials from an address. */
  constructor(from: string) {
    this.#from = from;
  }

  /** Connects to whoever listens here. */
  readonly dial: Dial = () => {
    const [agentEnd, keeperEnd] = duplexPair();
    const remoteAddress = { hostname: this.#from, port: 50_000 };
    this.#waiting.push({ duplex: agentEnd, remoteAddress, close() {} });
    this.#wake();
    return Promise.resolve({ duplex: keeperEnd, close() {} });
  };

  /** Takes no further connection. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Gives the connections as they come. */
  async *[Symbol.asyncIterator](): AsyncGenerator<IncomingConnection, void, undefined> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
