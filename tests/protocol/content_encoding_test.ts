import fc from "fast-check";
import { joinBytes } from "../../protocol/bytes.ts";
import { compress, decompress, measureCompressed } from "../../protocol/content_encoding.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

/** Pieces through one buffer, as a file is read. */
async function* piecesOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let at = 0; at < bytes.length; at += length) {
    const piece = bytes.subarray(at, at + length);
    buffer.set(piece);
    yield await Promise.resolve(buffer.subarray(0, piece.length));
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return joinBytes(parts);
}

const TEXT = new TextEncoder().encode("listen 8080;\n".repeat(50_000));

Deno.test("decompress restores what compress made, however it is cut", async () => {
  const cases = fc.tuple(fc.uint8Array({ maxLength: 4_096 }), fc.integer({ min: 1, max: 99 }));
  await fc.assert(
    fc.asyncProperty(cases, async ([bytes, length]) => {
      const packed = await collect(compress(piecesOf(bytes, length)));
      const restored = await collect(decompress(piecesOf(packed, length), bytes.length));
      assertEquals([...restored], [...bytes]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("measureCompressed tells how many bytes compress makes", async () => {
  const packed = await collect(compress(piecesOf(TEXT, 4_096)));
  assertEquals(await measureCompressed(piecesOf(TEXT, 4_096)), packed.length);
  assert(packed.length < TEXT.length / 50);
});

for (const [what, size] of [["more", TEXT.length - 1], ["less", TEXT.length + 1]] as const) {
  Deno.test(`decompress refuses ${what} than was stated`, async () => {
    const packed = await collect(compress(piecesOf(TEXT, 4_096)));
    const error = await assertRejects(
      () => collect(decompress(piecesOf(packed, 4_096), size)),
      ProtocolError,
    );
    assertEquals(error.code, "digest-mismatch");
  });
}

Deno.test("decompress stops at the first byte too many, not at the end of a bomb", async () => {
  const zeros = new Uint8Array(1_048_576);
  const packed = await collect(compress((async function* () {
    for (let i = 0; i < 64; i++) yield await Promise.resolve(zeros);
  })()));
  let taken = 0;
  await assertRejects(async () => {
    for await (const chunk of decompress(piecesOf(packed, 512), 1_000)) taken += chunk.length;
  }, ProtocolError);
  assert(taken <= 1_000, `${taken} bytes came through`);
});

Deno.test("decompress restores a bomb in pieces of a bounded size, however it arrives", async () => {
  const zeros = new Uint8Array(1_048_576);
  const packed = await collect(compress((async function* () {
    for (let i = 0; i < 48; i++) yield await Promise.resolve(zeros);
  })()));
  const size = 48 * zeros.length;
  let longest = 0;
  let total = 0;
  for await (const chunk of decompress(piecesOf(packed, packed.length), size)) {
    longest = Math.max(longest, chunk.length);
    total += chunk.length;
  }
  assertEquals(total, size);
  assert(packed.length < 65_536 && longest <= 4_096 * 1_032, `${longest} bytes at once`);
});

Deno.test("decompress refuses bytes that are no such encoding", async () => {
  const error = await assertRejects(
    () => collect(decompress(piecesOf(new Uint8Array(64).fill(0xff), 16), 64)),
    ProtocolError,
  );
  assertEquals(error.code, "digest-mismatch");
});

Deno.test("decompress passes on what its source throws", async () => {
  const lost = new Error("the session is over");
  async function* source(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(1));
    throw lost;
  }
  const thrown = await collect(decompress(source(), 5)).catch((error) => error);
  assertEquals(thrown === lost, true);
});
