import { encodeHex } from "../../../../protocol/bytes.ts";
import type { Duplex } from "../../../../protocol/duplex.ts";
import { ConnectionError } from "../../../../protocol/errors.ts";
import { createNodeHasher } from "../../../../protocol/host/node_hasher.ts";
import { dialTcp } from "../../../../protocol/host/tcp_dial.ts";
import { type TcpConnection, tcpConnection } from "../../../../protocol/host/tcp_duplex.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import {
  AGENT,
  AGENT_NAME,
  checkAgent,
  checkKeeper,
  createAuthorities,
  credentialsFor,
  KEEPER,
  shakeTls,
} from "../../../support/tls_ends.ts";

const MIB = 1024 * 1024;
const AUTHORITIES = await createAuthorities();
const AGENT_SHOWS = await credentialsFor(AGENT, AUTHORITIES);
const KEEPER_SHOWS = await credentialsFor(KEEPER, AUTHORITIES);

interface Ends {
  readonly agent: Duplex;
  readonly keeper: Duplex;
  readonly below: { readonly agent: TcpConnection; readonly keeper: TcpConnection };
}

/** Two ends of a TLS connection over loopback. */
async function withEnds(run: (ends: Ends) => Promise<void>): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, conn] = await Promise.all([
    dialTcp({ host: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  using keeperTcp = near;
  using agentTcp = tcpConnection(conn);
  const { agent, keeper } = await shakeTls(
    { ...AGENT_SHOWS, check: checkKeeper() },
    { ...KEEPER_SHOWS, serverName: AGENT_NAME, check: checkAgent() },
    [agentTcp.duplex, keeperTcp.duplex],
  );
  assert(isDuplex(agent) && isDuplex(keeper));
  await run({ agent, keeper, below: { agent: agentTcp, keeper: keeperTcp } });
}

function isDuplex(end: unknown): end is Duplex {
  return typeof end === "object" && end !== null && "readable" in end;
}

async function readAll(readable: ReadableStream<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const piece of readable) bytes.push(...piece);
  return bytes;
}

async function writeAll(writable: WritableStream<Uint8Array>, bytes: number[]): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(bytes));
  await writer.close();
}

Deno.test("securedDuplex carries bytes both ways and ends each direction by itself", () =>
  withEnds(async ({ agent, keeper, below }) => {
    await writeAll(keeper.writable, [1, 2, 3]);
    assertEquals(await readAll(agent.readable), [1, 2, 3]);
    await writeAll(agent.writable, [4, 5]);
    assertEquals(await readAll(keeper.readable), [4, 5]);
    await Promise.all([below.agent.closed, below.keeper.closed]);
  }));

Deno.test("securedDuplex carries what the agent says before the keeper says a word", () =>
  withEnds(async ({ agent, keeper }) => {
    const reading = readAll(keeper.readable);
    await writeAll(agent.writable, [7]);
    assertEquals(await reading, [7]);
    await writeAll(keeper.writable, [8]);
    assertEquals(await readAll(agent.readable), [8]);
  }));

Deno.test("securedDuplex carries much without a change, and reads into the reader's buffer", () =>
  withEnds(async ({ agent, keeper }) => {
    const [sent, received] = [await createNodeHasher(), await createNodeHasher()];
    const sending = (async () => {
      const writer = keeper.writable.getWriter();
      for (let i = 0; i < 64; i++) {
        const piece = new Uint8Array(MIB / 4 + i).fill(i);
        sent.update(piece);
        await writer.write(piece);
        // The memory is the writer's again.
        piece.fill(0xff);
      }
      await writer.close();
    })();
    const reader = agent.readable.getReader({ mode: "byob" });
    let buffer = new Uint8Array(100_000);
    for (;;) {
      const { done, value } = await reader.read(buffer);
      if (done) break;
      received.update(value);
      buffer = new Uint8Array(value.buffer);
    }
    await sending;
    assertEquals(encodeHex(received.digest()), encodeHex(sent.digest()));
  }));

Deno.test("securedDuplex holds a writer back whose reader does not read", () =>
  withEnds(async ({ keeper, below }) => {
    const writer = keeper.writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (; written < 256; written++) await writer.write(new Uint8Array(MIB));
    })();
    let last = -1;
    // Until the machine's own buffers are full.
    while (last !== written) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert(written < 64, `${written} MiB were taken`);
    below.keeper.close(new RangeError("enough"));
    await assertRejects(() => writing, Error);
  }));

Deno.test("securedDuplex is closed by cancelling a read under way, and the transport below", () =>
  withEnds(async ({ agent, keeper, below }) => {
    const reader = keeper.readable.getReader();
    const read = reader.read();
    await reader.cancel(new RangeError("enough"));
    assertEquals((await read).done, true);
    await below.keeper.closed;
    await readAll(agent.readable).catch(() => {});
    await assertRejects(() => keeper.writable.getWriter().write(new Uint8Array(1)), RangeError);
  }));

Deno.test("securedDuplex is closed by aborting a write that the other end never takes", () =>
  withEnds(async ({ keeper, below }) => {
    const writer = keeper.writable.getWriter();
    const closed = assertRejects(() => writer.closed, RangeError);
    const write = assertRejects(() => writer.write(new Uint8Array(64 * MIB)), RangeError);
    const read = assertRejects(() => keeper.readable.getReader().read(), RangeError);
    await writer.abort(new RangeError("enough"));
    await Promise.all([closed, write, read, below.keeper.closed]);
  }));

Deno.test("securedDuplex fails as the transport below fails", () =>
  withEnds(async ({ keeper, below }) => {
    const reader = keeper.readable.getReader();
    const read = reader.read();
    below.keeper.close(new ConnectionError("timed-out", "enough"));
    await assertRejects(() => read, ConnectionError, "timed-out");
    await assertRejects(() => keeper.writable.getWriter().closed, ConnectionError, "timed-out");
  }));

Deno.test("securedDuplex ends where the transport ends, though TLS did not say so", () =>
  withEnds(async ({ agent, keeper, below }) => {
    const writer = agent.writable.getWriter();
    await writer.write(new Uint8Array([1]));
    const reader = keeper.readable.getReader();
    assertEquals([...(await reader.read()).value ?? []], [1]);
    // The platform tells the one from the other no more than TCP does; protocol 2 says its own end.
    below.agent.close();
    assertEquals((await reader.read()).done, true);
  }));
