import type { Duplex } from "../../protocol/duplex.ts";
import { ConnectionError } from "../../protocol/errors.ts";
import {
  deliverAsKeeper,
  MemorySecretSource,
  MemorySecretStore,
  receiveAsAgent,
} from "../../protocol/mod.ts";
import { webSocketDuplex } from "../../protocol/web_socket_duplex.ts";
import { openOurAgent, openOurKeeper, outcomes, sampleBytes, utf8 } from "../interop/our_ends.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { freePort } from "../support/free_port.ts";

/** Runs with the two ends of a WebSocket on this machine. */
async function withEnds(run: (client: Duplex, server: Duplex) => Promise<void>): Promise<void> {
  const accepted = Promise.withResolvers<Duplex>();
  const closed = Promise.withResolvers<void>();
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(options, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.addEventListener("close", () => closed.resolve());
    accepted.resolve(webSocketDuplex(socket));
    return response;
  });
  const socket = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
  const gone = new Promise((resolve) => socket.addEventListener("close", resolve));
  await run(webSocketDuplex(socket), await accepted.promise);
  await Promise.all([gone, closed.promise]);
  await server.shutdown();
}

/** A WebSocket that does what a test tells it to. */
class PlayedSocket extends EventTarget {
  binaryType = "blob";
  readyState = 1;
  bufferedAmount: number | undefined = 0;
  readonly sent: number[] = [];
  readonly closedWith: (number | undefined)[] = [];

  send(bytes: Uint8Array): void {
    this.sent.push(bytes.length);
  }

  close(code?: number): void {
    if (this.readyState === 3) throw new DOMException("closed", "InvalidStateError");
    this.readyState = 3;
    this.closedWith.push(code);
  }

  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  die(code: number): void {
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code }));
  }
}

function play(options?: { readonly maxWaitingBytes: number }): [PlayedSocket, Duplex] {
  const socket = new PlayedSocket();
  return [socket, webSocketDuplex(socket as unknown as WebSocket, options)];
}

function readOnce({ readable }: Duplex): Promise<ReadableStreamReadResult<Uint8Array>> {
  return readable.getReader().read();
}

Deno.test("webSocketDuplex carries bytes both ways and ends each direction by itself", async () => {
  await withEnds(async (near, far) => {
    const writer = near.writable.getWriter();
    await writer.write(Uint8Array.of(1, 2));
    await writer.write(new Uint8Array(0));
    await writer.write(Uint8Array.of(3));
    await writer.close();
    const heard = new Uint8Array(await new Response(far.readable).arrayBuffer());
    assertEquals([...heard], [1, 2, 3]);
    const answer = far.writable.getWriter();
    await answer.write(Uint8Array.of(4));
    await answer.close();
    assertEquals(new Uint8Array(await new Response(near.readable).arrayBuffer())[0], 4);
  });
});

Deno.test("webSocketDuplex carries a session", async () => {
  await withEnds(async (keeperEnd, agentEnd) => {
    const store = new MemorySecretStore();
    const big = sampleBytes(3 * 1024 * 1024 + 1);
    const source = await MemorySecretSource.from({ big, "db.password": utf8("correct horse") });
    const [report] = await Promise.all([
      openOurAgent(agentEnd).then((session) => receiveAsAgent(session, store)),
      openOurKeeper(keeperEnd).then((session) => deliverAsKeeper(session, source, { revision: 1 })),
    ]);
    assertEquals(outcomes(report), ["big created", "db.password created"]);
    assertEquals(store.read("big"), big);
  });
});

Deno.test("webSocketDuplex tells the far end of an abort", async () => {
  await withEnds(async (near, far) => {
    await near.writable.abort(new RangeError("over"));
    await assertRejects(() => readOnce(far), ConnectionError, "connection-lost");
  });
});

Deno.test("webSocketDuplex fails where the socket cannot be opened", async () => {
  const duplex = webSocketDuplex(new WebSocket(`ws://127.0.0.1:${freePort()}`));
  const writing = duplex.writable.getWriter().write(Uint8Array.of(1));
  await assertRejects(() => readOnce(duplex), ConnectionError, "connection-failed");
  await assertRejects(() => writing, ConnectionError, "connection-failed");
});

Deno.test("webSocketDuplex writes nothing before the socket is open", async () => {
  const socket = new PlayedSocket();
  socket.readyState = 0;
  const { writable } = webSocketDuplex(socket as unknown as WebSocket);
  const writing = writable.getWriter().write(Uint8Array.of(1));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(socket.sent, []);
  socket.open();
  await writing;
  assertEquals(socket.sent, [1]);
});

Deno.test("webSocketDuplex fails on a socket that is closed already", async () => {
  const socket = new PlayedSocket();
  socket.readyState = 3;
  const duplex = webSocketDuplex(socket as unknown as WebSocket);
  await assertRejects(() => readOnce(duplex), ConnectionError, "connection-failed");
});

Deno.test("webSocketDuplex refuses text", async () => {
  const [socket, duplex] = play();
  socket.say("hello");
  await assertRejects(() => readOnce(duplex), ConnectionError, "connection-lost");
  assertEquals(socket.closedWith, [4000]);
});

Deno.test("webSocketDuplex gives up when more waits than may", async () => {
  const [socket, duplex] = play({ maxWaitingBytes: 8 });
  socket.say(new ArrayBuffer(8));
  assertEquals(socket.closedWith, []);
  socket.say(new ArrayBuffer(1));
  assertEquals(socket.closedWith, [4000]);
  await assertRejects(() => readOnce(duplex), ConnectionError, "connection-lost");
});

Deno.test("webSocketDuplex reads to the end where the far end closes without an end", async () => {
  for (const code of [1000, 1005]) {
    const [socket, { readable, writable }] = play();
    socket.say(Uint8Array.of(1).buffer);
    socket.die(code);
    assertEquals((await new Response(readable).arrayBuffer()).byteLength, 1);
    const writing = () => writable.getWriter().write(Uint8Array.of(1));
    await assertRejects(writing, ConnectionError, "connection-lost");
  }
});

Deno.test("webSocketDuplex takes any other close as a loss", async () => {
  for (const code of [1001, 1006, 4000]) {
    const [socket, duplex] = play();
    socket.die(code);
    await assertRejects(() => readOnce(duplex), ConnectionError, "connection-lost");
  }
});

Deno.test("webSocketDuplex closes well once its own direction has ended and no more is read", async () => {
  const [socket, { readable, writable }] = play();
  await writable.close();
  assertEquals([socket.sent, socket.closedWith], [[0], []]);
  await readable.cancel();
  assertEquals(socket.closedWith, [1000]);
  const [other, duplex] = play();
  await duplex.readable.cancel();
  assertEquals(other.closedWith, [4000]);
});

Deno.test("webSocketDuplex closes the socket when both directions have ended", async () => {
  const [socket, { writable }] = play();
  socket.say(new ArrayBuffer(0));
  assertEquals(socket.closedWith, []);
  await writable.close();
  assertEquals(socket.closedWith, [1000]);
});

Deno.test("webSocketDuplex holds a writer back while much is unsent, until it is given up", async () => {
  const [socket, { writable }] = play();
  const writer = writable.getWriter();
  socket.bufferedAmount = 1024 * 1024 + 1;
  let isWritten = false;
  const writing = writer.write(Uint8Array.of(1)).then(() => isWritten = true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert(!isWritten);
  socket.bufferedAmount = 0;
  await writing;
  socket.bufferedAmount = Infinity;
  const stuck = writer.write(Uint8Array.of(1)).catch(() => {});
  await writer.abort(new RangeError("over"));
  await stuck;
  assertEquals(socket.closedWith, [4000]);
});

Deno.test("webSocketDuplex does without a runtime that tells what is unsent", async () => {
  const [socket, { writable }] = play();
  socket.bufferedAmount = undefined;
  await writable.getWriter().write(Uint8Array.of(1));
  assertEquals(socket.sent, [1]);
});
