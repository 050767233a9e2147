/** Agents of a test behind real TCP listeners on free ports of this machine. */
import { tcpConnection } from "../../protocol/host/mod.ts";
import type { Behaviour } from "./fake_fleet.ts";

/** A listener that hands each connection to an agent. */
export class TcpAgent implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;

  private constructor(behaviour: Behaviour) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept(behaviour);
    // Whoever disposes of it is told.
    this.#accepting.catch(() => {});
  }

  /** Starts to listen. */
  static listen(behaviour: Behaviour): TcpAgent {
    return new TcpAgent(behaviour);
  }

  /** The port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Where it is, as `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async #accept(behaviour: Behaviour): Promise<void> {
    const serving: Promise<unknown>[] = [];
    try {
      for await (const conn of this.#listener) {
        const connection = tcpConnection(conn);
        serving.push(behaviour(connection.duplex).catch(() => {}).then(() => connection.close()));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await Promise.all(serving);
  }

  /** Stops listening and waits for the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }
}
