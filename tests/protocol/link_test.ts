import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { ConnectionError } from "../../protocol/errors.ts";
import { Link } from "../../protocol/link.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { deafDuplex, streamOf } from "../support/duplex_cuts.ts";

const SOON_MS = 5;

class Reason extends Error {}

/** Returns a transport that never reads, never sends and answers neither close nor abort. */
function deadDuplex(): Duplex {
  const never = () => new Promise<void>(() => {});
  return {
    readable: new ReadableStream({ pull: never, cancel: never }),
    writable: new WritableStream({ write: never, close: never, abort: never }),
  };
}

Deno.test("Link carries lines and bytes", async () => {
  const [near, far] = duplexPair();
  const [left, right] = [new Link(near), new Link(far)];
  const written = left.write(new TextEncoder().encode("{}\nabc"));
  assertEquals((await right.readLine(8)).length, 3);
  assertEquals(await right.readExactly(3), new TextEncoder().encode("abc"));
  await written;
  await Promise.all([left.close(), right.close()]);
});

Deno.test("Link.readSome takes what has arrived, and what a line left of it", async () => {
  const [near, far] = duplexPair();
  const [left, right] = [new Link(near), new Link(far)];
  const written = left.write(new TextEncoder().encode("{}\nabc"));
  await right.readLine(8);
  assertEquals(await right.readSome(), new TextEncoder().encode("abc"));
  assertEquals(right.buffered, 0);
  await Promise.all([written, left.closeWriting()]);
  assertEquals(await right.readSome(), null);
  await Promise.all([left.close(), right.close()]);
});

Deno.test("Link.readSome fails with the link", async () => {
  const link = new Link(duplexPair()[0]);
  const reading = link.readSome();
  link.fail(new Reason());
  await assertRejects(() => reading, Reason);
  await assertRejects(() => link.readSome(), Reason);
  await link.close();
});

Deno.test("Link fails a pending read with the reason that it was given", async () => {
  const link = new Link(duplexPair()[0]);
  const reading = link.readExactly(1);
  link.fail(new Reason());
  await assertRejects(() => reading, Reason);
  await link.close();
});

Deno.test("Link fails a write that the transport never finishes", async () => {
  for (const duplex of [duplexPair()[0], deadDuplex()]) {
    const link = new Link(duplex);
    const writes = [link.write(new Uint8Array(9)), link.write(new Uint8Array(9))];
    link.fail(new Reason());
    for (const write of writes) await assertRejects(() => write, Reason);
    await assertRejects(() => link.write(new Uint8Array(1)), Reason);
    await link.close();
  }
});

Deno.test("Link keeps its first failure", async () => {
  const link = new Link(duplexPair()[0]);
  link.fail(new Reason());
  link.fail(new TypeError("later"));
  assertThrows(() => link.throwIfFailed(), Reason);
  await assertRejects(() => link.broken, Reason);
  await assertRejects(() => link.readLine(1), Reason);
  assert(link.isOver);
  await link.close();
});

Deno.test("Link takes an aborted signal's reason, aborted before or after", async () => {
  const before = new Link(duplexPair()[0], AbortSignal.abort(new Reason()));
  await assertRejects(() => before.readExactly(1), Reason);
  const controller = new AbortController();
  const after = new Link(duplexPair()[0], controller.signal);
  const reading = after.readExactly(1);
  controller.abort(new Reason());
  await assertRejects(() => reading, Reason);
});

Deno.test("Link gives an abort without a reason one of its own", async () => {
  const controller = new AbortController();
  const link = new Link(duplexPair()[0], controller.signal);
  controller.abort(null);
  const error = await assertRejects(() => link.broken, DOMException);
  assertEquals(error.name, "AbortError");
});

Deno.test("Link tells the far end of its failure", async () => {
  const [near, far] = duplexPair();
  const right = new Link(far);
  new Link(near).fail(new Reason());
  const error = await assertRejects(() => right.readExactly(1), ConnectionError, "connection-lost");
  assert(error.cause instanceof Reason);
});

Deno.test("Link reports a transport that breaks under a write as connection-lost", async () => {
  const cause = new TypeError("EPIPE");
  const link = new Link({
    readable: new ReadableStream(),
    writable: new WritableStream({ write: () => Promise.reject(cause) }),
  });
  const error = await assertRejects(
    () => link.write(new Uint8Array(1)),
    ConnectionError,
    "connection-lost",
  );
  assertEquals(error.cause, cause);
});

Deno.test("Link.deadline fails the link with timed-out and says what was late", async () => {
  const link = new Link(duplexPair()[0]);
  link.deadline(SOON_MS, "the tea");
  const error = await assertRejects(() => link.broken, ConnectionError, "timed-out");
  assert(error.message.startsWith("the tea took longer"));
});

Deno.test("Link.deadline does nothing once it is disarmed", async () => {
  const link = new Link(duplexPair()[0]);
  const disarm = link.deadline(SOON_MS, "the first");
  link.deadline(2 * SOON_MS, "the second");
  disarm();
  const error = await assertRejects(() => link.broken, ConnectionError, "timed-out");
  assert(error.message.startsWith("the second"));
});

Deno.test("Link.during ends with what it waits for or with the link, whichever is first", async () => {
  const link = new Link(duplexPair()[0]);
  assertEquals(await link.during(Promise.resolve(1)), 1);
  assertEquals(await link.during(2), 2);
  await assertRejects(() => link.during(Promise.reject(new Reason())), Reason);
  assert(!link.isOver);
  const waiting = link.during(new Promise(() => {}));
  link.fail(new Reason());
  await assertRejects(() => waiting, Reason);
  await assertRejects(() => link.during(new Promise(() => {})), Reason);
});

Deno.test("Link.close ends this direction behind what was written", async () => {
  const [near, far] = duplexPair();
  const [left, right] = [new Link(near), new Link(far)];
  const sent = left.write(new Uint8Array([1])).then(() => left.close());
  assertEquals(await right.readExactly(1), new Uint8Array([1]));
  assertEquals(await right.readExactly(1), null);
  await sent;
  assert(left.isOver);
  await right.close();
});

Deno.test("Link.close can be called twice and after a failure", async () => {
  const link = new Link(deafDuplex(streamOf()));
  await Promise.all([link.close(), link.close()]);
  await link.close();
  const failed = new Link(deadDuplex());
  failed.fail(new Reason());
  await failed.close();
});

Deno.test("Link.close can be cut short by a deadline where the transport never ends", async () => {
  const link = new Link(deadDuplex());
  link.deadline(SOON_MS, "the farewell");
  await link.close();
  assertThrows(() => link.throwIfFailed(), ConnectionError, "timed-out");
});

Deno.test("Link.closeWriting lets the peer's answer be read", async () => {
  const [near, far] = duplexPair();
  const [left, right] = [new Link(near), new Link(far)];
  await left.closeWriting();
  assertEquals(await right.readExactly(1), null);
  const answer = right.write(new Uint8Array([7]));
  assertEquals(await left.readExactly(1), new Uint8Array([7]));
  await answer;
  await Promise.all([left.close(), right.close()]);
});

Deno.test("Link.closeWriting ends with the link where the transport does not answer", async () => {
  const link = new Link(deadDuplex());
  const closing = link.closeWriting();
  link.fail(new Reason());
  await closing;
});

Deno.test("Link lets go of the signal when it is over", async () => {
  const controller = new AbortController();
  const link = new Link(deafDuplex(streamOf()), controller.signal);
  await link.close();
  controller.abort(new Reason());
  link.throwIfFailed();
  assert(link.isOver);
});
