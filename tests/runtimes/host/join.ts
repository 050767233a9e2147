/**
 * Connections of this machine, joined end to end.
 *
 * @module
 */
import { dialTcp, type TcpConnection, tcpConnection } from "../../../protocol/host/mod.ts";
import type { Duplex } from "../../../protocol/mod.ts";

/** Passes one direction on until it ends, its end or failure included; never rejects. */
export async function pass(
  from: ReadableStream<Uint8Array>,
  to: WritableStream<Uint8Array>,
): Promise<void> {
  // What breaks one side is passed on to the other; that is all there is to say of it.
  await from.pipeTo(to).catch(() => {});
}

/** Passes everything on, both ways, until both directions have ended; never rejects. */
export async function join(left: Duplex, right: Duplex): Promise<void> {
  await Promise.all([
    pass(left.readable, right.writable),
    pass(right.readable, left.writable),
  ]);
}

/** Connects to a port of 127.0.0.1. */
export async function dialPort(port: number): Promise<TcpConnection> {
  return await dialTcp({ host: "127.0.0.1", port });
}

/** A port of 127.0.0.1 that takes connections one by one; `using` closes it. */
export class Port implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  /** Its number. */
  get number(): number {
    return this.#listener.addr.port;
  }

  /** Takes the next connection; `null` once the port is closed. */
  async accept(): Promise<TcpConnection | null> {
    try {
      return tcpConnection(await this.#listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return null;
      }
      throw error;
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#listener.close();
  }
}
