/**
 * Every single bit of both opening lines, of the frames of the handshake, and of one frame of each kind
 * in each direction: flipped, one at a time, in a session of its own. In memory, since it takes some
 * ten thousand sessions; the real programs get a sample of each in `frame_attack_test.ts`.
 *
 * @module
 */
import { type Bytes, randomBytes } from "../../protocol/bytes.ts";
import {
  encodeChunkFrame,
  encodeMessageFrame,
  encodePingFrame,
  encodeResetFrame,
  encodeWindowFrame,
} from "../../protocol/frame.ts";
import {
  type Duplex,
  duplexPair,
  FluxVaultError,
  handshakeAsAgent,
  handshakeAsKeeper,
  type Session,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";
import { FramePeer } from "../support/frame_peer.ts";
import { agentOptions, keeperOptions } from "../support/session_pair.ts";

/** Nobody here takes his leave, so nobody waits for it. */
const HASTE = { farewellTimeoutMs: 1 };
/** How many sessions run at a time. */
const IN_FLIGHT = 16;

/** Which of all that is sent is changed: whose, and the how-many-eth from 0. */
interface Target {
  readonly from: "agent" | "keeper";
  readonly index: number;
}

interface Wire {
  readonly agentEnd: Duplex;
  readonly keeperEnd: Duplex;
  /** How many bytes the target had, once it was sent. */
  readonly sent: { bytes: number };
}

/**
 * Opens a wire on which one bit of the target is flipped, and on which nothing follows the target: a
 * receiver that waits for a longer frame, or for a newline, sees the end instead of waiting for it.
 */
function openWire(target: Target, bit: number | null): Wire {
  const [agentEnd, keeperEnd] = duplexPair();
  const sent = { bytes: 0 };
  const bend = ({ readable, writable }: Duplex): Duplex => {
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    let index = 0;
    let isOver = false;
    return {
      readable,
      writable: new WritableStream<Uint8Array>({
        async write(bytes): Promise<void> {
          if (isOver) return;
          const isTarget = index++ === target.index;
          if (isTarget) sent.bytes = bytes.length;
          await writer.write(isTarget && bit !== null ? flipBit(bytes, bit) : bytes.slice());
          if (!isTarget || bit === null) return;
          isOver = true;
          await writer.close();
        },
        close: () => isOver ? undefined : writer.close(),
        abort: (reason) => writer.abort(reason),
      }),
    };
  };
  return target.from === "agent"
    ? { agentEnd: bend(agentEnd), keeperEnd, sent }
    : { agentEnd, keeperEnd: bend(keeperEnd), sent };
}

/** Runs a piece of work for each number below the count, several at a time. */
async function forEach(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (next < count) await work(next++);
  }));
}

async function shakeHands(wire: Wire): Promise<PromiseSettledResult<Session>[]> {
  return await Promise.allSettled([
    handshakeAsAgent(wire.agentEnd, await agentOptions(HASTE)),
    handshakeAsKeeper(wire.keeperEnd, keeperOptions(HASTE)),
  ]);
}

async function closeAll(ends: readonly PromiseSettledResult<Session>[]): Promise<void> {
  await Promise.all(ends.map((end) => end.status === "fulfilled" ? end.value.close() : null));
}

const HANDSHAKE: readonly (readonly [string, Target])[] = [
  ["the agent's opening line", { from: "agent", index: 0 }],
  ["the keeper's opening line", { from: "keeper", index: 0 }],
  ["the agent's claim", { from: "agent", index: 1 }],
  ["the keeper's answer", { from: "keeper", index: 1 }],
  ["READY", { from: "agent", index: 2 }],
];

for (const [name, target] of HANDSHAKE) {
  Deno.test(`handshake: comes to no session whichever bit of ${name} is flipped`, {
    // A handshake that has failed leaves a signature or an unwrapping to end by itself.
    sanitizeOps: false,
  }, async () => {
    const whole = openWire(target, null);
    const ends = await shakeHands(whole);
    assertEquals(ends.map(({ status }) => status), ["fulfilled", "fulfilled"]);
    await closeAll(ends);
    const bits = whole.sent.bytes * 8;
    assert(bits > 400);
    await forEach(bits, async (bit) => {
      const results = await shakeHands(openWire(target, bit));
      const [agent, keeper] = results;
      const receiver = target.from === "agent" ? keeper : agent;
      assertEquals(receiver?.status, "rejected", `bit ${bit} went unnoticed`);
      for (const result of results) {
        if (result.status === "rejected") assert(result.reason instanceof FluxVaultError);
      }
      // Only an agent that has sent READY has a session, and the end of it is all that it hears.
      if (agent?.status === "fulfilled") {
        assertEquals(target.index, 2);
        assert(/^[a-z-]+$/.test(await outcomeOf(agent.value)));
      }
      await closeAll(results);
    });
  });
}

/** What a session makes of what comes next: the state of a message, `end`, or the code of a failure. */
async function outcomeOf(session: Session): Promise<string> {
  try {
    const message = await session.receive();
    return message === null ? "end" : String(message.fields.raw("State"));
  } catch (error) {
    assert(error instanceof FluxVaultError);
    return error.code;
  }
}

/** Plays the other end by hand: up to its last word of the handshake, then one frame and a message. */
async function playKeeper(end: Duplex, plaintext: Bytes): Promise<FramePeer> {
  const peer = await FramePeer.openAsKeeper(end);
  await peer.readMessage();
  await peer.sendMessage({ State: "STARTAES", Text: "Passed" });
  await peer.readMessage();
  await sendBoth(peer, plaintext);
  return peer;
}

async function playAgent(end: Duplex, plaintext: Bytes): Promise<FramePeer> {
  const peer = await FramePeer.openAsAgent(end);
  await peer.sendMessage(await peer.claim());
  await peer.readMessage();
  await peer.sendMessage({ State: "READY", Software: "hand/1", Wants: ["files"] });
  await sendBoth(peer, plaintext);
  return peer;
}

/** The session may have failed before all is sent; what it says is what counts. */
async function sendBoth(peer: FramePeer, plaintext: Bytes): Promise<void> {
  await peer.send(plaintext).catch(() => {});
  await peer.sendMessage({ State: "AFTER" }).catch(() => {});
}

async function tryFrame(wire: Wire, by: "agent" | "keeper", plaintext: Bytes): Promise<string> {
  const { agentEnd, keeperEnd } = wire;
  const [session, peer] = by === "keeper"
    ? await Promise.all([
      handshakeAsAgent(agentEnd, await agentOptions(HASTE)),
      playKeeper(keeperEnd, plaintext),
    ])
    : await Promise.all([
      handshakeAsKeeper(keeperEnd, keeperOptions(HASTE)),
      playAgent(agentEnd, plaintext),
    ]);
  const outcome = await outcomeOf(session);
  await Promise.all([session.close(), peer[Symbol.asyncDispose]()]);
  return outcome;
}

/** A plaintext of each kind, and what comes of it when nobody changes it. */
const KINDS: readonly (readonly [string, () => Bytes, string])[] = [
  ["message", () => encodeMessageFrame({ State: "NOTE" }), "NOTE"],
  [
    "chunk",
    () => encodeChunkFrame(randomBytes(3), { streamId: 0, isLast: false }),
    "stream-malformed",
  ],
  [
    "last chunk",
    () => encodeChunkFrame(randomBytes(0), { streamId: 1, isLast: true }),
    "stream-malformed",
  ],
  ["window", () => encodeWindowFrame(1, 65_536), "stream-malformed"],
  ["reset", () => encodeResetFrame(1, 1), "stream-malformed"],
  ["ping", () => encodePingFrame(randomBytes(8), "ping"), "AFTER"],
  ["pong", () => encodePingFrame(randomBytes(8), "pong"), "AFTER"],
];

/** What a changed frame may end in: never in anything that was inside it. */
const UNOPENED = new Set(["open-failed", "frame-malformed", "frame-too-large", "truncated"]);

for (const by of ["keeper", "agent"] as const) {
  for (const [kind, makePlaintext, outcome] of KINDS) {
    Deno.test(`session: acts on no ${kind} of the ${by} of which any bit is flipped`, {
      sanitizeOps: false,
    }, async () => {
      const target = { from: by, index: by === "keeper" ? 2 : 3 };
      const whole = openWire(target, null);
      assertEquals(await tryFrame(whole, by, makePlaintext()), outcome);
      const bits = whole.sent.bytes * 8;
      assert(bits >= (4 + 1 + 4 + 16) * 8);
      await forEach(bits, async (bit) => {
        const code = await tryFrame(openWire(target, bit), by, makePlaintext());
        assert(UNOPENED.has(code), `bit ${bit} ended in ${code}`);
      });
    });
  }
}
