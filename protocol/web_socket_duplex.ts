/**
 * A WebSocket as the transport that the protocol asks for, on either side, wherever there is one.
 *
 * @module
 */
import { createDeferred, type Deferred } from "./deferred.ts";
import { delay } from "./delay.ts";
import type { Duplex } from "./duplex.ts";
import { ConnectionError } from "./errors.ts";

/** The options of {@linkcode webSocketDuplex}. */
export interface WebSocketDuplexOptions {
  /**
   * How many bytes may wait for a reader before the connection is given up: a WebSocket cannot hold
   * its peer back. In a session the windows do, at 32 MiB for the files that are under way.
   *
   * @default 64 MiB
   */
  readonly maxWaitingBytes?: number;
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** How many bytes may wait to be sent before a write waits; a WebSocket does not tell when. */
const MAX_UNSENT_BYTES = 1024 * 1024;
const UNSENT_PAUSE_MS = 5;

/** `WebSocket.OPEN` and `WebSocket.CLOSING`; the names are not everywhere. */
const OPEN = 1;
const CLOSING = 2;

/** Both directions have ended. */
const CLOSE_DONE = 1000;
/** No code was given, which is how some runtimes say the same. */
const CLOSE_WITHOUT_CODE = 1005;
/** This end gave up in the middle. */
const CLOSE_GIVEN_UP = 4000;

/**
 * Wraps a WebSocket that is open or about to open; from now on it belongs to the streams.
 *
 * Bytes travel in binary messages, cut anyhow. A WebSocket closes both directions at a time, so an
 * empty binary message ends one; whoever sees both ended closes the socket. The far end does the
 * same: it is this function, or a relay to TCP that uses it. Aborting the writable or cancelling the
 * readable closes the socket at once.
 *
 * Reading fails with a `ConnectionError`: `connection-failed` where the socket never opened, and
 * `connection-lost` where it closed in the middle, the peer sent text, or more waits to be read than
 * the options allow. Writing waits while over 1 MiB is unsent, where the runtime tells how much is.
 *
 * @example
 * ```ts
 * import { webSocketDuplex } from "@fluxvault/fluxvault/protocol";
 *
 * // A server that sends back what it gets, and one of its clients.
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
 *   const { socket, response } = Deno.upgradeWebSocket(request);
 *   const { readable, writable } = webSocketDuplex(socket);
 *   readable.pipeTo(writable);
 *   return response;
 * });
 * const socket = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
 * const { readable, writable } = webSocketDuplex(socket);
 * const writer = writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * console.assert(await new Response(readable).text() === "hello");
 * await server.shutdown();
 * ```
 */
export function webSocketDuplex(socket: WebSocket, options: WebSocketDuplexOptions = {}): Duplex {
  return new WebSocketStreams(socket, options.maxWaitingBytes ?? MAX_WAITING_BYTES);
}

class WebSocketStreams implements Duplex {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #socket: WebSocket;
  readonly #opened: Deferred<void> = createDeferred<void>();
  #source: ReadableStreamDefaultController<Uint8Array> | null = null;
  #sink: WritableStreamDefaultController | null = null;
  #hasOpened = false;
  #readEnded = false;
  #writeEnded = false;

  constructor(socket: WebSocket, maxWaitingBytes: number) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#source = controller),
      cancel: () => this.#cancel(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }));
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#sink = controller;
        // abort() below waits for the write under way, which may wait for the peer.
        controller.signal.addEventListener("abort", () => this.#abort());
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endWriting(),
      abort: () => this.#abort(),
    });
    this.#opened.promise.catch(() => {});
    socket.addEventListener("open", () => this.#open());
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("close", ({ code }) => this.#closed(code));
    // What follows an error is a close, which says as much.
    socket.addEventListener("error", () => {});
    if (socket.readyState === OPEN) this.#open();
    else if (socket.readyState >= CLOSING) this.#closed();
  }

  #open(): void {
    this.#hasOpened = true;
    this.#opened.resolve();
  }

  #take(data: unknown): void {
    if (this.#readEnded) return;
    if (!(data instanceof ArrayBuffer)) return this.#lose("the peer sent something but bytes");
    if (data.byteLength === 0) {
      this.#readEnded = true;
      this.#source?.close();
      this.#closeIfEnded();
      return;
    }
    this.#source?.enqueue(new Uint8Array(data));
    if ((this.#source?.desiredSize ?? 0) < 0) this.#lose("more came than was read");
  }

  #closed(code?: number): void {
    // Some runtimes leave it to this end to complete the farewell.
    this.#close(CLOSE_DONE);
    const isClean = code === CLOSE_DONE || code === CLOSE_WITHOUT_CODE;
    if (isClean && this.#hasOpened && !this.#readEnded) {
      this.#readEnded = true;
      this.#source?.close();
    }
    this.#fail(
      this.#hasOpened
        ? new ConnectionError("connection-lost", "the connection was lost: the WebSocket closed")
        : new ConnectionError("connection-failed", "the WebSocket could not be opened"),
    );
  }

  #lose(reason: string): void {
    this.#fail(new ConnectionError("connection-lost", `the connection was lost: ${reason}`));
    this.#close(CLOSE_GIVEN_UP);
  }

  /** Fails what has not ended. */
  #fail(error: ConnectionError): void {
    this.#opened.reject(error);
    if (!this.#readEnded) this.#source?.error(error);
    if (!this.#writeEnded) this.#sink?.error(error);
    this.#readEnded = true;
    this.#writeEnded = true;
  }

  /** Nobody reads any more; where this end has said all, that is a good end. */
  #cancel(): void {
    this.#readEnded = true;
    this.#giveUp(this.#writeEnded ? CLOSE_DONE : CLOSE_GIVEN_UP);
  }

  #abort(): void {
    this.#writeEnded = true;
    this.#giveUp(CLOSE_GIVEN_UP);
  }

  #giveUp(code: number): void {
    this.#fail(new ConnectionError("connection-lost", "the connection was closed"));
    this.#close(code);
  }

  #close(code: number): void {
    try {
      this.#socket.close(code);
    } catch {
      // It is closed already.
    }
  }

  #closeIfEnded(): void {
    if (this.#readEnded && this.#writeEnded) this.#close(CLOSE_DONE);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    await this.#opened.promise;
    // A message without bytes is an end.
    if (chunk.length === 0 || this.#writeEnded) return;
    this.#socket.send(new Uint8Array(chunk));
    while (this.#socket.bufferedAmount > MAX_UNSENT_BYTES && !this.#writeEnded) {
      await delay(UNSENT_PAUSE_MS);
    }
  }

  async #endWriting(): Promise<void> {
    await this.#opened.promise;
    if (this.#writeEnded) return;
    this.#socket.send(new Uint8Array(0));
    this.#writeEnded = true;
    this.#closeIfEnded();
  }
}
