import { DuplexBytes } from "../../../../agent/http/server/duplex_bytes.ts";
import { duplexPair } from "../../../../protocol/duplex.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("DuplexBytes reads what has come, as far as it fits, and to the end", async () => {
  const [near, far] = duplexPair();
  const connection = new DuplexBytes(near);
  const writer = far.writable.getWriter();
  const writing = Promise.all([writer.write(new Uint8Array([1, 2, 3])), writer.close()]);
  const buffer = new Uint8Array(2);
  assertEquals([await connection.read(buffer), ...buffer], [2, 1, 2]);
  assertEquals([await connection.read(buffer), buffer[0]], [1, 3]);
  assertEquals(await connection.read(buffer), null);
  await writing;
});

Deno.test("DuplexBytes writes all, and ends", async () => {
  const [near, far] = duplexPair();
  const connection = new DuplexBytes(near);
  const reading = new Response(far.readable).arrayBuffer();
  assertEquals(await connection.write(new Uint8Array([7, 8])), 2);
  await connection.end();
  assertEquals([...new Uint8Array(await reading)], [7, 8]);
});
