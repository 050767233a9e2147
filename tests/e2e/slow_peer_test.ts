/**
 * Peers that stay silent or speak a byte at a time, for as long as they are let. All of them at once,
 * since what ends them is the clock: ten seconds for a keeper's line, thirty for an agent's.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { dialAsKeeper } from "../support/second_ends.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";
import { close, readToEnd, TcpPeer, writeAll } from "../support/tcp_peer.ts";

/** How often a drop falls, in milliseconds. */
const DROP_INTERVAL_MS = 500;

/** Sends byte after byte until the other side has had enough; returns how many bytes it said. */
async function drip(connection: Deno.TcpConn, bytes: Uint8Array): Promise<number> {
  let sent = 0;
  const timer = setInterval(() => {
    writeAll(connection, bytes.subarray(sent % bytes.length).subarray(0, 1)).catch(() => {});
    sent++;
  }, DROP_INTERVAL_MS);
  try {
    return (await readToEnd(connection)).length;
  } finally {
    clearInterval(timer);
    close(connection);
  }
}

async function call(agent: RunningAgent): Promise<Deno.TcpConn> {
  return await Deno.connect({ hostname: agent.host, port: agent.port });
}

const LINE = new TextEncoder().encode(`{"State":"${"A".repeat(8_000)}`);

Deno.test("agent and keeper: let go of slow and silent peers by themselves, and serve the others", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  const silent = TcpPeer.silent();
  const dripping = TcpPeer.listen(async (connection) => {
    await drip(connection, LINE);
  });
  const model = await call(agent);
  const line = new Uint8Array(1_400);
  const length = await model.read(line) ?? 0;
  close(model);
  const halfAgent = TcpPeer.listen(async (connection) => {
    await writeAll(connection, line.subarray(0, length));
    await readToEnd(connection);
  });
  // One is let in and says nothing more; two say nothing, or next to nothing, from the start.
  using second = await dialAsKeeper(agent);
  const idle = second.session.message()
    .then(() => "a message", (error) => String(error.code));
  const [mute, dripper] = [await call(agent), await call(agent)];
  const visits = Promise.all([
    readToEnd(mute).then(({ length }) => length).finally(() => close(mute)),
    drip(dripper, LINE),
  ]);
  const peers = [silent, dripping, halfAgent];
  const keeper = await site.startKeeper({
    agents: [...peers, agent].map(({ address }) => address),
    args: ["--run-once"],
  });
  await agent.program.waitForJson(({ event, complete }) => event === "delivery" && complete);
  const end = await keeper.end;
  const heard = await visits;
  // All that they got is the opening line.
  for (const bytes of heard) assert(bytes > 400 && bytes < 1_400, `${bytes} bytes`);
  // A fault of the transport is never said, so all that it sees is the end.
  assertEquals(await idle, "truncated");
  await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
  const reports = end.stdout.split("\n").filter((line) => line.includes('"outcome":"failed"'));
  assertEquals(reports.length, 3, end.stdout);
  for (const report of reports) assertEquals(JSON.parse(report).code, "timed-out");
  assertEquals(end.code, 1);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals((await agent.program.stop()).code, 0);
});
