import { randomBytes } from "../../protocol/bytes.ts";
import { ConnectionError, PeerRejectedError, ProtocolError } from "../../protocol/errors.ts";
import {
  encodeChunkFrame,
  encodePingFrame,
  encodeResetFrame,
  encodeWindowFrame,
} from "../../protocol/frame.ts";
import {
  INITIAL_WINDOW_BYTES,
  MAX_CHUNK_BYTES,
  MAX_OPEN_STREAMS,
  MAX_WAITING_MESSAGES,
  MAX_WINDOW_BYTES,
} from "../../protocol/limits.ts";
import { type ReceiveStream, RESET_CODE, StreamResetError } from "../../protocol/streams.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { recordWrites } from "../support/duplex_cuts.ts";
import { type FramePeer, openAgentSession, openKeeperSession } from "../support/frame_peer.ts";
import { openSessionPair, type SessionPair } from "../support/session_pair.ts";

const SOON_MS = 10;

class Reason extends Error {}

function announce(stream: number, size: number): Record<string, unknown> {
  return { State: "NOTE", Stream: stream, StreamSize: size };
}

async function countBytes(stream: ReceiveStream | null): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream ?? []) bytes += chunk.length;
  return bytes;
}

/** Sends a stream from the agent and returns its receiving end. */
async function startStream(pair: SessionPair, size: number) {
  const sending = pair.agent.openStream(size);
  await pair.agent.send(announce(sending.id, size));
  const receiving = (await pair.keeper.receive())?.stream;
  assert(receiving);
  return { sending, receiving };
}

Deno.test("Session carries messages in order, both ways", async () => {
  await using pair = await openSessionPair();
  for (let i = 0; i < 20; i++) {
    await Promise.all([pair.agent.send({ I: i }), pair.keeper.send({ I: 100 + i })]);
  }
  for (let i = 0; i < 20; i++) {
    assertEquals((await pair.keeper.receive())?.fields.raw("I"), i);
    assertEquals((await pair.agent.receive())?.fields.raw("I"), 100 + i);
  }
});

Deno.test("Session.receive returns null when the peer has ended, after what it sent", async () => {
  const pair = await openSessionPair();
  await pair.agent.send({ I: 1 });
  const closing = pair.agent.close();
  assertEquals((await pair.keeper.receive())?.fields.raw("I"), 1);
  assertEquals(await pair.keeper.receive(), null);
  assertEquals(await pair.keeper.receive(), null);
  await pair.keeper.close();
  await closing;
});

Deno.test("Session fails every operation with what ended it, once and always", async () => {
  const pair = await openSessionPair();
  await pair.agent.fail(new Reason());
  await pair.agent.fail(new TypeError("later"));
  for (const operation of [() => pair.agent.receive(), () => pair.agent.send({ I: 1 })]) {
    for (let i = 0; i < 2; i++) await assertRejects(operation, Reason);
  }
  assertThrows(() => pair.agent.openStream(1), Reason);
  await assertRejects(() => pair.keeper.receive(), ConnectionError, "connection-lost");
  await pair[Symbol.asyncDispose]();
});

Deno.test("Session refuses work once it was closed", async () => {
  const pair = await openSessionPair();
  await pair[Symbol.asyncDispose]();
  await pair.agent.close();
  await assertRejects(() => pair.agent.send({ I: 1 }), ConnectionError, "connection-lost");
  await assertRejects(() => pair.agent.receive(), ConnectionError, "connection-lost");
  assertThrows(() => pair.agent.openStream(1), ConnectionError, "connection-lost");
});

Deno.test("Session.close sends what was handed over before it", async () => {
  const pair = await openSessionPair();
  const sends = Array.from({ length: 50 }, (_, i) => pair.agent.send({ I: i }));
  const closing = pair.agent.close();
  for (let i = 0; i < 50; i++) assertEquals((await pair.keeper.receive())?.fields.raw("I"), i);
  assertEquals(await pair.keeper.receive(), null);
  await pair.keeper.close();
  await Promise.all([...sends, closing]);
});

Deno.test("Session ends with the signal's reason in every wait", async () => {
  const controller = new AbortController();
  const pair = await openSessionPair({ agent: { signal: controller.signal } });
  const { sending } = await startStream(pair, 2 * INITIAL_WINDOW_BYTES);
  const writing = sending.write(new Uint8Array(2 * INITIAL_WINDOW_BYTES));
  const receiving = pair.agent.receive();
  controller.abort(new Reason());
  await assertRejects(() => writing, Reason);
  await assertRejects(() => receiving, Reason);
  await assertRejects(() => pair.agent.send({ I: 1 }), Reason);
  await pair[Symbol.asyncDispose]();
});

const REFUSALS = [["busy", "busy"], ["no-such-code", "rejected"]] as const;
for (const [said, understood] of REFUSALS) {
  Deno.test(`Session turns FAILED ${said} into a rejection by the peer: ${understood}`, async () => {
    const { session, peer } = await openAgentSession();
    await peer.sendMessage({ State: "FAILED", Code: said });
    // The connection breaks right behind it, which must not hide the reason.
    peer.link.fail(new TypeError("gone"));
    const error = await assertRejects(() => session.receive(), PeerRejectedError, understood);
    assertEquals(error.by, "peer");
    await session.close();
  });
}

type Attack = (peer: FramePeer) => Promise<void>;
const ATTACKS: Readonly<Record<string, readonly [code: string, attack: Attack]>> = {
  "a message that is no JSON": ["message-malformed", (p) => p.send(Uint8Array.of(1, 0x7b))],
  "an unknown kind of frame": ["frame-malformed", (p) => p.send(Uint8Array.of(9))],
  "an empty chunk": ["frame-malformed", (p) => p.send(Uint8Array.of(2, 0, 0, 0, 0))],
  "a stream of our own parity": ["stream-malformed", (p) => p.sendMessage(announce(1, 1))],
  "a stream of no whole number": ["message-malformed", (p) => p.sendMessage(announce(0.5, 1))],
  "a stream without a size": ["message-malformed", (p) => p.sendMessage({ State: "A", Stream: 0 })],
  "a stream of more than 1 TiB": ["message-malformed", (p) => p.sendMessage(announce(0, 2 ** 41))],
  "a stream's number twice": ["stream-malformed", async (p) => {
    await p.sendMessage(announce(2, 1));
    await p.sendMessage(announce(2, 1));
  }],
  "a piece of a stream that is not open": [
    "stream-malformed",
    (p) => p.send(encodeChunkFrame(new Uint8Array(1), { streamId: 0, isLast: true })),
  ],
  "a piece behind the last": ["stream-malformed", async (p) => {
    await p.sendMessage(announce(0, 1));
    await p.send(encodeChunkFrame(new Uint8Array(1), { streamId: 0, isLast: true }));
    await p.send(encodeChunkFrame(new Uint8Array(0), { streamId: 0, isLast: true }));
  }],
  "a last piece too early": ["stream-malformed", async (p) => {
    await p.sendMessage(announce(0, 2));
    await p.send(encodeChunkFrame(new Uint8Array(1), { streamId: 0, isLast: true }));
  }],
  "more than its window": ["window-exceeded", async (p) => {
    await p.sendMessage(announce(0, 2 * INITIAL_WINDOW_BYTES));
    for (let sent = 0; sent <= INITIAL_WINDOW_BYTES; sent += MAX_CHUNK_BYTES) {
      const bytes = new Uint8Array(MAX_CHUNK_BYTES);
      await p.send(encodeChunkFrame(bytes, { streamId: 0, isLast: false }));
    }
  }],
  "a grant for a stream that never was": [
    "stream-malformed",
    (p) => p.send(encodeWindowFrame(1, 1)),
  ],
  "a reset of a stream that never was": ["stream-malformed", (p) => p.send(encodeResetFrame(2, 1))],
  "more streams than may be open": ["too-many-streams", async (p) => {
    for (let i = 0; i <= MAX_OPEN_STREAMS; i++) await p.sendMessage(announce(2 * i, 1));
  }],
  "more messages than may wait": ["too-many-messages", async (p) => {
    for (let i = 0; i <= MAX_WAITING_MESSAGES; i++) await p.sendMessage({ State: "A" });
  }],
};

for (const [what, [code, attack]] of Object.entries(ATTACKS)) {
  Deno.test(`Session ends with ${code} at ${what}, and says so`, async () => {
    const { session, peer } = await openKeeperSession();
    const telling = peer.readFailure();
    await attack(peer).catch(() => {});
    assertEquals(await telling, code);
    await session.close();
    for (;;) {
      const error = await session.receive().catch((reason) => reason);
      if (!(error instanceof Error)) continue;
      assert(error instanceof ProtocolError);
      assertEquals(error.code, code);
      break;
    }
  });
}

Deno.test("Session keeps open-failed to itself", async () => {
  const { session, peer } = await openKeeperSession();
  await peer.link.write(new Uint8Array([0, 0, 0, 17, ...randomBytes(17)]));
  assertEquals(await peer.readFailure(), null);
  await assertRejects(() => session.receive(), ProtocolError, "open-failed");
  await session.close();
});

Deno.test("Session ends with window-exceeded where a window would pass 2^31 - 1", async () => {
  const { session, peer } = await openKeeperSession({ farewellTimeoutMs: SOON_MS });
  const stream = session.openStream(1);
  await peer.send(encodeWindowFrame(stream.id, MAX_WINDOW_BYTES));
  await assertRejects(() => session.receive(), ProtocolError, "window-exceeded");
  await session.close();
});

Deno.test("Session answers a ping with its bytes", async () => {
  const { session, peer } = await openKeeperSession();
  await peer.send(encodePingFrame(new Uint8Array(8).fill(3), "ping"));
  assertEquals(await peer.readFrame(), { kind: "pong", payload: new Uint8Array(8).fill(3) });
  await Promise.all([session.close(), peer.link.close()]);
});

Deno.test("Session gives up a peer that pings and never reads", async () => {
  const { session, peer } = await openKeeperSession({ farewellTimeoutMs: SOON_MS });
  const flood = (async () => {
    for (;;) await peer.send(encodePingFrame(new Uint8Array(8), "ping"));
  })();
  await assertRejects(() => session.receive(), ProtocolError, "too-many-messages");
  await flood.catch(() => {});
  await session.close();
});

const TIMES = { pingAfterMs: SOON_MS, idleTimeoutMs: 40 * SOON_MS };

Deno.test("Session sends pings, and ends a silent peer with timed-out", async () => {
  const { session, peer } = await openKeeperSession(TIMES);
  const waiting = session.receive();
  assertEquals((await peer.readFrame())?.kind, "ping");
  await assertRejects(() => waiting, ConnectionError, "timed-out");
  await session.close();
});

Deno.test("Session lives for as long as its pings are answered", async () => {
  const { session, peer } = await openKeeperSession({ ...TIMES, idleTimeoutMs: 3_000 });
  // So many pings take longer than a silent peer would be given.
  for (let i = 0; i <= 3_000 / SOON_MS; i++) {
    const frame = await peer.readFrame();
    assert(frame?.kind === "ping");
    await peer.send(encodePingFrame(frame.payload, "pong"));
  }
  await peer.sendMessage({ I: 1 });
  assertEquals((await session.receive())?.fields.raw("I"), 1);
  await Promise.all([session.close(), peer.link.close()]);
});

Deno.test("Session.fail keeps its error although the peer does not take its leave", async () => {
  const { session, peer } = await openKeeperSession({ farewellTimeoutMs: SOON_MS });
  const failure = new ProtocolError("message-unexpected", "no");
  await session.fail(failure);
  assertEquals(await session.receive().catch((reason) => reason), failure);
  await session.close();
  await peer[Symbol.asyncDispose]();
});

Deno.test("Session.close takes what the peer still sends, and answers no ping", async () => {
  const { session, peer } = await openKeeperSession();
  const closing = session.close();
  assertEquals(await peer.readFrame(), null);
  await peer.send(encodePingFrame(new Uint8Array(8), "ping"));
  await peer.sendMessage({ I: 1 });
  assertEquals((await session.receive())?.fields.raw("I"), 1);
  await peer.link.close();
  await closing;
});

Deno.test("Session.close gives up on a peer that does not close", async () => {
  const { session, peer } = await openKeeperSession({ farewellTimeoutMs: SOON_MS });
  const writing = session.send({ State: "A" });
  await session.close();
  await writing.catch(() => {});
  await peer[Symbol.asyncDispose]();
});

for (const size of [0, 1, MAX_CHUNK_BYTES, 8 * MAX_CHUNK_BYTES, 3 * INITIAL_WINDOW_BYTES + 1]) {
  Deno.test(`Session carries a stream of ${size} bytes`, async () => {
    await using pair = await openSessionPair();
    const { sending, receiving } = await startStream(pair, size);
    const reading = countBytes(receiving);
    await sending.write(new Uint8Array(size));
    await sending.end();
    assertEquals(await reading, size);
    assert(!pair.agent.hasOpenStreams);
  });
}

Deno.test("Session holds a sender to one window while nobody consumes", async () => {
  const writes: Uint8Array[] = [];
  await using pair = await openSessionPair({
    wire: ([agent, keeper]) => [recordWrites(agent, writes), keeper],
  });
  const size = 4 * INITIAL_WINDOW_BYTES;
  const { sending, receiving } = await startStream(pair, size);
  const onWire = () => writes.reduce((sum, bytes) => sum + bytes.length, 0);
  const before = onWire();
  const writing = sending.write(new Uint8Array(size));
  // A message overtakes no chunk: when it is here, so is all that the window let through.
  for (let i = 0; i < 20; i++) {
    await pair.agent.send({ I: i });
    await pair.keeper.receive();
  }
  const frames = INITIAL_WINDOW_BYTES / MAX_CHUNK_BYTES;
  assert(onWire() - before <= INITIAL_WINDOW_BYTES + frames * 25 + 20 * 40);
  assertEquals(await countBytes(receiving), size);
  await writing;
});

Deno.test("Session goes on after its receiver gave a stream up", async () => {
  await using pair = await openSessionPair();
  const { sending, receiving } = await startStream(pair, 4 * INITIAL_WINDOW_BYTES);
  const writing = sending.write(new Uint8Array(4 * INITIAL_WINDOW_BYTES));
  for await (const _chunk of receiving) break;
  const error = await assertRejects(() => writing, StreamResetError);
  assertEquals(error.resetCode, RESET_CODE.cancelled);
  await pair.agent.send({ I: 1 });
  assertEquals((await pair.keeper.receive())?.fields.raw("I"), 1);
  assert(!pair.keeper.hasOpenStreams && !pair.agent.hasOpenStreams);
});

Deno.test("Session goes on after its sender gave a stream up", async () => {
  await using pair = await openSessionPair();
  const { sending, receiving } = await startStream(pair, 9);
  await sending.write(new Uint8Array(1));
  const reading = countBytes(receiving);
  sending.reset(RESET_CODE.changed);
  const error = await assertRejects(() => reading, StreamResetError);
  assertEquals(error.resetCode, RESET_CODE.changed);
  await pair.agent.send({ I: 1 });
  assert(await pair.keeper.receive());
  assert(!pair.keeper.hasOpenStreams && !pair.agent.hasOpenStreams);
});

Deno.test("Session goes on after both ends gave a stream up at once", async () => {
  await using pair = await openSessionPair();
  const { sending, receiving } = await startStream(pair, 9);
  sending.reset(RESET_CODE.changed);
  receiving.cancel();
  for (const [from, to] of [[pair.agent, pair.keeper], [pair.keeper, pair.agent]] as const) {
    await from.send({ I: 1 });
    assert(await to.receive());
  }
  assert(!pair.keeper.hasOpenStreams && !pair.agent.hasOpenStreams);
});

Deno.test("Session sends no piece behind its answer to a reset", async () => {
  const { session, peer } = await openKeeperSession({ farewellTimeoutMs: SOON_MS });
  const stream = session.openStream(INITIAL_WINDOW_BYTES);
  await session.send(announce(stream.id, INITIAL_WINDOW_BYTES));
  // Small chunks fill every place among the frames in flight, since the peer does not read.
  const writing = (async () => {
    for (let i = 0; i < 100; i++) await stream.write(new Uint8Array(100));
  })();
  writing.catch(() => {});
  await peer.send(encodeResetFrame(stream.id, RESET_CODE.cancelled));
  await peer.sendMessage({ State: "A" });
  await session.receive();
  const ping = peer.send(encodePingFrame(new Uint8Array(8), "ping"));
  const kinds: string[] = [];
  while (kinds.at(-1) !== "pong") kinds.push((await peer.readFrame())?.kind ?? "end");
  const answered = kinds.indexOf("reset");
  assert(answered > 0);
  assertEquals(kinds.slice(answered), ["reset", "pong"]);
  await assertRejects(() => writing, StreamResetError);
  await Promise.all([ping, session.close(), peer.link.close()]);
});

Deno.test("Session ends an unfinished stream with truncated when its sender closes", async () => {
  const pair = await openSessionPair();
  const { sending, receiving } = await startStream(pair, 9);
  await sending.write(new Uint8Array(1));
  const reading = countBytes(receiving);
  const closing = pair.agent.close();
  await assertRejects(() => reading, ConnectionError, "truncated");
  await pair.keeper.close();
  await closing;
  await assertRejects(() => sending.write(new Uint8Array(1)), ConnectionError, "connection-lost");
});

Deno.test("Session ignores a grant and a reset for a stream that has ended", async () => {
  const { session, peer } = await openKeeperSession({ farewellTimeoutMs: SOON_MS });
  const stream = session.openStream(1);
  await stream.write(new Uint8Array(1));
  for (const frame of [encodeWindowFrame(stream.id, 9), encodeResetFrame(stream.id, 1)]) {
    await peer.send(frame);
  }
  await peer.sendMessage({ State: "A" });
  assert(await session.receive());
  await session.close();
});

Deno.test("Session.openStream allows 256 streams at once", async () => {
  await using pair = await openSessionPair();
  for (let i = 0; i < MAX_OPEN_STREAMS; i++) pair.agent.openStream(0);
  assertThrows(() => pair.agent.openStream(0), RangeError);
  assertEquals(pair.keeper.openStream(0).id, 1);
  assertEquals(pair.keeper.openStream(0).id, 3);
});

Deno.test("Session.send refuses a message of more than 65,536 bytes before it is sent", async () => {
  await using pair = await openSessionPair();
  await assertRejects(() => pair.agent.send({ Text: "x".repeat(65_536) }), RangeError);
  await pair.agent.send({ I: 1 });
  assert(await pair.keeper.receive());
});
