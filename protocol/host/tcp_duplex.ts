/**
 * A TCP connection as the transport that the protocol asks for.
 *
 * Deno's own streams over a socket reach half the speed and throw `BadResource` or `Interrupted` when
 * the socket is closed under them; these read straight into the reader's buffer and fail in one way.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { ConnectionError } from "../errors.ts";
import { errnoOf } from "./storage_error.ts";

/** The size in bytes of the buffer that a reader without one of its own is given. */
const READ_BUFFER_BYTES = 256 * 1024;

/** One end of a TCP connection. */
export interface TcpAddress {
  /** An IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port, 1 to 65535. */
  readonly port: number;
}

/** A TCP connection and the streams over it. */
export interface TcpConnection extends Disposable {
  /** The two directions; the readable is of type `"bytes"`. */
  readonly duplex: Duplex;
  /** The far end as the operating system names it. */
  readonly remoteAddress: TcpAddress;
  /** Settles, never rejects, once the socket is closed: by either side, or as both directions ended. */
  readonly closed: Promise<void>;
  /**
   * Closes the socket at once, whatever is under way; further calls do nothing.
   *
   * @param reason What pending and later reads and writes fail with; `connection-lost` by default.
   */
  close(reason?: unknown): void;
}

/**
 * Wraps a connection that is open; from now on the socket belongs to the wrapper.
 *
 * Closing the writable half-closes the socket. Once both directions have ended the socket is closed.
 * Cancelling the readable or aborting the writable closes it at once.
 */
export function tcpConnection(conn: Deno.TcpConn): TcpConnection {
  return new SocketConnection(conn);
}

class SocketConnection implements TcpConnection {
  readonly duplex: Duplex;
  readonly remoteAddress: TcpAddress;
  readonly closed: Promise<void>;
  readonly #conn: Deno.TcpConn;
  readonly #resolveClosed: () => void;
  #readableController: ReadableByteStreamController | null = null;
  #writableController: WritableStreamDefaultController | null = null;
  #readEnded = false;
  #writeEnded = false;
  #isClosed = false;
  #failure: unknown;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    const { hostname, port } = conn.remoteAddr;
    this.remoteAddress = { hostname, port };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.duplex = { readable: this.#makeReadable(), writable: this.#makeWritable() };
    try {
      conn.setNoDelay(true);
    } catch {
      // The peer is gone already; the first read or write says so.
    }
  }

  close(reason?: unknown): void {
    if (this.#isClosed) return;
    this.#failure = reason ?? new ConnectionError("connection-lost", "the connection was closed");
    this.#closeSocket();
    if (!this.#readEnded) this.#readableController?.error(this.#failure);
    if (!this.#writeEnded) this.#writableController?.error(this.#failure);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #closeSocket(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#conn.close();
    } catch {
      // The runtime closed it with the last operation.
    }
    this.#resolveClosed();
  }

  #closeIfEnded(): void {
    if (this.#readEnded && this.#writeEnded) this.#closeSocket();
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: READ_BUFFER_BYTES,
      start: (controller) => {
        this.#readableController = controller;
      },
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => {
        this.#readEnded = true;
        this.close(reason);
      },
    });
  }

  async #pull(controller: ReadableByteStreamController): Promise<void> {
    const request = controller.byobRequest;
    const view = request?.view;
    if (!request || !view) return;
    const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    let length: number | null;
    try {
      length = await this.#conn.read(target);
    } catch (error) {
      this.close(this.#failureOf(error));
      return;
    }
    // Closed meanwhile: the stream has its error or was cancelled, and takes no answer any more.
    if (this.#isClosed) return;
    if (length !== null) {
      request.respond(length);
      return;
    }
    this.#readEnded = true;
    controller.close();
    request.respond(0);
    this.#closeIfEnded();
  }

  #makeWritable(): WritableStream<Uint8Array> {
    return new WritableStream({
      start: (controller) => {
        this.#writableController = controller;
        // abort() below waits for the write under way, which may never end by itself.
        controller.signal.addEventListener("abort", () => {
          this.#writeEnded = true;
          this.close(controller.signal.reason);
        });
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endWriting(),
      abort: (reason) => this.close(reason),
    });
  }

  async #write(chunk: Uint8Array): Promise<void> {
    try {
      for (let offset = 0; offset < chunk.length;) {
        offset += await this.#conn.write(offset === 0 ? chunk : chunk.subarray(offset));
      }
    } catch (error) {
      const failure = this.#failureOf(error);
      this.#loseWriting(failure);
      throw failure;
    }
  }

  async #endWriting(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      // A peer that has sent its end and gone is no loss: nobody waits for ours.
      if (!this.#readEnded) {
        const failure = this.#failureOf(error);
        this.#loseWriting(failure);
        throw failure;
      }
    }
    this.#writeEnded = true;
    this.#closeIfEnded();
  }

  /** Ends writing; what the peer said before it closed (a refusal, say) can still be read. */
  #loseWriting(failure: unknown): void {
    this.#writeEnded = true;
    if (this.#readEnded) this.close(failure);
  }

  /** Says why an operation on the socket failed: our own reason if we closed it. */
  #failureOf(error: unknown): unknown {
    if (this.#isClosed) return this.#failure;
    const text = {
      ECONNRESET: "the peer reset it",
      EPIPE: "the peer closed it",
      ETIMEDOUT: "the peer no longer answers",
    }[errnoOf(error) ?? ""] ?? "the network failed";
    return new ConnectionError("connection-lost", `the connection was lost: ${text}`, {
      cause: error,
    });
  }
}
