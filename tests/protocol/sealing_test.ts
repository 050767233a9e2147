import fc from "fast-check";
import { type Bytes, copyBytes, encodeHex, readUint32 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { DirectionKeys } from "../../protocol/key_schedule.ts";
import { FRAMES_PER_EPOCH, MAX_FRAMES, TAG_BYTES } from "../../protocol/limits.ts";
import { FrameCounter } from "../../protocol/nonce.ts";
import { FrameOpener, FrameSealer, releaseMemory } from "../../protocol/sealing.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";

const transcript = new Uint8Array(32).fill(2);

function keys(use: "seal" | "open"): DirectionKeys {
  return new DirectionKeys(new Uint8Array(32).fill(1), { transcript, use });
}

function openerFrom(first = 0): FrameOpener {
  return new FrameOpener(keys("open"), new FrameCounter(first));
}

function sealerFrom(first = 0): FrameSealer {
  return new FrameSealer(keys("seal"), new FrameCounter(first));
}

async function seal(plaintext: Uint8Array): Promise<Bytes> {
  return await sealerFrom().seal(copyBytes(plaintext));
}

Deno.test("FrameOpener opens what FrameSealer seals", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), async (plaintext) => {
      const frame = await seal(plaintext);
      assertEquals(readUint32(frame, 0), plaintext.length + TAG_BYTES);
      assertEquals(frame.length, 4 + plaintext.length + TAG_BYTES);
      assertEquals(await openerFrom().open(frame.slice(4)), copyBytes(plaintext));
    }),
    { numRuns: 40 },
  );
});

Deno.test("FrameOpener refuses a frame with any bit flipped, one byte more or one less", async () => {
  const frame = (await seal(Uint8Array.of(1, 2, 3))).slice(4);
  const bad = Array.from({ length: frame.length * 8 }, (_, bit) => flipBit(frame, bit));
  bad.push(frame.slice(1), frame.slice(0, -1), new Uint8Array([...frame, 0]));
  for (const sealed of bad) {
    await assertRejects(() => openerFrom().open(sealed), ProtocolError, "open-failed");
  }
});

Deno.test("FrameSealer never gives two frames of the same bytes the same ciphertext", async () => {
  const sealer = sealerFrom();
  const frames = await Promise.all(
    Array.from({ length: 500 }, () => sealer.seal(new Uint8Array(9))),
  );
  assertEquals(new Set(frames.map(encodeHex)).size, 500);
});

Deno.test("FrameSealer and FrameOpener change keys at frame 65,536, with several under way", async () => {
  const first = FRAMES_PER_EPOCH - 4;
  const sealer = sealerFrom(first);
  const plaintexts = Array.from({ length: 12 }, (_, i) => Uint8Array.of(i, i));
  const frames = await Promise.all(plaintexts.map((bytes) => sealer.seal(bytes.slice())));
  const opener = openerFrom(first);
  const opened = await Promise.all(frames.map((frame) => opener.open(frame.slice(4))));
  assertEquals(opened, plaintexts);
  // The frame behind the border does not open under the key before it.
  const straight = openerFrom(0);
  await assertRejects(
    () => straight.open((frames[4] as Bytes).slice(4)),
    ProtocolError,
    "open-failed",
  );
});

Deno.test("FrameSealer and FrameOpener reach the second epoch through 65,536 frames", async () => {
  const [sealer, opener] = [sealerFrom(), openerFrom()];
  for (let sent = 0; sent < FRAMES_PER_EPOCH; sent += 2_048) {
    const frames = await Promise.all(
      Array.from({ length: 2_048 }, () => sealer.seal(new Uint8Array(1))),
    );
    await Promise.all(frames.map((frame) => opener.open(frame.subarray(4).slice())));
  }
  const frame = await sealer.seal(Uint8Array.of(7));
  assertEquals(await opener.open(frame.slice(4)), Uint8Array.of(7));
});

Deno.test("FrameSealer and FrameOpener stop at 2^48 frames with counter-exhausted", async () => {
  const sealing = () => sealerFrom(MAX_FRAMES).seal(new Uint8Array(1));
  await assertRejects(sealing, ProtocolError, "counter-exhausted");
  const opening = () => openerFrom(MAX_FRAMES).open(new Uint8Array(17));
  await assertRejects(opening, ProtocolError, "counter-exhausted");
});

Deno.test("FrameSealer and FrameOpener let go of what they used up", async () => {
  const plaintext = new Uint8Array(9);
  const frame = await sealerFrom().seal(plaintext);
  assertEquals(plaintext.length, 0);
  const sealed = frame.slice(4);
  await openerFrom().open(sealed);
  assertEquals(sealed.length, 0);
});

Deno.test("releaseMemory detaches plain memory and leaves shared memory alone", () => {
  const bytes = new Uint8Array(8);
  releaseMemory(bytes.subarray(2));
  assertEquals(bytes.length, 0);
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  releaseMemory(shared);
  assert(shared.length === 8);
});
