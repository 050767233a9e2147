/**
 * A TCP connection on this machine with our streams on one end and `node:net` on the other.
 *
 * @module
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { dialTcp } from "../../protocol/host/mod.ts";
import type { Duplex } from "../../protocol/mod.ts";
import { socketTransport, type Transport } from "./second_implementation/transport.ts";

/** Runs one session between our implementation and the second one, each in a role. */
export async function connect<Ours, Theirs>(
  ours: (duplex: Duplex) => Promise<Ours>,
  theirs: (transport: Transport) => Promise<Theirs>,
): Promise<[PromiseSettledResult<Ours>, PromiseSettledResult<Theirs>]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  using connection = await dialTcp({ host: "127.0.0.1", port });
  const [socket] = await accepted;
  socket.setNoDelay(true);
  // Whoever reads or writes is told of it; while nobody does, it is nobody's.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  try {
    return await Promise.allSettled([ours(connection.duplex), theirs(socketTransport(socket))]);
  } finally {
    socket.destroy();
    await closed;
    server.close();
    await once(server, "close");
  }
}

/** The values of two ends that both succeeded. */
export async function connectWell<Ours, Theirs>(
  ours: (duplex: Duplex) => Promise<Ours>,
  theirs: (transport: Transport) => Promise<Theirs>,
): Promise<[Ours, Theirs]> {
  const [left, right] = await connect(ours, theirs);
  if (left.status === "rejected") throw left.reason;
  if (right.status === "rejected") throw right.reason;
  return [left.value, right.value];
}
