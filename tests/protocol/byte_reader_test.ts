import fc from "fast-check";
import { ByteReader } from "../../protocol/byte_reader.ts";
import { copyBytes, encodeUtf8 } from "../../protocol/bytes.ts";
import { ConnectionError, ProtocolError } from "../../protocol/errors.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { streamOf } from "../support/duplex_cuts.ts";

const CUTS = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });

/** The same bytes as a stream that fills the memory that it is given. */
function byteStreamOf(...pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = pieces.filter(({ length }) => length > 0).map(copyBytes);
  return new ReadableStream({
    type: "bytes",
    pull(controller): void {
      const piece = left.shift();
      if (piece === undefined) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else controller.enqueue(piece);
    },
  });
}

Deno.test("ByteReader reads the same whatever the cuts, from either kind of stream", async () => {
  await fc.assert(
    fc.asyncProperty(CUTS, fc.integer({ min: 1, max: 30 }), async (pieces, length) => {
      const whole = pieces.flatMap((piece) => [...piece]);
      for (const open of [streamOf, byteStreamOf]) {
        const reader = new ByteReader(open(...pieces.map(copyBytes)));
        let offset = 0;
        for (; offset + length <= whole.length; offset += length) {
          const bytes = await reader.readExactly(length);
          assertEquals(bytes?.join(), whole.slice(offset, offset + length).join());
        }
        if (offset === whole.length) assertEquals(await reader.readExactly(length), null);
        else await assertRejects(() => reader.readExactly(length), ConnectionError, "truncated");
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("ByteReader.readExactly gives bytes that own their memory", async () => {
  for (const open of [streamOf, byteStreamOf]) {
    const reader = new ByteReader(open(Uint8Array.of(1, 2, 3, 4)));
    const first = await reader.readExactly(2);
    const second = await reader.readExactly(2);
    assertEquals([first?.join(), second?.join()], ["1,2", "3,4"]);
    assertEquals(first?.buffer.byteLength, 2);
    assertEquals(reader.buffered, 0);
  }
});

Deno.test("ByteReader.readSome reads all that came, whatever the cuts, and null at the end", async () => {
  await fc.assert(
    fc.asyncProperty(CUTS, async (pieces) => {
      for (const open of [streamOf, byteStreamOf]) {
        const reader = new ByteReader(open(...pieces.map(copyBytes)));
        const read: number[] = [];
        for (let some; (some = await reader.readSome()) !== null;) {
          assert(some.length > 0);
          read.push(...some);
        }
        assertEquals(read, pieces.flatMap((piece) => [...piece]));
        assertEquals(await reader.readSome(), null);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("ByteReader.readSome gives what is left behind a line, and does not wait for more", async () => {
  for (const open of [streamOf, byteStreamOf]) {
    const reader = new ByteReader(open(encodeUtf8("ab\ncd"), encodeUtf8("ef")));
    await reader.readLine(8);
    assertEquals((await reader.readSome())?.join(), encodeUtf8("cd").join());
    assertEquals(reader.buffered, 0);
    assertEquals((await reader.readSome())?.join(), encodeUtf8("ef").join());
  }
});

Deno.test("ByteReader.readSome uses the memory of a byte stream again", async () => {
  const reader = new ByteReader(byteStreamOf(Uint8Array.of(1), Uint8Array.of(2)));
  const first = await reader.readSome();
  assertEquals(first?.join(), "1");
  assertEquals((await reader.readSome())?.join(), "2");
  assertEquals(first?.length, 0, "its memory went to the second");
});

Deno.test("ByteReader.readLine ends at the first newline and leaves the rest", async () => {
  for (const size of [1, 2, 100]) {
    const bytes = encodeUtf8("ab\n\ncd");
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.slice(i, i + size));
    const reader = new ByteReader(streamOf(...pieces));
    assertEquals(await reader.readLine(8), encodeUtf8("ab\n"));
    assertEquals(await reader.readLine(8), encodeUtf8("\n"));
    await assertRejects(() => reader.readLine(8), ConnectionError, "truncated");
  }
});

Deno.test("ByteReader.readLine allows the limit with its newline and not one byte more", async () => {
  for (const cut of [1, 5, 7]) {
    const line = encodeUtf8("1234567\n");
    const pieces = () => [line.slice(0, cut), line.slice(cut)];
    assertEquals(await new ByteReader(streamOf(...pieces())).readLine(8), line);
    const reader = new ByteReader(streamOf(...pieces()));
    await assertRejects(() => reader.readLine(7), ProtocolError, "line-too-long");
  }
});

Deno.test("ByteReader.readLine refuses a line without end before it is all here", async () => {
  let given = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller): void {
      given++;
      controller.enqueue(new Uint8Array(1_000).fill(0x7b));
    },
  }, { highWaterMark: 0 });
  const reader = new ByteReader(endless);
  await assertRejects(() => reader.readLine(8_192), ProtocolError, "line-too-long");
  assert(given <= 9);
  await reader.cancel();
});

Deno.test("ByteReader.cancel ends a read that waits", async () => {
  for (const readable of [new ReadableStream(), new ReadableStream({ type: "bytes" })]) {
    const reader = new ByteReader(readable);
    const reading = reader.readExactly(1);
    await reader.cancel();
    assertEquals(await reading, null);
    assertEquals([await reader.readExactly(1), await reader.readSome()], [null, null]);
    await reader.cancel();
  }
});

Deno.test("ByteReader reports a stream that breaks as connection-lost, with its cause", async () => {
  const cause = new TypeError("reset");
  const reader = new ByteReader(new ReadableStream({ start: (c) => c.error(cause) }));
  const error = await assertRejects(
    () => reader.readExactly(1),
    ConnectionError,
    "connection-lost",
  );
  assertEquals(error.cause, cause);
  await reader.cancel();
});

Deno.test("ByteReader passes on a failure that a transport has named itself", async () => {
  const cause = new ConnectionError("timed-out", "late");
  const reader = new ByteReader(new ReadableStream({ start: (c) => c.error(cause) }));
  assertEquals(await reader.readExactly(1).catch((error) => error), cause);
});

Deno.test("ByteReader says when bytes have arrived", async () => {
  const reader = new ByteReader(ReadableStream.from([Uint8Array.of(1, 2)]));
  let calls = 0;
  reader.onBytes = () => calls++;
  await reader.readExactly(1);
  await reader.readExactly(1);
  assertEquals(calls, 1);
});
