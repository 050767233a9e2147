import { encodeHex } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { FRAMES_PER_EPOCH, MAX_FRAMES } from "../../protocol/limits.ts";
import { FrameCounter, frameNonce } from "../../protocol/nonce.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("FrameCounter numbers the frames of an epoch from 0 and goes on with the next", () => {
  assertEquals(new FrameCounter().take(), { epoch: 0, counter: 0 });
  const counter = new FrameCounter(FRAMES_PER_EPOCH - 1);
  assertEquals(counter.take(), { epoch: 0, counter: 65_535 });
  assertEquals(counter.take(), { epoch: 1, counter: 0 });
  assertEquals(counter.take(), { epoch: 1, counter: 1 });
});

Deno.test("FrameCounter refuses to count past 2^48, again and again", () => {
  const counter = new FrameCounter(MAX_FRAMES - 1);
  assertEquals(counter.take(), { epoch: 2 ** 32 - 1, counter: 65_535 });
  for (let i = 0; i < 3; i++) {
    assertThrows(() => counter.take(), ProtocolError, "counter-exhausted");
  }
});

Deno.test("frameNonce mixes the counter into the last bytes and leaves the vector as it is", () => {
  const iv = new Uint8Array(12).fill(0xff);
  assertEquals(encodeHex(frameNonce(iv, 0x1234)), "ffffffffffffffffffffedcb");
  assertEquals(encodeHex(iv), "ff".repeat(12));
});

Deno.test("frameNonce never gives the same nonce twice in an epoch", () => {
  const iv = Uint8Array.from({ length: 12 }, (_, i) => i * 21);
  const seen = new Set<string>();
  for (let i = 0; i < FRAMES_PER_EPOCH; i++) seen.add(encodeHex(frameNonce(iv, i)));
  assertEquals(seen.size, FRAMES_PER_EPOCH);
});

Deno.test("frameNonce refuses a vector of another length", () => {
  for (const length of [0, 8, 11, 13, 16]) {
    assertThrows(() => frameNonce(new Uint8Array(length), 0), RangeError);
  }
});
