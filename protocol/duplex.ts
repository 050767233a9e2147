/**
 * The transport that the protocol asks for: a reliable ordered byte stream in each direction.
 *
 * Nothing in this library opens a socket. A caller wraps what it has (a TCP connection, a WebSocket,
 * a stream of another session) in this shape.
 *
 * @module
 */

/**
 * A reliable ordered byte stream in each direction.
 *
 * Obligations of an implementation: bytes arrive once and in order; the readable ends when the peer
 * has closed its direction; aborting the writable or cancelling the readable frees the transport
 * even while the other is in use. A readable of type `"bytes"` is read without copying.
 *
 * @example
 * ```ts
 * import type { Duplex } from "@fluxvault/fluxvault/protocol";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const [near, far] = await Promise.all([
 *   Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
 *   listener.accept(),
 * ]);
 * // For `handshakeAsKeeper(duplex, ...)`; a WebSocket or a pair of pipes does as well.
 * const duplex: Duplex = { readable: near.readable, writable: near.writable };
 * await far.write(new TextEncoder().encode("hello"));
 * far.close();
 * console.assert(await new Response(duplex.readable).text() === "hello");
 * await duplex.writable.abort();
 * ```
 */
export interface Duplex {
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the peer receives; closing it ends this direction only. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Makes two transports, each the far end of the other, in memory.
 *
 * @example
 * ```ts
 * import { duplexPair } from "@fluxvault/fluxvault/protocol";
 *
 * const [near, far] = duplexPair();
 * const writer = near.writable.getWriter();
 * writer.write(new Uint8Array([1, 2, 3]));
 * const { value } = await far.readable.getReader().read();
 * console.assert(value?.length === 3);
 * ```
 */
export function duplexPair(): [Duplex, Duplex] {
  const forth = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return [
    { readable: back.readable, writable: forth.writable },
    { readable: forth.readable, writable: back.writable },
  ];
}
