import { joinBytes } from "../../protocol/bytes.ts";
import { duplexPair } from "../../protocol/duplex.ts";
import { ConnectionError, ProtocolError } from "../../protocol/errors.ts";
import { FrameReader } from "../../protocol/frame_reader.ts";
import { FrameWriter } from "../../protocol/frame_writer.ts";
import { DirectionKeys } from "../../protocol/key_schedule.ts";
import { FRAMES_IN_FLIGHT, MAX_FRAMES, MAX_SEALED_BYTES } from "../../protocol/limits.ts";
import { Link } from "../../protocol/link.ts";
import { FrameCounter } from "../../protocol/nonce.ts";
import { FrameOpener, FrameSealer } from "../../protocol/sealing.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { recordWrites } from "../support/duplex_cuts.ts";

const transcript = new Uint8Array(32);

class Reason extends Error {}

function keys(use: "seal" | "open"): DirectionKeys {
  return new DirectionKeys(new Uint8Array(32).fill(5), { transcript, use });
}

function ends(counter?: FrameCounter) {
  const [near, far] = duplexPair();
  const [link, farLink] = [new Link(near), new Link(far)];
  const writer = new FrameWriter(link, new FrameSealer(keys("seal"), counter));
  const reader = new FrameReader(farLink, new FrameOpener(keys("open")));
  return { writer, reader, link, farLink };
}

async function readOne(reader: FrameReader): Promise<number | undefined> {
  return (await reader.read(MAX_SEALED_BYTES))?.at(0);
}

/** Lets everything run that waits for nothing else, sealing included. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await crypto.subtle.digest("SHA-256", new Uint8Array(1));
}

Deno.test("FrameWriter sends frames in the order in which they were handed over", async () => {
  const { writer, reader, link, farLink } = ends();
  const writes = Array.from({ length: 40 }, (_, i) => writer.write(Uint8Array.of(i)));
  for (let i = 0; i < 40; i++) assertEquals(await readOne(reader), i);
  await Promise.all(writes);
  await writer.flush();
  await Promise.all([link.close(), farLink.close()]);
});

Deno.test("FrameWriter hands small frames to the transport together, and the bytes are the same", async () => {
  const written: Uint8Array[] = [];
  const [near, far] = duplexPair();
  const [link, farLink] = [new Link(recordWrites(near, written)), new Link(far)];
  const writer = new FrameWriter(link, new FrameSealer(keys("seal")));
  const reader = new FrameReader(farLink, new FrameOpener(keys("open")));
  for (let i = 0; i < 40; i++) writer.writeNow(Uint8Array.of(i));
  // Whatever is sealed is given away.
  const large = () => new Uint8Array(60_000).fill(77);
  writer.writeNow(large());
  await settle();
  for (let i = 0; i < 40; i++) assertEquals(await readOne(reader), i);
  assertEquals(await reader.read(MAX_SEALED_BYTES), large());
  await writer.flush();
  assert(written.length < 20, `${written.length} writes`);
  const alone = new FrameSealer(keys("seal"));
  const expected: Uint8Array[] = [];
  for (let i = 0; i < 40; i++) expected.push(await alone.seal(Uint8Array.of(i)));
  expected.push(await alone.seal(large()));
  assertEquals(joinBytes(written), joinBytes(expected));
  await Promise.all([link.close(), farLink.close()]);
});

Deno.test("FrameWriter.write lets eight frames wait for the transport, and holds the ninth", async () => {
  const { writer, reader, link, farLink } = ends();
  let handedOver = 0;
  const writes = Array.from({ length: 12 }, async (_, i) => {
    await writer.write(Uint8Array.of(i));
    handedOver++;
  });
  await settle();
  assertEquals(handedOver, FRAMES_IN_FLIGHT);
  for (let i = 0; i < 12; i++) assertEquals(await readOne(reader), i);
  await Promise.all(writes);
  await Promise.all([link.close(), farLink.close()]);
});

Deno.test("FrameWriter.write drops a frame that lost its purpose while it waited", async () => {
  const { writer, reader, link, farLink } = ends();
  const writes = Array.from({ length: FRAMES_IN_FLIGHT }, (_, i) => writer.write(Uint8Array.of(i)));
  let isWanted = true;
  const late = writer.write(Uint8Array.of(99), { isWanted: () => isWanted });
  isWanted = false;
  const last = writer.write(Uint8Array.of(100));
  for (let i = 0; i < FRAMES_IN_FLIGHT; i++) assertEquals(await readOne(reader), i);
  assertEquals(await readOne(reader), 100);
  await Promise.all([...writes, late, last]);
  await Promise.all([link.close(), farLink.close()]);
});

Deno.test("FrameWriter.flush waits for what still waits for its place", async () => {
  const { writer, reader, link, farLink } = ends();
  // So large that none is handed over together with another.
  const frames = Array.from({ length: 20 }, (_, i) => new Uint8Array(20_000).fill(i));
  const writes = frames.map((frame) => writer.write(frame));
  let isFlushed = false;
  const flushing = writer.flush().then(() => isFlushed = true);
  for (let i = 0; i < 19; i++) {
    assertEquals(await readOne(reader), i);
    assert(!isFlushed);
  }
  assertEquals(await readOne(reader), 19);
  await Promise.all([...writes, flushing]);
  await Promise.all([link.close(), farLink.close()]);
});

Deno.test("FrameWriter gives all places back when the link fails", async () => {
  const { writer, link } = ends();
  const writes = Array.from({ length: 30 }, () => writer.write(new Uint8Array(9)));
  link.fail(new Reason());
  await Promise.all(writes);
  await assertRejects(() => writer.flush(), Reason);
});

Deno.test("FrameWriter fails the link when the frames are used up", async () => {
  const { writer, link } = ends(new FrameCounter(MAX_FRAMES));
  writer.writeNow(Uint8Array.of(1));
  await assertRejects(() => writer.flush(), ProtocolError, "counter-exhausted");
  assert(link.isOver);
});

Deno.test("FrameWriter.writeNow fails the link after 4,096 frames that nobody reads", async () => {
  const { writer, link } = ends();
  for (let i = 0; i < 4_096; i++) writer.writeNow(Uint8Array.of(1));
  assert(!link.isOver);
  writer.writeNow(Uint8Array.of(1));
  await assertRejects(() => link.broken, ProtocolError, "too-many-messages");
  await writer.flush().catch(() => {});
});

Deno.test("FrameWriter fails the link when the transport breaks", async () => {
  const link = new Link({
    readable: new ReadableStream(),
    writable: new WritableStream({ write: () => Promise.reject(new Reason()) }),
  });
  const writer = new FrameWriter(link, new FrameSealer(keys("seal")));
  await writer.write(Uint8Array.of(1));
  await assertRejects(() => writer.flush(), ConnectionError, "connection-lost");
});

Deno.test("FrameWriter.settle waits for what is being sealed although the link has failed", async () => {
  const { writer, link } = ends();
  const plaintexts = Array.from({ length: 20 }, () => new Uint8Array(60_000));
  const writes = plaintexts.map((plaintext) => writer.write(plaintext));
  link.fail(new Reason());
  await writer.settle();
  // A plaintext is let go once it is sealed.
  assert(plaintexts.every(({ length }) => length === 0));
  await Promise.all(writes);
});
