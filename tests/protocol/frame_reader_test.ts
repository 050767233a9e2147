import fc from "fast-check";
import { type Bytes, joinBytes } from "../../protocol/bytes.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { ConnectionError, FluxVaultError, ProtocolError } from "../../protocol/errors.ts";
import { FrameReader } from "../../protocol/frame_reader.ts";
import { DirectionKeys } from "../../protocol/key_schedule.ts";
import { MAX_SEALED_BYTES } from "../../protocol/limits.ts";
import { Link } from "../../protocol/link.ts";
import { FrameOpener, FrameSealer } from "../../protocol/sealing.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { cutArrivals, deafDuplex, flipBit, streamOf } from "../support/duplex_cuts.ts";

const SOON_MS = 10;
const SECRET = new Uint8Array(32).fill(7);
const transcript = new Uint8Array(32).fill(9);

async function sealAll(plaintexts: readonly Bytes[]): Promise<Bytes[]> {
  const sealer = new FrameSealer(
    new DirectionKeys(SECRET.slice(), { transcript, use: "seal" }),
  );
  return await Promise.all(plaintexts.map((plaintext) => sealer.seal(plaintext.slice())));
}

function readerOf(duplex: Duplex, frameTimeoutMs?: number): { link: Link; reader: FrameReader } {
  const link = new Link(duplex);
  const opener = new FrameOpener(
    new DirectionKeys(SECRET.slice(), { transcript, use: "open" }),
  );
  const options = frameTimeoutMs === undefined ? {} : { frameTimeoutMs };
  return { link, reader: new FrameReader(link, opener, options) };
}

/** Reads everything; returns what was handed on before the end or the failure. */
async function readAll(duplex: Duplex): Promise<{ taken: Bytes[]; error: unknown }> {
  const { reader } = readerOf(duplex);
  const taken: Bytes[] = [];
  let error: unknown = null;
  try {
    await reader.forEach((plaintext) => taken.push(plaintext.slice()), () => {});
  } catch (reason) {
    error = reason;
  }
  return { taken, error };
}

const SHORT = [Uint8Array.of(1), Uint8Array.of(2, 3), Uint8Array.of(4, 5, 6)];

Deno.test("FrameReader hands on the same frames however the stream is cut", async () => {
  const plaintexts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 30 });
  const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(plaintexts, cuts, async (list, sizes) => {
      const whole = list.map((bytes) => new Uint8Array(bytes));
      const wire = streamOf(joinBytes(await sealAll(whole)));
      let i = 0;
      const cutter = () => sizes[i++ % sizes.length] ?? 1;
      const { taken, error } = await readAll(cutArrivals(deafDuplex(wire), cutter));
      assertEquals(error, null);
      assertEquals(taken, whole);
    }),
    { numRuns: 50 },
  );
});

Deno.test("FrameReader fails for every bit that is flipped, and hands on what came before", async () => {
  const frames = await sealAll(SHORT);
  const stream = joinBytes(frames);
  const first = frames[0]?.length ?? 0;
  const second = first + (frames[1]?.length ?? 0);
  for (let bit = 0; bit < stream.length * 8; bit++) {
    const { taken, error } = await readAll(deafDuplex(streamOf(flipBit(stream, bit))));
    const before = bit < first * 8 ? 0 : bit < second * 8 ? 1 : 2;
    assertEquals(taken, SHORT.slice(0, before), `bit ${bit}`);
    assert(error instanceof FluxVaultError, `bit ${bit}`);
    const codes = ["open-failed", "frame-malformed", "frame-too-large", "truncated"];
    assert(codes.includes(error.code), `bit ${bit}: ${error.code}`);
  }
});

const DISORDER: readonly (readonly [string, (frames: Bytes[]) => Bytes[], number])[] = [
  ["replayed", ([a, b, c]) => [a, a, b, c] as Bytes[], 1],
  ["dropped", ([, b, c]) => [b, c] as Bytes[], 0],
  ["reordered", ([a, b, c]) => [a, c, b] as Bytes[], 1],
];

for (const [what, disturb, before] of DISORDER) {
  Deno.test(`FrameReader refuses a frame that was ${what} with open-failed`, async () => {
    const frames = disturb(await sealAll(SHORT));
    const { taken, error } = await readAll(deafDuplex(streamOf(joinBytes(frames))));
    assert(error instanceof ProtocolError);
    assertEquals(error.code, "open-failed");
    assertEquals(taken, SHORT.slice(0, before));
  });
}

Deno.test("FrameReader tells an end between frames from one within a frame", async () => {
  const stream = joinBytes(await sealAll(SHORT));
  const whole = await readAll(deafDuplex(streamOf(stream)));
  assertEquals([whole.taken, whole.error], [SHORT, null]);
  for (const length of [1, 3, 4, 5, stream.length - 1]) {
    const { error } = await readAll(deafDuplex(streamOf(stream.subarray(0, length))));
    assert(error instanceof ConnectionError, `${length}`);
    assertEquals(error.code, "truncated");
  }
});

Deno.test("FrameReader refuses a frame by its length before its body is there", async () => {
  const tooLong = new Uint8Array([0, 1, 0, 22]);
  assertEquals(MAX_SEALED_BYTES + 1, 65_558);
  for (
    const [header, code] of [[tooLong, "frame-too-large"], [
      new Uint8Array([0, 0, 0, 16]),
      "frame-malformed",
    ]] as const
  ) {
    const endless = new ReadableStream<Uint8Array>({ start: (c) => c.enqueue(header.slice()) });
    const { reader, link } = readerOf(deafDuplex(endless));
    await assertRejects(() => reader.read(MAX_SEALED_BYTES), ProtocolError, code);
    await link.close();
  }
});

Deno.test("FrameReader.forEach hands on what came before a connection broke", async () => {
  const frames = await sealAll(SHORT);
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(joinBytes(frames)),
    pull: (controller) => controller.error(new TypeError("reset")),
  }, { highWaterMark: 0 });
  const { taken, error } = await readAll(deafDuplex(broken));
  assert(error instanceof ConnectionError);
  assertEquals(error.code, "connection-lost");
  assertEquals(taken, SHORT);
});

Deno.test("FrameReader.forEach reports what its taker threw, and takes nothing after it", async () => {
  const { reader } = readerOf(deafDuplex(streamOf(joinBytes(await sealAll(SHORT)))));
  const seen: number[] = [];
  const failures: unknown[] = [];
  const failure = new ProtocolError("frame-malformed", "no");
  const reading = reader.forEach((plaintext) => {
    seen.push(plaintext.length);
    if (plaintext.length === 2) throw failure;
  }, (error) => failures.push(error));
  await assertRejects(() => reading, ProtocolError, "frame-malformed");
  assertEquals(seen, [1, 2]);
  assert(failures.length > 0 && failures.every((error) => error === failure));
});

for (
  const [what, begin] of [
    ["its header", (frame: Bytes) => frame.subarray(0, 2)],
    ["its body", (frame: Bytes) => frame.subarray(0, 9)],
  ] as const
) {
  Deno.test(`FrameReader fails with timed-out where a frame stops within ${what}`, async () => {
    const [near, far] = duplexPair();
    const { reader } = readerOf(near, SOON_MS);
    const [frame] = await sealAll(SHORT);
    const writer = far.writable.getWriter();
    const writing = writer.write(begin(frame as Bytes)).catch(() => {});
    await assertRejects(() => reader.read(MAX_SEALED_BYTES), ConnectionError, "timed-out");
    await writing;
  });
}

Deno.test("FrameReader counts the time of a frame that began in the write before it", async () => {
  const [near, far] = duplexPair();
  const { reader } = readerOf(near, SOON_MS);
  const [first, second] = await sealAll(SHORT);
  const writer = far.writable.getWriter();
  const writing = writer.write(joinBytes([first as Bytes, (second as Bytes).subarray(0, 1)]))
    .catch(() => {});
  assertEquals(await reader.read(MAX_SEALED_BYTES), SHORT[0] as Bytes);
  await assertRejects(() => reader.read(MAX_SEALED_BYTES), ConnectionError, "timed-out");
  await writing;
});
