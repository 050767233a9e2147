import { ConnectionError, ProtocolError } from "../../protocol/errors.ts";
import { INITIAL_WINDOW_BYTES, MAX_CHUNK_BYTES, MAX_WINDOW_BYTES } from "../../protocol/limits.ts";
import {
  ReceiveStream,
  RESET_CODE,
  SendStream,
  type StreamCarrier,
  StreamResetError,
} from "../../protocol/streams.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";

const HALF = INITIAL_WINDOW_BYTES / 2;

class Reason extends Error {}

/** Writes down what a stream asks of its session. */
class RecordingCarrier implements StreamCarrier {
  readonly chunks: [bytes: number, isLast: boolean][] = [];
  readonly windows: number[] = [];
  readonly resets: number[] = [];

  sendChunk(bytes: Uint8Array, isLast: boolean): Promise<void> {
    this.chunks.push([bytes.length, isLast]);
    return Promise.resolve();
  }

  sendWindow(granted: number): void {
    this.windows.push(granted);
  }

  sendReset(code: number): void {
    this.resets.push(code);
  }
}

function sendStream(size: number | null): { stream: SendStream; carrier: RecordingCarrier } {
  const carrier = new RecordingCarrier();
  return { stream: new SendStream(1, { size, carrier }), carrier };
}

function receiveStream(size: number | null): { stream: ReceiveStream; carrier: RecordingCarrier } {
  const carrier = new RecordingCarrier();
  return { stream: new ReceiveStream(2, { size, carrier }), carrier };
}

/** Lets everything run that waits for nothing else. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

async function countBytes(stream: ReceiveStream): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}

Deno.test("SendStream cuts what it is given into chunks and marks the last", async () => {
  const { stream, carrier } = sendStream(2 * MAX_CHUNK_BYTES + 5);
  await stream.write(new Uint8Array(MAX_CHUNK_BYTES + 1));
  await stream.write(new Uint8Array(MAX_CHUNK_BYTES + 4));
  assertEquals(carrier.chunks, [
    [MAX_CHUNK_BYTES, false],
    [1, false],
    [MAX_CHUNK_BYTES, false],
    [4, true],
  ]);
  assert(stream.isOver);
  await stream.end();
  assertEquals(carrier.chunks.length, 4);
});

Deno.test("SendStream of a whole number of chunks ends with a full one", async () => {
  const { stream, carrier } = sendStream(2 * MAX_CHUNK_BYTES);
  await stream.write(new Uint8Array(2 * MAX_CHUNK_BYTES));
  await stream.end();
  assertEquals(carrier.chunks, [[MAX_CHUNK_BYTES, false], [MAX_CHUNK_BYTES, true]]);
});

Deno.test("SendStream of no bytes ends with an empty last chunk, once", async () => {
  const { stream, carrier } = sendStream(0);
  await stream.write(new Uint8Array(0));
  assert(!stream.isOver);
  await stream.end();
  await stream.end();
  assertEquals(carrier.chunks, [[0, true]]);
});

Deno.test("SendStream refuses more and fewer bytes than were stated", async () => {
  const { stream } = sendStream(3);
  await assertRejects(() => stream.write(new Uint8Array(4)), RangeError);
  await stream.write(new Uint8Array(2));
  await assertRejects(() => stream.end(), RangeError);
});

Deno.test("SendStream waits for the window and goes on with what is granted", async () => {
  const { stream, carrier } = sendStream(INITIAL_WINDOW_BYTES + 300);
  const writing = stream.write(new Uint8Array(INITIAL_WINDOW_BYTES + 300));
  await settle();
  const sent = () => carrier.chunks.reduce((sum, [bytes]) => sum + bytes, 0);
  assertEquals(sent(), INITIAL_WINDOW_BYTES);
  stream.grant(0);
  await settle();
  assertEquals(sent(), INITIAL_WINDOW_BYTES);
  stream.grant(100);
  await settle();
  assertEquals(sent(), INITIAL_WINDOW_BYTES + 100);
  stream.grant(200);
  await writing;
  assertEquals(carrier.chunks.at(-1), [200, true]);
});

Deno.test("SendStream refuses a window that passes 2^31 - 1", () => {
  const { stream } = sendStream(1);
  stream.grant(MAX_WINDOW_BYTES - INITIAL_WINDOW_BYTES);
  assertThrows(() => stream.grant(1), ProtocolError, "window-exceeded");
});

Deno.test("SendStream ends a waiting write with the failure, and each later one", async () => {
  const { stream } = sendStream(2 * INITIAL_WINDOW_BYTES);
  const writing = stream.write(new Uint8Array(2 * INITIAL_WINDOW_BYTES));
  await settle();
  stream.fail(new Reason());
  stream.fail(new TypeError("later"));
  await assertRejects(() => writing, Reason);
  await assertRejects(() => stream.write(new Uint8Array(1)), Reason);
  await assertRejects(() => stream.end(), Reason);
});

Deno.test("SendStream tells of a failure that met its last chunk on the way", async () => {
  const { stream, carrier } = sendStream(1);
  carrier.sendChunk = () => {
    stream.fail(new Reason());
    return Promise.resolve();
  };
  await assertRejects(() => stream.write(new Uint8Array(1)), Reason);
});

Deno.test("SendStream.reset tells the peer once and not after the end", async () => {
  const { stream, carrier } = sendStream(2);
  stream.reset(RESET_CODE.changed);
  stream.reset(RESET_CODE.storage);
  assertEquals(carrier.resets, [RESET_CODE.changed]);
  const error = await assertRejects(() => stream.write(new Uint8Array(1)), StreamResetError);
  assertEquals(error.resetCode, RESET_CODE.changed);
  const over = sendStream(1);
  await over.stream.write(new Uint8Array(1));
  over.stream.reset(RESET_CODE.changed);
  assertEquals(over.carrier.resets, []);
});

Deno.test("SendStream without a size goes on until it is ended, with an empty last chunk", async () => {
  const { stream, carrier } = sendStream(null);
  assertEquals(stream.isOpenEnded, true);
  await stream.write(new Uint8Array(MAX_CHUNK_BYTES));
  await stream.write(new Uint8Array(1));
  await stream.end();
  await stream.end();
  assertEquals(carrier.chunks, [[MAX_CHUNK_BYTES, false], [1, false], [0, true]]);
  await assertRejects(() => stream.write(new Uint8Array(1)), RangeError);
  const empty = sendStream(null);
  await empty.stream.end();
  assertEquals(empty.carrier.chunks, [[0, true]]);
});

Deno.test("ReceiveStream without a size ends where its sender ends it", async () => {
  for (const last of [0, 3]) {
    const { stream, carrier } = receiveStream(null);
    const reading = countBytes(stream);
    assertEquals([stream.isOpenEnded, stream.isOver], [true, false]);
    stream.push(new Uint8Array(4), false);
    stream.push(new Uint8Array(last), true);
    assertEquals([await reading, stream.isOver], [4 + last, true]);
    assertEquals([carrier.windows, carrier.resets], [[], []]);
  }
});

Deno.test("ReceiveStream without a size grants on and on, and nothing behind the end", async () => {
  const { stream, carrier } = receiveStream(null);
  const reading = countBytes(stream);
  for (let sent = 0; sent < 4 * HALF; sent += MAX_CHUNK_BYTES) {
    stream.push(new Uint8Array(MAX_CHUNK_BYTES), sent === 4 * HALF - MAX_CHUNK_BYTES);
    await settle();
  }
  assertEquals([await reading, carrier.windows], [4 * HALF, [HALF, HALF, HALF]]);
});

Deno.test("ReceiveStream without a size is given up by leaving the loop before its end", async () => {
  const { stream, carrier } = receiveStream(null);
  stream.push(new Uint8Array(4), false);
  for await (const _chunk of stream) break;
  assertEquals([carrier.resets, stream.isOver], [[RESET_CODE.cancelled], true]);
});

Deno.test("ReceiveStream yields its pieces in order and ends with its size", async () => {
  const { stream, carrier } = receiveStream(3);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const chunk of stream) seen.push(...chunk);
  })();
  stream.push(Uint8Array.of(1), false);
  await settle();
  stream.push(Uint8Array.of(2, 3), true);
  await reading;
  assertEquals(seen, [1, 2, 3]);
  assertEquals([carrier.windows, carrier.resets], [[], []]);
});

Deno.test("ReceiveStream of no bytes ends with its empty last chunk", async () => {
  const { stream, carrier } = receiveStream(0);
  const reading = countBytes(stream);
  stream.push(new Uint8Array(0), true);
  assertEquals(await reading, 0);
  assertEquals(carrier.resets, []);
});

Deno.test("ReceiveStream lets go of a piece when the next is asked for", async () => {
  const { stream } = receiveStream(2);
  const piece = Uint8Array.of(9);
  stream.push(piece, false);
  stream.push(Uint8Array.of(8), true);
  const iterator = stream[Symbol.asyncIterator]();
  assertEquals((await iterator.next()).value, Uint8Array.of(9));
  await iterator.next();
  assertEquals(piece.length, 0);
  await iterator.return();
});

Deno.test("ReceiveStream refuses another length than was stated", () => {
  for (
    const [size, bytes, isLast] of [
      [1, 2, false],
      [1, 2, true],
      [2, 1, true],
      [1, 1, false],
      [0, 1, true],
    ] as const
  ) {
    const { stream } = receiveStream(size);
    assertThrows(
      () => stream.push(new Uint8Array(bytes), isLast),
      ProtocolError,
      "stream-malformed",
    );
  }
});

Deno.test("ReceiveStream refuses what passes the window, also once it is given up", () => {
  for (const isGivenUp of [false, true]) {
    const { stream } = receiveStream(2 * INITIAL_WINDOW_BYTES);
    if (isGivenUp) stream.cancel();
    for (let sent = 0; sent < INITIAL_WINDOW_BYTES; sent += MAX_CHUNK_BYTES) {
      stream.push(new Uint8Array(MAX_CHUNK_BYTES), false);
    }
    assertThrows(() => stream.push(new Uint8Array(1), false), ProtocolError, "window-exceeded");
  }
});

Deno.test("ReceiveStream grants half a window at a time, and nothing once the rest fits", async () => {
  const size = 2 * INITIAL_WINDOW_BYTES;
  const { stream, carrier } = receiveStream(size);
  const reading = countBytes(stream);
  let window = INITIAL_WINDOW_BYTES;
  for (let sent = 0; sent < size;) {
    const length = Math.min(MAX_CHUNK_BYTES, window, size - sent);
    assert(length > 0, "the sender must never be stuck");
    sent += length;
    window -= length;
    const before = carrier.windows.length;
    stream.push(new Uint8Array(length), sent === size);
    await settle();
    window += carrier.windows.slice(before).reduce((sum, granted) => sum + granted, 0);
  }
  assertEquals(await reading, size);
  assertEquals(carrier.windows, [HALF, HALF]);
});

Deno.test("ReceiveStream never starves a sender, whatever the sizes", async () => {
  for (const size of [INITIAL_WINDOW_BYTES + 1, 3 * INITIAL_WINDOW_BYTES - 1]) {
    for (const piece of [1_000, 65_535, MAX_CHUNK_BYTES]) {
      const received = receiveStream(size);
      const carrier = new RecordingCarrier();
      const sender = new SendStream(1, { size, carrier });
      received.carrier.sendWindow = (granted) => sender.grant(granted);
      carrier.sendChunk = (bytes, isLast) => {
        received.stream.push(bytes.slice(), isLast);
        return Promise.resolve();
      };
      const reading = countBytes(received.stream);
      for (let sent = 0; sent < size; sent += piece) {
        await sender.write(new Uint8Array(Math.min(piece, size - sent)));
      }
      assertEquals(await reading, size);
    }
  }
});

Deno.test("ReceiveStream is given up by leaving the loop, with one reset", async () => {
  const { stream, carrier } = receiveStream(9);
  stream.push(Uint8Array.of(1), false);
  for await (const _chunk of stream) break;
  stream.cancel();
  assertEquals(carrier.resets, [RESET_CODE.cancelled]);
  stream.push(Uint8Array.of(2), false);
  stream.push(new Uint8Array(7), true);
});

Deno.test("ReceiveStream sends no reset when everything has come already", async () => {
  const { stream, carrier } = receiveStream(1);
  stream.push(Uint8Array.of(1), true);
  for await (const _chunk of stream) break;
  assertEquals(carrier.resets, []);
});

Deno.test("ReceiveStream.cancel ends a loop that waits for the next piece", async () => {
  const { stream, carrier } = receiveStream(1);
  const reading = countBytes(stream);
  await settle();
  stream.cancel(RESET_CODE.storage);
  const error = await assertRejects(() => reading, StreamResetError);
  assertEquals(error.resetCode, RESET_CODE.storage);
  assertEquals(carrier.resets, [RESET_CODE.storage]);
});

Deno.test("ReceiveStream.fail ends a loop that waits, and drops what was not taken", async () => {
  const { stream, carrier } = receiveStream(9);
  const reading = countBytes(stream);
  await settle();
  stream.push(Uint8Array.of(1), false);
  stream.fail(new Reason());
  stream.fail(new TypeError("later"));
  await assertRejects(() => reading, Reason);
  assertEquals(carrier.resets, []);
});

Deno.test("StreamResetError is a connection-lost that says the code", () => {
  const error = new StreamResetError(77);
  assert(error instanceof ConnectionError);
  assertEquals([error.code, error.resetCode], ["connection-lost", 77]);
});
