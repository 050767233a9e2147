/**
 * A thousand connections that mean no good, while a keeper works.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { assert, assertEquals } from "../support/assert.ts";
import { hasManyLoopbacks, readTree, type RunningAgent, Site } from "../support/site.ts";

const CLIENTS = 1_000;
/** From how many addresses they come; the keeper comes from 127.0.0.1. */
const ADDRESSES = 200;

/** Waits for the first of these events; a connection that is broken off is closed, which is no fault. */
function until(socket: Socket, ...events: readonly ("connect" | "close")[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) socket.once(event, () => resolve());
  });
}

/** Opens a connection from one of many addresses; it is open when this resolves. */
async function open(agent: RunningAgent, index: number): Promise<Socket> {
  const localAddress = hasManyLoopbacks() ? `127.0.1.${index % ADDRESSES + 1}` : "127.0.0.1";
  const socket = connect({ host: agent.host, port: agent.port, localAddress });
  socket.on("error", () => {});
  await until(socket, "connect", "close");
  return socket;
}

/** What a client does once it is connected. */
const HABITS: readonly ((socket: Socket) => void)[] = [
  () => {},
  (socket) => socket.resume(),
  (socket) => socket.resume().write("{"),
  (socket) => socket.resume().write(crypto.getRandomValues(new Uint8Array(2_000))),
  (socket) => socket.resume().end(),
];

async function end(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map(async (socket) => {
    if (socket.closed) return;
    const closed = until(socket, "close");
    socket.destroy();
    await closed;
  }));
}

Deno.test("agent: serves its keeper among a thousand clients that stay, talk nonsense and leave", async () => {
  await using site = await Site.open({ "db.password": "1", big: new Uint8Array(4 * 1_048_576) });
  const agent = await site.startAgent({ whitelist: "127.0.0.0/16" });
  // From now on the keeper's address is one that authenticated before.
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
  await site.store({ "db.password": "2" });
  const sockets: Socket[] = [];
  let isOver = false;
  let count = 0;
  // Clients come all the time: a thousand before the keeper, and on until it has ended.
  const crowd = Array.from({ length: 50 }, async () => {
    while (!isOver || count < CLIENTS) {
      const index = count++;
      const socket = await open(agent, index);
      HABITS[index % HABITS.length]?.(socket);
      sockets.push(socket);
      if (sockets.length > CLIENTS) await end(sockets.splice(0, 100));
    }
  });
  try {
    const run = await site.deliver({ agents: [agent.address] });
    isOver = true;
    await Promise.all(crowd);
    assertEquals([run.code, run.agents.get(agent.address)?.counts.updated], [0, 1], run.stdout);
    assert(count >= CLIENTS, `${count}`);
  } finally {
    isOver = true;
    await Promise.all(crowd);
    await end(sockets);
  }
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals((await agent.program.stop()).code, 0);
});

Deno.test("agent: serves its keeper although a thousand silent clients of the same address came first", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  const sockets = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const socket = connect({ host: agent.host, port: agent.port });
      socket.on("error", () => {});
      await until(socket, "connect", "close");
      return socket;
    }),
  );
  try {
    assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
  } finally {
    await end(sockets);
  }
  assertEquals((await agent.program.stop()).code, 0);
});
