/**
 * A socket of Node.js or Bun as the transport that the protocol asks for.
 *
 * It takes the place of `stream.Duplex.toWeb()`, whose writable waits with its end for the end of the
 * other direction, so that every session would end by its time-out.
 *
 * @module
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ConnectionError, type Duplex } from "../../../protocol/mod.ts";

const WAITING_BYTES = 256 * 1024;

function lost(cause?: Error | null): ConnectionError {
  return new ConnectionError("connection-lost", "the connection was lost", { cause });
}

/** Wraps a socket that was opened or accepted with `allowHalfOpen`. */
export function socketDuplex(socket: Socket): Duplex {
  let hasEnded = false;
  const end = (say: () => void) => {
    if (!hasEnded) say();
    hasEnded = true;
  };
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      socket.on("data", (bytes: Uint8Array) => {
        if (hasEnded) return;
        controller.enqueue(bytes);
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.on("end", () => end(() => controller.close()));
      socket.on("error", (error) => end(() => controller.error(lost(error))));
      socket.on("close", () => end(() => controller.error(lost())));
    },
    pull: () => void socket.resume(),
    cancel: () => end(() => socket.destroy()),
  }, new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES }));
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      // abort() below waits for the write under way, which may wait for the peer.
      controller.signal.addEventListener("abort", () => socket.destroy());
      socket.on("close", () => controller.error(lost()));
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => error ? reject(lost(error)) : resolve());
      }),
    close: () => new Promise((resolve) => socket.end(() => resolve())),
    abort: () => void socket.destroy(),
  });
  return { readable, writable };
}

/** Connects to a port. */
export async function dialSocket(port: number, host: string): Promise<Duplex> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  return socketDuplex(socket);
}
