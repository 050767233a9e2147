/**
 * A byte stream over `node:net`, and a reader that cuts lines and frames out of one: sections 1, 2.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Failure, require } from "./failure.ts";

/** A reliable ordered byte stream. */
export interface Transport {
  /** Resolves with the next bytes, or null at the end. */
  read(): Promise<Uint8Array | null>;
  /** Sends bytes; they leave in the order of the calls. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the sending direction. */
  end(): Promise<void>;
}

/** Waits for something that a socket does, or for its end. */
function settled(socket: Socket, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const done = () => {
      socket.off("close", done);
      resolve();
    };
    socket.once("close", done);
    wait(done);
  });
}

/** Makes a transport of a socket. */
export function socketTransport(socket: Socket): Transport {
  // The plain iterator would destroy the socket, and what it still has to send, at the end.
  const chunks = socket.iterator({ destroyOnReturn: false });
  return {
    async read() {
      try {
        const { done, value } = await chunks.next();
        return done ? null : value;
      } catch (error) {
        throw new Failure("connection-lost", String(error));
      }
    },
    async write(bytes) {
      if (socket.destroyed) throw new Failure("connection-lost", "the socket is closed");
      if (!socket.write(bytes)) await settled(socket, (done) => socket.once("drain", done));
    },
    async end() {
      if (!socket.writableEnded) await settled(socket, (done) => socket.end(done));
    },
  };
}

const MAX_LINE_BYTES = 8192;

/** Cuts what a transport brings. */
export class Cutter {
  readonly #transport: Transport;
  #pieces: Buffer[] = [];
  #length = 0;

  /** Starts to read; nothing is taken from the transport before it is asked for. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async #more(): Promise<boolean> {
    const piece = await this.#transport.read();
    if (piece === null) return false;
    this.#pieces.push(Buffer.from(piece));
    this.#length += piece.length;
    return true;
  }

  #shift(length: number): Buffer {
    const all = this.#pieces.length === 1 ? this.#pieces[0] as Buffer : Buffer.concat(this.#pieces);
    this.#pieces = all.length > length ? [all.subarray(length)] : [];
    this.#length -= length;
    return all.subarray(0, length);
  }

  /** Takes an opening line with its newline. */
  async line(): Promise<Buffer> {
    for (;;) {
      const all = Buffer.concat(this.#pieces);
      const end = all.subarray(0, MAX_LINE_BYTES).indexOf(0x0a);
      if (end >= 0) return this.#shift(end + 1);
      require(all.length < MAX_LINE_BYTES, "line-too-long");
      require(await this.#more(), "truncated", "in an opening line");
    }
  }

  /** Takes so many bytes; null if the transport ends before the first and that is no surprise. */
  async bytes(length: number): Promise<Buffer | null> {
    while (this.#length < length) {
      if (await this.#more()) continue;
      require(this.#length === 0, "truncated", "inside a frame");
      return null;
    }
    return this.#shift(length);
  }
}
