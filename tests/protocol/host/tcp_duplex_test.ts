import { createServer, type Socket } from "node:net";
import { encodeHex } from "../../../protocol/bytes.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { createNodeHasher } from "../../../protocol/host/node_hasher.ts";
import { dialTcp } from "../../../protocol/host/tcp_dial.ts";
import { type TcpConnection, tcpConnection } from "../../../protocol/host/tcp_duplex.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

const MIB = 1024 * 1024;

async function withPair(
  run: (near: TcpConnection, far: TcpConnection) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, conn] = await Promise.all([
    dialTcp({ host: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const far = tcpConnection(conn);
  try {
    await run(near, far);
  } finally {
    near.close();
    far.close();
  }
}

async function readAll(readable: ReadableStream<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of readable) bytes.push(...chunk);
  return bytes;
}

async function writeAll(writable: WritableStream<Uint8Array>, bytes: number[]): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(bytes));
  await writer.close();
}

Deno.test("tcpConnection carries bytes both ways and ends each direction by itself", () =>
  withPair(async (near, far) => {
    await writeAll(near.duplex.writable, [1, 2, 3]);
    assertEquals(await readAll(far.duplex.readable), [1, 2, 3]);
    await writeAll(far.duplex.writable, [4, 5]);
    assertEquals(await readAll(near.duplex.readable), [4, 5]);
    await Promise.all([near.closed, far.closed]);
  }));

Deno.test("tcpConnection reads into the buffer of the reader", () =>
  withPair(async (near, far) => {
    await near.duplex.writable.getWriter().write(new Uint8Array([7, 8, 9]));
    const reader = far.duplex.readable.getReader({ mode: "byob" });
    const first = await reader.read(new Uint8Array(new ArrayBuffer(8), 2, 2));
    assertEquals([...first.value ?? []], [7, 8]);
    assertEquals(first.value?.byteOffset, 2);
    const second = await reader.read(new Uint8Array(4));
    assertEquals([...second.value ?? []], [9]);
  }));

Deno.test("tcpConnection ends a reader with its own buffer at the end of the stream", () =>
  withPair(async (near, far) => {
    await near.duplex.writable.close();
    const reader = far.duplex.readable.getReader({ mode: "byob" });
    assertEquals((await reader.read(new Uint8Array(4))).done, true);
  }));

Deno.test("tcpConnection.close fails a read under way and may be called again", () =>
  withPair(async (near) => {
    const read = near.duplex.readable.getReader().read();
    near.close();
    near.close();
    await assertRejects(() => read, ConnectionError, "connection-lost");
    await near.closed;
  }));

Deno.test("tcpConnection.close fails reads and writes with the reason that it was given", () =>
  withPair(async (near) => {
    const read = near.duplex.readable.getReader().read();
    const writer = near.duplex.writable.getWriter();
    near.close(new RangeError("limit"));
    await assertRejects(() => read, RangeError);
    await assertRejects(() => writer.write(new Uint8Array(1)), RangeError);
    await assertRejects(() => writer.closed, RangeError);
  }));

Deno.test("tcpConnection is closed by cancelling a read under way", () =>
  withPair(async (near, far) => {
    const reader = near.duplex.readable.getReader();
    const read = reader.read();
    await reader.cancel(new RangeError("enough"));
    assertEquals((await read).done, true);
    await near.closed;
    assertEquals(await readAll(far.duplex.readable), []);
    await assertRejects(
      () => near.duplex.writable.getWriter().write(new Uint8Array(1)),
      RangeError,
    );
  }));

Deno.test("tcpConnection is closed by aborting a write that the peer never takes", () =>
  withPair(async (near) => {
    const writer = near.duplex.writable.getWriter();
    const closed = assertRejects(() => writer.closed, RangeError);
    const write = assertRejects(() => writer.write(new Uint8Array(256 * MIB)), RangeError);
    const read = assertRejects(() => near.duplex.readable.getReader().read(), RangeError);
    await writer.abort(new RangeError("enough"));
    await Promise.all([closed, write, read, near.closed]);
  }));

Deno.test("tcpConnection still receives after the other side has ended and answers it", () =>
  withPair(async (near, far) => {
    await near.duplex.writable.close();
    assertEquals(await readAll(far.duplex.readable), []);
    const writer = far.duplex.writable.getWriter();
    await writer.write(new Uint8Array([1]));
    const reader = near.duplex.readable.getReader();
    assertEquals([...(await reader.read()).value ?? []], [1]);
    await writer.close();
    assertEquals((await reader.read()).done, true);
    await Promise.all([near.closed, far.closed]);
  }));

async function withResettingPeer(
  run: (near: TcpConnection, peer: Socket) => Promise<void>,
): Promise<void> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pause();
    accepted.resolve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert(address !== null && typeof address === "object");
  const near = await dialTcp({ host: "127.0.0.1", port: address.port });
  const peer = await accepted.promise;
  try {
    await run(near, peer);
  } finally {
    near.close();
    peer.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("tcpConnection fails with connection-lost when the peer resets in mid-write", () =>
  withResettingPeer(async (near, peer) => {
    const writer = near.duplex.writable.getWriter();
    const closed = assertRejects(() => writer.closed, ConnectionError, "connection-lost");
    const write = writer.write(new Uint8Array(256 * MIB));
    peer.resetAndDestroy();
    const error = await assertRejects(() => write, ConnectionError, "connection-lost");
    assert(error.cause instanceof Error);
    await closed;
  }));

Deno.test("tcpConnection.close does nothing after the peer has reset it", () =>
  withResettingPeer(async (near, peer) => {
    const write = near.duplex.writable.getWriter().write(new Uint8Array(256 * MIB));
    peer.resetAndDestroy();
    await assertRejects(() => write, ConnectionError, "connection-lost");
    near.close();
    await near.closed;
  }));

Deno.test("tcpConnection carries 64 MiB unchanged", () =>
  withPair(async (near, far) => {
    const sent = await createNodeHasher();
    const received = await createNodeHasher();
    const sending = (async () => {
      const writer = near.duplex.writable.getWriter();
      const block = crypto.getRandomValues(new Uint8Array(65_536));
      for (let i = 0; i < 64 * 16; i++) {
        block[0] = i;
        sent.update(block);
        await writer.write(block);
      }
      await writer.close();
    })();
    let length = 0;
    for await (const chunk of far.duplex.readable) {
      received.update(chunk);
      length += chunk.length;
    }
    await sending;
    assertEquals(length, 64 * MIB);
    assertEquals(encodeHex(received.digest()), encodeHex(sent.digest()));
  }));
