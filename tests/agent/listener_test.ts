import { listen, type ListenOptions } from "../../agent/listener.ts";
import { ConfigError, ConnectionError } from "../../protocol/errors.ts";
import { dialTcp } from "../../protocol/host/mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { MemoryLogger } from "../support/memory_logger.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

Deno.test("listen gives connections with both addresses", async () => {
  using listener = listen(LOOPBACK);
  assert(listener.address.port > 0);
  const iterator = listener[Symbol.asyncIterator]();
  using dialled = await dialTcp({ host: "127.0.0.1", port: listener.address.port });
  const { value: incoming } = await iterator.next();
  assert(incoming !== undefined);
  assertEquals(incoming.remoteAddress.hostname, "127.0.0.1");
  assertEquals(incoming.localAddress, { hostname: "127.0.0.1", port: listener.address.port });
  const writer = incoming.duplex.writable.getWriter();
  await writer.write(Uint8Array.of(1, 2, 3));
  const { value } = await dialled.duplex.readable.getReader().read();
  assertEquals(value?.length, 3);
  incoming.close();
});

Deno.test("listen ends its iteration when it is closed", async () => {
  using listener = listen(LOOPBACK);
  const next = listener[Symbol.asyncIterator]().next();
  listener.close();
  assertEquals((await next).done, true);
});

Deno.test("listen closes the port when the iteration is left", async () => {
  using listener = listen(LOOPBACK);
  const iterator = listener[Symbol.asyncIterator]();
  const dialled = await dialTcp({ host: "127.0.0.1", port: listener.address.port });
  (await iterator.next()).value?.close();
  dialled.close();
  await iterator.return?.();
  const { port } = listener.address;
  await assertRejects(() => dialTcp({ host: "127.0.0.1", port }), ConnectionError);
});

Deno.test("listen goes on where the system could not give a connection for once", async () => {
  const logger = new MemoryLogger();
  let attempts = 0;
  const open: ListenOptions["open"] = (options) => {
    const real = Deno.listen(options);
    return {
      addr: real.addr,
      close: () => real.close(),
      accept: () => {
        if (attempts++ > 0) return real.accept();
        return Promise.reject(Object.assign(new Error("too many"), { code: "EMFILE" }));
      },
    } as unknown as Deno.TcpListener;
  };
  using listener = listen({ ...LOOPBACK, open, logger });
  using _dialled = await dialTcp({ host: "127.0.0.1", port: listener.address.port });
  const { value: incoming } = await listener[Symbol.asyncIterator]().next();
  incoming?.close();
  assertEquals(attempts, 2);
  assertEquals(logger.events[0]?.properties, { reason: "EMFILE" });
});

Deno.test("listen says which option to change when the port is taken", () => {
  using listener = listen(LOOPBACK);
  const { port } = listener.address;
  const error = assertThrows(() => listen({ ...LOOPBACK, port }), ConfigError, "config-invalid");
  assertEquals(error.setting, "--bind-port");
  assertMatch(error.message, /another program/);
});

Deno.test("listen says which option to change when the address is not this machine's", () => {
  const error = assertThrows(() => listen({ hostname: "192.0.2.1", port: 0 }), ConfigError);
  assertEquals(error.setting, "--bind-address");
  assertMatch(error.message, /does not have the address/);
});

Deno.test("listen says what to do where the system forbids the port", () => {
  const open = () => {
    throw Object.assign(new Error("permission denied"), { code: "EACCES" });
  };
  const error = assertThrows(() => listen({ ...LOOPBACK, port: 80, open }), ConfigError);
  assertEquals(error.setting, "--bind-port");
  assertMatch(error.hint ?? "", /1024/);
});

Deno.test("listen says what to do where the address is none", () => {
  const error = assertThrows(() => listen({ hostname: "not an address", port: 0 }), ConfigError);
  assertEquals(error.setting, "--bind-address");
});

Deno.test("listen closes the port when its iteration is left while it waits", async () => {
  const listener = listen({ hostname: "127.0.0.1", port: 0 });
  const iterator = listener[Symbol.asyncIterator]();
  const next = iterator.next();
  await iterator.return?.();
  assertEquals((await next).done, true);
  await assertRejects(() => Deno.connect(listener.address), Deno.errors.ConnectionRefused);
});
