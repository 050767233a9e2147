/** A TCP server whose every connection a test plays. */

/** How often it is looked whether somebody listens. */
const LOOK_INTERVAL_MS = 20;

/** Plays one connection; it is closed when this resolves, and on rejection. */
export type ConnectionPlay = (connection: Deno.TcpConn, index: number) => Promise<void>;

/** Listens on this machine; `await using` closes it with all its connections. */
export class TcpPeer implements AsyncDisposable {
  /** The address that it listens on. */
  readonly host: string;
  /** The port that it listens on. */
  readonly port: number;
  /** How many connections came so far. */
  count = 0;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #done: Promise<void>;
  #arrival = Promise.withResolvers<void>();

  private constructor(listener: Deno.TcpListener, play: ConnectionPlay) {
    this.#listener = listener;
    this.host = listener.addr.hostname;
    this.port = listener.addr.port;
    this.#done = this.#accept(play);
  }

  /** Starts to listen, on a free port of 127.0.0.1 unless told otherwise. */
  static listen(
    play: ConnectionPlay,
    address: { readonly hostname?: string; readonly port?: number } = {},
  ): TcpPeer {
    return new TcpPeer(Deno.listen({ hostname: "127.0.0.1", port: 0, ...address }), play);
  }

  /** Listens and says nothing, ever. */
  static silent(address: { readonly hostname?: string; readonly port?: number } = {}): TcpPeer {
    return TcpPeer.listen(async (connection) => {
      await readToEnd(connection);
    }, address);
  }

  /** The address as a keeper is told: `host:port`. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Waits until so many connections came. */
  async waitForConnections(count: number): Promise<void> {
    while (this.count < count) await this.#arrival.promise;
  }

  /** Closes all; what is played on sees its connection fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    for (const connection of this.#open) close(connection);
    await this.#done;
  }

  async #accept(play: ConnectionPlay): Promise<void> {
    const plays = new Set<Promise<void>>();
    try {
      for await (const connection of this.#listener) {
        this.#open.add(connection);
        const played = play(connection, this.count++)
          .catch(() => {})
          .finally(() => {
            close(connection);
            this.#open.delete(connection);
            plays.delete(played);
          });
        plays.add(played);
        this.#arrival.resolve();
        this.#arrival = Promise.withResolvers();
      }
    } catch {
      // The listener was closed while it waited.
    }
    await Promise.all(plays);
  }
}

/** Waits until somebody listens at a port of this machine. */
export async function untilListening(port: number): Promise<void> {
  for (;;) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

/** Closes a connection or listener, also one that is closed already. */
export function close(connection: Pick<Deno.TcpConn, "close">): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}

/** Reads until the other side ends or breaks the connection; returns all bytes. */
export async function readToEnd(connection: Deno.TcpConn): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const buffer = new Uint8Array(65_536);
  try {
    for (let length; (length = await connection.read(buffer)) !== null;) {
      pieces.push(buffer.slice(0, length));
    }
  } catch {
    // It was broken off: what came is what counts.
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Writes all bytes. */
export async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await connection.write(bytes.subarray(offset));
  }
}
