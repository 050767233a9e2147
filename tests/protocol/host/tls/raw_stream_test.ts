import { duplexPair } from "../../../../protocol/duplex.ts";
import { ConnectionError } from "../../../../protocol/errors.ts";
import { RawStream } from "../../../../protocol/host/tls/raw_stream.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";

async function errorOf({ stream }: RawStream): Promise<Error> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  stream.once("error", resolve);
  return await promise;
}

Deno.test("RawStream carries what is written and what comes, to the end of each", async () => {
  const [near, far] = duplexPair();
  const raw = await RawStream.open(near);
  const sending = new Response(far.readable).text();
  raw.stream.write("hel");
  raw.stream.end("lo");
  const writer = far.writable.getWriter();
  writer.write(new Uint8Array([1, 2]));
  writer.close();
  const pieces: number[] = [];
  for await (const piece of raw.stream) pieces.push(...piece);
  assertEquals([await sending, pieces], ["hello", [1, 2]]);
});

Deno.test("RawStream lets its last bytes through when it is let go of without a failure", async () => {
  const [near, far] = duplexPair();
  const raw = await RawStream.open(near);
  raw.stream.write("goodbye");
  raw.stream.destroy();
  assertEquals(await new Response(far.readable).text(), "goodbye");
  await far.writable.close();
});

Deno.test("RawStream.abort gives the transport up at once, also after that", async () => {
  for (const isLetGo of [false, true]) {
    const [near, far] = duplexPair();
    const raw = await RawStream.open(near);
    if (isLetGo) raw.stream.destroy();
    raw.abort(new RangeError("enough"));
    await assertRejects(() => far.writable.getWriter().closed, RangeError);
  }
});

Deno.test("RawStream.finish lets its last bytes through, and waits for the other end's", async () => {
  const [near, far] = duplexPair();
  const raw = await RawStream.open(near);
  raw.stream.write("goodbye");
  raw.finish();
  assertEquals(await new Response(far.readable).text(), "goodbye");
  await far.writable.close();
});

Deno.test("RawStream frees a transport whose other end never ends it, however it was let go of", async () => {
  for (const isFinished of [false, true]) {
    const [near, far] = duplexPair();
    const raw = await RawStream.open(near, 0);
    if (isFinished) raw.finish();
    else raw.stream.destroy();
    await assertRejects(() => far.writable.getWriter().closed, ConnectionError, "timed-out");
  }
});

Deno.test("RawStream fails as its transport does, whatever the reason is", async () => {
  const lost = new ConnectionError("connection-lost", "gone");
  for (const [reason, isOurs] of [[lost, true], ["gone", false]] as const) {
    const [near, far] = duplexPair();
    const raw = await RawStream.open(near);
    raw.stream.resume();
    const failing = errorOf(raw);
    far.writable.abort(reason);
    const error = await failing;
    assert(isOurs ? error === lost : error.cause === "gone");
  }
});
