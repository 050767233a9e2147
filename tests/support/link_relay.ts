/** A relay of TCP on the way to an agent: it counts what crosses, holds it back, and cuts it off. */
import { close, TcpPeer, writeAll } from "./tcp_peer.ts";

/** How the way behaves. */
export interface LinkOptions {
  /**
   * After how many bytes to the agent a connection, which count from 0, is cut off.
   *
   * @default {never}
   */
  readonly cutAfter?: (connection: number) => number;
  /** How long each byte is under way, in milliseconds, in either direction. @default {0} */
  readonly delayMs?: number;
  /** Is told of bytes before they go on to the agent. @default nobody */
  readonly onToAgent?: (length: number) => void;
}

const BUFFER_BYTES = 65_536;
/** How much may be under way in a direction: what a fast link holds in the longest delay here. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** The relay; `await using` ends it with all connections. */
export class LinkRelay implements AsyncDisposable {
  /** How many bytes were handed on to the agent. */
  toAgent = 0;
  /** How many bytes were handed on to the keeper. */
  toKeeper = 0;
  /** How many connections were cut off. */
  cuts = 0;
  /** How many connections there are now. */
  open = 0;
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #options: LinkOptions;
  readonly #peer: TcpPeer;

  /** Listens on a free port of 127.0.0.1, and dials the target for each connection. */
  constructor(
    target: { readonly host: string; readonly port: number },
    options: LinkOptions = {},
  ) {
    this.#target = { hostname: target.host, port: target.port };
    this.#options = options;
    this.#peer = TcpPeer.listen((keeper, index) => {
      this.open++;
      return this.#relay(keeper, index).finally(() => this.open--);
    });
  }

  /** The address as a keeper is told: `host:port`. */
  get address(): string {
    return this.#peer.address;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#peer.port;
  }

  /** How many connections came so far. */
  get connections(): number {
    return this.#peer.count;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }

  async #relay(keeper: Deno.TcpConn, index: number): Promise<void> {
    const agent = await Deno.connect(this.#target);
    try {
      await this.#pair(keeper, agent, index);
    } finally {
      // Whatever has become of the other one meanwhile.
      close(agent);
    }
  }

  async #pair(keeper: Deno.TcpConn, agent: Deno.TcpConn, index: number): Promise<void> {
    const { cutAfter = () => Infinity } = this.#options;
    for (const connection of [agent, keeper]) connection.setNoDelay(true);
    let left = cutAfter(index);
    const toAgent = (bytes: Uint8Array): Uint8Array => {
      const passed = bytes.subarray(0, left);
      left -= passed.length;
      this.toAgent += passed.length;
      this.#options.onToAgent?.(passed.length);
      return passed;
    };
    const toKeeper = (bytes: Uint8Array): Uint8Array => {
      this.toKeeper += bytes.length;
      return bytes;
    };
    await Promise.all([
      this.#pass([keeper, agent], toAgent),
      this.#pass([agent, keeper], toKeeper),
    ]);
  }

  /**
   * Hands on what comes, each piece when it is due; what is not taken whole is the last. Where one
   * direction breaks, both do.
   */
  async #pass(
    [source, sink]: readonly [Deno.TcpConn, Deno.TcpConn],
    take: (bytes: Uint8Array) => Uint8Array,
  ): Promise<void> {
    const held = new HeldBytes(this.#options.delayMs ?? 0);
    const breakOff = () => {
      held.drop();
      for (const connection of [source, sink]) close(connection);
    };
    const reading = async (): Promise<void> => {
      for (;;) {
        const buffer = new Uint8Array(BUFFER_BYTES);
        const length = await source.read(buffer);
        if (length === null) return held.end();
        await held.put(buffer.subarray(0, length));
      }
    };
    const writing = async (): Promise<void> => {
      for (let bytes; (bytes = await held.take()) !== null;) {
        const passed = take(bytes);
        await writeAll(sink, passed);
        if (passed.length === bytes.length) continue;
        this.cuts++;
        return breakOff();
      }
      await sink.closeWrite();
    };
    await Promise.all([reading, writing].map((work) => work().catch(breakOff)));
  }
}

interface HeldPiece {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/** What is under way in one direction. */
class HeldBytes {
  readonly #delayMs: number;
  readonly #pieces: HeldPiece[] = [];
  #size = 0;
  #hasEnded = false;
  #change = Promise.withResolvers<void>();

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  async put(bytes: Uint8Array): Promise<void> {
    this.#pieces.push({ bytes, dueMs: performance.now() + this.#delayMs });
    this.#size += bytes.length;
    this.#tell();
    while (this.#size > MAX_HELD_BYTES) await this.#change.promise;
  }

  end(): void {
    this.#hasEnded = true;
    this.#tell();
  }

  /** Loses what is under way. */
  drop(): void {
    this.#pieces.length = 0;
    this.#size = 0;
    this.end();
  }

  /** Returns the next piece when it is due, `null` behind the last. */
  async take(): Promise<Uint8Array | null> {
    for (;;) {
      const piece = this.#pieces[0];
      if (piece === undefined && this.#hasEnded) return null;
      const leftMs = piece === undefined ? Infinity : piece.dueMs - performance.now();
      if (piece !== undefined && leftMs <= 0) {
        this.#pieces.shift();
        this.#size -= piece.bytes.length;
        this.#tell();
        return piece.bytes;
      }
      if (piece === undefined) await this.#change.promise;
      else await new Promise((resolve) => setTimeout(resolve, leftMs));
    }
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
