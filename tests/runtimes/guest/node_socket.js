/**
 * A socket of Node.js or Bun as the transport that the protocol asks for.
 *
 * It takes the place of `stream.Duplex.toWeb()`, whose writable waits with its end for the end of the
 * other direction, so that every session would end by its time-out.
 *
 * @module
 */
import { once } from "node:events";
import { connect } from "node:net";
import { ConnectionError } from "@fluxvault/fluxvault/protocol";

const WAITING_BYTES = 256 * 1024;

/** @param {unknown} [cause] */
function lost(cause) {
  return new ConnectionError("connection-lost", "the connection was lost", { cause });
}

/**
 * Wraps a socket that was opened or accepted with `allowHalfOpen`.
 *
 * @param {import("node:net").Socket} socket
 * @returns {import("@fluxvault/fluxvault/protocol").Duplex}
 */
export function socketDuplex(socket) {
  let hasEnded = false;
  /** @param {() => void} say */
  const end = (say) => {
    if (!hasEnded) say();
    hasEnded = true;
  };
  const readable = new ReadableStream({
    start(controller) {
      socket.on("data", (bytes) => {
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
  const writable = new WritableStream({
    start(controller) {
      // abort() below waits for the write under way, which may wait for the peer.
      controller.signal.addEventListener("abort", () => socket.destroy());
      socket.on("close", () => controller.error(lost()));
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => error ? reject(lost(error)) : resolve(undefined));
      }),
    close: () => new Promise((resolve) => socket.end(() => resolve(undefined))),
    abort: () => void socket.destroy(),
  });
  return { readable, writable };
}

/**
 * Connects to a port.
 *
 * @param {number} port
 * @param {string} host
 * @returns {Promise<import("@fluxvault/fluxvault/protocol").Duplex>}
 */
export async function dialSocket(port, host) {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  return socketDuplex(socket);
}
