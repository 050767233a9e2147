import fc from "fast-check";
import { joinBytes, randomBytes } from "../../protocol/bytes.ts";
import {
  compress,
  compressLines,
  compressWhole,
  decompress,
  decompressWhole,
  measureCompressed,
} from "../../protocol/content_encoding.ts";
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

Deno.test("decompressWhole restores what compressWhole made", async () => {
  const packed = await compressWhole(TEXT);
  assert(packed !== null && packed.length < TEXT.length / 50);
  assertEquals(await decompressWhole(piecesOf(packed, 100), TEXT.length), TEXT);
});

Deno.test("decompressWhole takes no more than was stated, and no less", async () => {
  const packed = await compressWhole(TEXT) ?? TEXT;
  for (const size of [0, TEXT.length - 1, TEXT.length + 1]) {
    const run = () => decompressWhole(piecesOf(packed, 4_096), size);
    await assertRejects(run, ProtocolError, "digest-mismatch");
  }
});

/** Bytes of which so many are at random, in front of others that are not. */
function mixed(random: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < random; at += 65_536) {
    bytes.set(randomBytes(Math.min(65_536, random - at)), at);
  }
  return bytes;
}

Deno.test("compressWhole leaves what gets no shorter by a tenth as it is", async () => {
  assertEquals(await compressWhole(mixed(10_000, 10_000)), null);
  assertEquals(await compressWhole(mixed(9_300, 10_000)), null);
  assert(await compressWhole(mixed(8_000, 10_000)) !== null);
  assertEquals(await compressWhole(new Uint8Array(0)), null);
});

Deno.test("compressWhole tries the first 16 KiB of what is longer than 32, and gives up there", async () => {
  assertEquals(await compressWhole(mixed(16_384, 262_144)), null);
  const packed = await compressWhole(mixed(16_384, 32_768));
  assert(packed !== null && packed.length < 20_000);
});

Deno.test("compressLines compresses what is wanted so and has 4 KiB", async () => {
  const accepting = { acceptsDeflate: true } as const;
  assert(await compressLines(TEXT.slice(0, 4_096), accepting) !== null);
  assertEquals(await compressLines(TEXT.slice(0, 4_095), accepting), null);
  assertEquals(await compressLines(TEXT, {}), null);
});
