/**
 * A TLS connection of Node's as the transport that the protocol asks for.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import type { Duplex } from "../../duplex.ts";
import { ConnectionError, FluxVaultError } from "../../errors.ts";
import type { RawStream } from "./raw_stream.ts";

/** How much is read ahead, in bytes. */
const READ_AHEAD_BYTES = 262_144;

/**
 * Wraps a TLS connection whose handshake is over; from now on it belongs to the wrapper.
 *
 * Closing the writable ends this direction alone. Once both have ended the connection is closed.
 * Cancelling the readable or aborting the writable closes it at once, and the transport below it.
 *
 * A server finds out after the client's end of the handshake whether it takes the client's certificate,
 * and ends the connection where it does not: with a client that is a failure, `certificate-refused`.
 */
export function securedDuplex(socket: TLSSocket, parts: SecuredParts): Duplex {
  const secured = new SecuredDuplex(socket, parts);
  return { readable: secured.readable, writable: secured.writable };
}

/** What a TLS connection is wrapped with. */
export interface SecuredParts {
  /** Whether this end is the client. */
  readonly isClient: boolean;
  /** The transport below. */
  readonly raw: RawStream;
}

class SecuredDuplex {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #socket: TLSSocket;
  readonly #raw: RawStream;
  #readableController: ReadableByteStreamController | null = null;
  #writableController: WritableStreamDefaultController | null = null;
  #readEnded = false;
  #writeEnded = false;
  #isClosed = false;
  #failure: unknown;
  /** Whether the other end may still refuse us. */
  #isUnanswered: boolean;

  constructor(socket: TLSSocket, { isClient, raw }: SecuredParts) {
    this.#socket = socket;
    this.#isUnanswered = isClient;
    this.#raw = raw;
    this.readable = this.#makeReadable();
    this.writable = this.#makeWritable();
    socket.on("data", (piece: Uint8Array) => this.#take(piece));
    socket.on("end", () => this.#endReading());
    socket.on("error", (cause: Error) => this.#close(lost(cause)));
    socket.on("close", () => this.#close(lost()));
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#readableController = controller;
      },
      pull: () => {
        this.#raw.release();
      },
      cancel: (reason) => {
        this.#readEnded = true;
        this.#close(reason);
      },
    }, { highWaterMark: READ_AHEAD_BYTES });
  }

  #makeWritable(): WritableStream<Uint8Array> {
    return new WritableStream({
      start: (controller) => {
        this.#writableController = controller;
        // abort() below waits for the write under way, which may never end by itself.
        controller.signal.addEventListener("abort", () => {
          this.#writeEnded = true;
          this.#close(controller.signal.reason);
        });
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endWriting(),
      abort: (reason) => this.#close(reason),
    });
  }

  #take(piece: Uint8Array): void {
    const controller = this.#readableController;
    if (this.#isClosed || this.#readEnded || controller === null) return;
    this.#isUnanswered = false;
    // A copy: the stream takes the memory away, and that of Node's is shared.
    controller.enqueue(new Uint8Array(piece));
    if ((controller.desiredSize ?? 0) <= 0) this.#raw.hold();
  }

  #endReading(): void {
    if (this.#isClosed || this.#readEnded) return;
    if (this.#isUnanswered) return this.#close(refused());
    this.#readEnded = true;
    const controller = this.#readableController;
    controller?.close();
    controller?.byobRequest?.respond(0);
    this.#closeIfEnded();
  }

  #write(chunk: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(chunk, (cause) => {
      // Node says nothing went wrong where it was told to give up.
      if (this.#isClosed) reject(this.#failure);
      else if (cause) reject(lost(cause));
      else resolve();
    });
    return promise;
  }

  #endWriting(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.end(() => resolve());
    // A connection that breaks now is told by the readable.
    this.#socket.once("close", () => resolve());
    return promise.then(() => {
      this.#writeEnded = true;
      this.#closeIfEnded();
    });
  }

  #closeIfEnded(): void {
    if (!this.#readEnded || !this.#writeEnded) return;
    this.#isClosed = true;
    this.#raw.finish();
  }

  #close(reason: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const failure = this.#failure = reason ?? lost();
    if (!this.#readEnded) this.#readableController?.error(failure);
    if (!this.#writeEnded) this.#writableController?.error(failure);
    this.#raw.abort(failure);
    this.#socket.destroy();
  }
}

/** Says why a connection broke: as the transport below has said it, where it has. */
function lost(cause?: Error): FluxVaultError {
  if (cause instanceof FluxVaultError) return cause;
  const text = "the connection was lost: TLS broke off";
  return new ConnectionError("connection-lost", text, cause === undefined ? {} : { cause });
}

function refused(): ConnectionError {
  return new ConnectionError(
    "certificate-refused",
    "the other end hung up after the TLS handshake: it does not take the certificate it was shown",
  );
}
