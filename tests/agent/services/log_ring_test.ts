import fc from "fast-check";
import { LogRing } from "../../../agent/services/log_ring.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const NEVER = new AbortController().signal;

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

Deno.test("LogRing keeps the last bytes, however they come", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  fc.assert(fc.property(pieces, fc.integer({ min: 1, max: 32 }), (pieces, size) => {
    const ring = new LogRing(size);
    for (const piece of pieces) ring.add(piece);
    const all = pieces.flatMap((piece) => [...piece]);
    const { start, bytes } = ring.read();
    assertEquals([...bytes], all.slice(Math.max(0, all.length - size)));
    assertEquals([start, ring.end], [Math.max(0, all.length - size), all.length]);
  }));
});

Deno.test("LogRing reads from a place on, and says what was lost", () => {
  const ring = new LogRing(4);
  ring.add(new TextEncoder().encode("abcdef"));
  assertEquals([ring.read(4).start, textOf(ring.read(4).bytes)], [4, "ef"]);
  assertEquals([ring.read(1).start, textOf(ring.read(1).bytes)], [2, "cdef"]);
  assertEquals(ring.read(6).bytes.length, 0);
});

Deno.test("LogRing gives copies", () => {
  const ring = new LogRing(4);
  ring.add(new TextEncoder().encode("ab"));
  ring.read().bytes.fill(0);
  assertEquals(textOf(ring.read().bytes), "ab");
});

Deno.test("LogRing wakes whoever waits where more comes, nothing more will, or the signal fires", async () => {
  const ring = new LogRing(4);
  let isAwake = false;
  const waiting = ring.next(0, NEVER).then(() => isAwake = true);
  await Promise.resolve();
  assert(!isAwake);
  ring.add(new Uint8Array([1]));
  await waiting;
  await ring.next(0, NEVER);
  await ring.next(1, AbortSignal.abort());
  const control = new AbortController();
  const stopped = ring.next(1, control.signal);
  control.abort();
  await stopped;
  const closing = ring.next(1, NEVER);
  ring.close();
  await closing;
  assert(ring.isClosed);
});
