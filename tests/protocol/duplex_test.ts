import { duplexPair } from "../../protocol/duplex.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("duplexPair carries bytes both ways and ends each direction by itself", async () => {
  const [near, far] = duplexPair();
  const [toFar, toNear] = [near.writable.getWriter(), far.writable.getWriter()];
  const [atFar, atNear] = [far.readable.getReader(), near.readable.getReader()];
  const writes = [toFar.write(Uint8Array.of(1)), toNear.write(Uint8Array.of(2))];
  assertEquals((await atFar.read()).value, Uint8Array.of(1));
  assertEquals((await atNear.read()).value, Uint8Array.of(2));
  const closing = toFar.close();
  assertEquals((await atFar.read()).done, true);
  const late = toNear.write(Uint8Array.of(3));
  assertEquals((await atNear.read()).value, Uint8Array.of(3));
  await Promise.all([...writes, closing, late]);
});

Deno.test("duplexPair tells the far end of an abort", async () => {
  const [near, far] = duplexPair();
  await near.writable.abort(new RangeError("over"));
  await assertRejects(() => far.readable.getReader().read(), RangeError);
});
