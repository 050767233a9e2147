import fc from "fast-check";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  checkSealedLength,
  decodeFrame,
  encodeChunkFrame,
  encodeMessageFrame,
  encodePingFrame,
  encodeResetFrame,
  encodeWindowFrame,
  type Frame,
} from "../../protocol/frame.ts";
import { MAX_CHUNK_BYTES, MAX_SEALED_BYTES } from "../../protocol/limits.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const UINT_32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const UINT_16 = fc.integer({ min: 0, max: 65_535 });

function encode(frame: Frame): Uint8Array<ArrayBuffer> {
  switch (frame.kind) {
    case "message":
      return encodeMessageFrame(JSON.parse(new TextDecoder().decode(frame.json)));
    case "chunk":
      return encodeChunkFrame(frame.bytes, frame);
    case "window":
      return encodeWindowFrame(frame.streamId, frame.granted);
    case "reset":
      return encodeResetFrame(frame.streamId, frame.code);
    case "ping":
    case "pong":
      return encodePingFrame(frame.payload, frame.kind);
  }
}

Deno.test("decodeFrame reads what the encoders write", () => {
  const bytes = (minLength: number, maxLength: number) =>
    fc.uint8Array({ minLength, maxLength }).map((value) => new Uint8Array(value));
  const frames: fc.Arbitrary<Frame> = fc.oneof(
    fc.dictionary(fc.string(), fc.string())
      .map((value) => ({ kind: "message", json: encodeUtf8(JSON.stringify(value)) }) as const),
    fc.record({
      kind: fc.constant("chunk" as const),
      streamId: UINT_32,
      bytes: bytes(1, 300),
      isLast: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("window" as const), streamId: UINT_32, granted: UINT_32 }),
    fc.record({ kind: fc.constant("reset" as const), streamId: UINT_32, code: UINT_16 }),
    fc.record({ kind: fc.constantFrom("ping" as const, "pong" as const), payload: bytes(8, 8) }),
  );
  fc.assert(fc.property(frames, (frame) => assertEquals(decodeFrame(encode(frame)), { ...frame })));
});

Deno.test("decodeFrame gives a frame or frame-malformed for any bytes, and what it reads it writes", () => {
  const any = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 20 }));
  fc.assert(
    fc.property(any, ([kind, body]) => {
      const plaintext = new Uint8Array([kind, ...body]);
      let frame: Frame;
      try {
        frame = decodeFrame(plaintext.slice());
      } catch (error) {
        assert(error instanceof ProtocolError && error.code === "frame-malformed");
        return;
      }
      if (frame.kind !== "message") assertEquals(encode(frame), plaintext);
    }),
    { numRuns: 1_000 },
  );
});

const MALFORMED: Readonly<Record<string, readonly number[]>> = {
  "kind 0": [0],
  "kind 8": [8, 0, 0, 0, 0],
  "a chunk without its stream": [2, 0, 0, 0],
  "an empty chunk": [2, 0, 0, 0, 0],
  "a last chunk without its stream": [3, 0, 0, 0],
  "a short window": [4, ...Array(7).fill(0)],
  "a long window": [4, ...Array(9).fill(0)],
  "a short reset": [5, ...Array(5).fill(0)],
  "a long reset": [5, ...Array(7).fill(0)],
  "a short ping": [6, ...Array(7).fill(0)],
  "a long pong": [7, ...Array(9).fill(0)],
  "a chunk of 65,537 bytes": [2, ...Array(4 + 65_537).fill(0)],
  "a message of 65,537 bytes": [1, ...Array(65_537).fill(0)],
};

for (const [what, bytes] of Object.entries(MALFORMED)) {
  Deno.test(`decodeFrame refuses ${what}`, () => {
    assertThrows(() => decodeFrame(new Uint8Array(bytes)), ProtocolError, "frame-malformed");
  });
}

Deno.test("decodeFrame takes an empty last chunk and the largest of each kind", () => {
  const last = decodeFrame(Uint8Array.of(3, 0, 0, 0, 7));
  assertEquals(last, { kind: "chunk", streamId: 7, bytes: new Uint8Array(0), isLast: true });
  const chunk = encodeChunkFrame(new Uint8Array(MAX_CHUNK_BYTES), { streamId: 1, isLast: false });
  assertEquals(decodeFrame(chunk).kind, "chunk");
  const message = encodeMessageFrame({ T: "x".repeat(65_528) });
  assertEquals(message.length, 65_537);
  assertEquals(decodeFrame(message).kind, "message");
});

Deno.test("the encoders refuse what no peer would take", () => {
  const options = { streamId: 1, isLast: false };
  assertThrows(() => encodeMessageFrame({ T: "x".repeat(65_529) }), RangeError);
  assertThrows(() => encodeChunkFrame(new Uint8Array(65_537), options), RangeError);
  assertThrows(() => encodeChunkFrame(new Uint8Array(0), options), RangeError);
  assertThrows(() => encodePingFrame(new Uint8Array(7), "ping"), RangeError);
});

Deno.test("checkSealedLength allows 17 to the limit", () => {
  checkSealedLength(17, MAX_SEALED_BYTES);
  checkSealedLength(MAX_SEALED_BYTES, MAX_SEALED_BYTES);
  for (const [length, code] of [[16, "frame-malformed"], [65_558, "frame-too-large"]] as const) {
    assertThrows(() => checkSealedLength(length, MAX_SEALED_BYTES), ProtocolError, code);
  }
});
