import { openSubordinate } from "../../../agent/commands/serve_subordinate.ts";
import { HttpServer } from "../../../agent/http/http_server.ts";
import { loadIdentity } from "../../../agent/identity_file.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { PlayedRegistrar } from "../../support/registrations.ts";
import { serveContext } from "../../support/serve_context.ts";

Deno.test("openSubordinate registers under its names, with what it knows", async () => {
  const secret = new Uint8Array(32).fill(7);
  const neighbours = { find: () => ({ kind: "component", component: "db" } as const) };
  using played = await PlayedRegistrar.open({ enrolmentSecret: secret, neighbours });
  const { promise: registered, resolve: note } = Promise.withResolvers<void>();
  await using server = new HttpServer(Deno.listen({ hostname: "127.0.0.1", port: 0 }), {
    handle: async (request, address) => {
      const reply = await played.registrar.handle(request, address);
      if (request.method === "POST") note();
      return reply;
    },
    logger: new MemoryLogger(),
  });
  const { port } = server.address;
  const subordinate = await openSubordinate(await serveContext(["--subordinate"]), {
    primary: { rule: { kind: "name", name: "p" }, host: "p", port, isContainer: true },
    resolve: () => Promise.resolve(["127.0.0.1"]),
    names: { app: "shop", component: "db", notes: [] },
    identity: await loadIdentity(null),
    enrolmentSecret: secret,
    port: 8_888,
    tls: () => true,
  });
  const stop = new AbortController();
  const running = subordinate.run({ signal: stop.signal });
  await registered;
  stop.abort();
  await running;
  const [agent] = played.agents.list();
  assertEquals([agent?.component, agent?.port, agent?.tls], ["db", 8_888, true]);
});
