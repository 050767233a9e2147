import { ConnectionError } from "../../../protocol/errors.ts";
import { dialTcp, formatAddress } from "../../../protocol/host/tcp_dial.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { freePort } from "../../support/free_port.ts";

Deno.test("dialTcp names the far end", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  using near = await dialTcp({ host: "127.0.0.1", port });
  assertEquals(near.remoteAddress, { hostname: "127.0.0.1", port });
  (await listener.accept()).close();
});

Deno.test("dialTcp rejects with connection-refused where nothing listens", async () => {
  const port = freePort();
  const error = await assertRejects(
    () => dialTcp({ host: "127.0.0.1", port }),
    ConnectionError,
    "connection-refused",
  );
  assert(error.message.includes(`127.0.0.1:${port}`));
});

Deno.test("dialTcp rejects with host-not-found for a name that cannot exist", async () => {
  await assertRejects(
    () => dialTcp({ host: "agent.invalid", port: 1 }),
    ConnectionError,
    "host-not-found",
  );
});

Deno.test("dialTcp rejects with timed-out and closes a connection that comes too late", async () => {
  const late = Promise.withResolvers<Deno.TcpConn>();
  await assertRejects(
    () => dialTcp({ host: "127.0.0.1", port: 1, timeoutMs: 1, connect: () => late.promise }),
    ConnectionError,
    "timed-out",
  );
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([
    Deno.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  late.resolve(near);
  assertEquals(await far.read(new Uint8Array(1)), null);
  far.close();
});

for (
  const [thrown, code] of [
    [Object.assign(new Error("x"), { code: "EHOSTUNREACH" }), "connection-failed"],
    [Object.assign(new Error("x"), { code: "ENETUNREACH" }), "connection-failed"],
    [Object.assign(new Error("x"), { code: "ETIMEDOUT" }), "timed-out"],
    [new Deno.errors.NotCapable("x"), "connection-failed"],
    [new Error("x"), "connection-failed"],
  ] as const
) {
  const name = "code" in thrown ? thrown.code : thrown.name;
  Deno.test(`dialTcp makes ${code} of ${name}`, async () => {
    const error = await assertRejects(
      () => dialTcp({ host: "::1", port: 9, connect: () => Promise.reject(thrown) }),
      ConnectionError,
      code,
    );
    assert(error.message.includes("[::1]:9"));
    assertEquals(error.cause, thrown);
  });
}

Deno.test("dialTcp rethrows the reason of the signal, before and during the attempt", async () => {
  const stop = new AbortController();
  const dial = () =>
    dialTcp({
      host: "127.0.0.1",
      port: 1,
      signal: stop.signal,
      connect: () => Promise.withResolvers<Deno.TcpConn>().promise,
    });
  const attempt = assertRejects(dial, SyntaxError);
  stop.abort(new SyntaxError("stop"));
  await attempt;
  await assertRejects(dial, SyntaxError);
});

Deno.test("dialTcp throws a RangeError for what is no port", async () => {
  for (const port of [0, -1, 65_536, 1.5, NaN]) {
    await assertRejects(() => dialTcp({ host: "127.0.0.1", port }), RangeError);
  }
});

Deno.test("formatAddress puts an IPv6 address in brackets", () => {
  assertEquals(formatAddress("::1", 80), "[::1]:80");
  assertEquals(formatAddress("host", 80), "host:80");
});
