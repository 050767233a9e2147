import { HttpServer, type HttpServerOptions } from "../../../../agent/http/server/http_server.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { getRaw } from "../../../support/http_peer.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";

function serve(options: Partial<HttpServerOptions> = {}): HttpServer {
  return new HttpServer(Deno.listen({ hostname: "127.0.0.1", port: 0 }), {
    handle: (_, address) => ({ status: 200, fields: {}, body: address }),
    logger: new MemoryLogger(),
    ...options,
  });
}

async function isClosed(conn: Deno.Conn): Promise<boolean> {
  try {
    return await conn.read(new Uint8Array(1)) === null;
  } catch {
    return true;
  }
}

Deno.test("HttpServer answers, and tells where the request comes from", async () => {
  await using server = serve();
  const { status, body } = await getRaw(server.address.port, "/");
  assertEquals([status, body], [200, "127.0.0.1"]);
});

Deno.test("HttpServer answers 500 for what was not foreseen, and says it to the log alone", async () => {
  const logger = new MemoryLogger();
  await using server = serve({
    logger,
    handle: () => {
      throw new Error("secret");
    },
  });
  const { status, body } = await getRaw(server.address.port, "/");
  assertEquals([status, body.includes("secret")], [500, false]);
  assertEquals(logger.events.length, 1);
});

Deno.test("HttpServer takes no more connections than it may, and more once one has gone", async () => {
  for (const bound of [{ maxConnections: 2 }, { maxPerAddress: 2 }]) {
    await using server = serve(bound);
    const { port } = server.address;
    const open = await Promise.all([1, 2].map(() => Deno.connect({ hostname: "127.0.0.1", port })));
    const third = await Deno.connect({ hostname: "127.0.0.1", port });
    await third.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).catch(
      () => {},
    );
    assert(await isClosed(third));
    third.close();
    for (const conn of open) conn.close();
    for (;;) {
      const { status } = await getRaw(port, "/").catch(() => ({ status: 0 }));
      if (status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});

Deno.test("HttpServer ends every connection with itself", async () => {
  const server = serve();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
  await server[Symbol.asyncDispose]();
  assert(await isClosed(conn));
  conn.close();
});
