import { ServedHttp, type ServedHttpParts } from "../../../agent/commands/serve_http.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { getRaw } from "../../support/http_peer.ts";
import { serveContext } from "../../support/serve_context.ts";

const ARGS = ["--fileserver", "--fileserver-address", "127.0.0.1"];

async function open(
  args: readonly string[],
  { app = "shop", port = 0, place, hasFiles = true }: {
    readonly app?: string | null;
    readonly port?: number;
    readonly place?: { readonly hostname: string; readonly port: number };
    readonly hasFiles?: boolean;
  } = {},
): Promise<
  { readonly http: ServedHttp; readonly context: Awaited<ReturnType<typeof serveContext>> }
> {
  const files = hasFiles ? [...ARGS, "--fileserver-port", `${port}`] : [];
  const context = await serveContext([...files, ...args]);
  const { http: settings } = context.settings;
  assert(settings !== null);
  const workingFolder = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-http-" }));
  try {
    const parts: ServedHttpParts = {
      store: { held: null, compare: () => Promise.resolve("intact") },
      workingFolder,
      stateFolder: null,
      app,
      component: "agent",
      health: () => ({ serving: true, delivered: false }),
      present: { missing: null },
      components: {
        registrar: place === undefined ? null : {
          place,
          handle: ({ target }) => ({ status: 200, fields: {}, body: `registrar ${target}` }),
        },
        figures: () => [],
      },
    };
    return { http: await ServedHttp.open(context, parts, settings), context };
  } finally {
    await Deno.remove(workingFolder);
  }
}

Deno.test("ServedHttp says where it serves, and serves nothing before a delivery", async () => {
  const { http, context } = await open([]);
  await using _http = http;
  await http.announce({ ...context, settings: { ...context.settings, json: true } });
  await http.announce(context);
  const { stdout } = context as unknown as { stdout: { text: string } };
  const [line = "", text = ""] = stdout.text.split("\n");
  const { event, address, port } = JSON.parse(line);
  assertEquals([event, address], ["file-server", "127.0.0.1"]);
  assertMatch(text, /^serves at {5}http:\/\/127\.0\.0\.1:\d+\/files\/$/);
  assertEquals((await getRaw(port, "/files/a")).status, 503);
});

Deno.test("ServedHttp warns where it can serve its own container alone", async () => {
  for (const [args, app, count] of [[[], null, 1], [["--fileserver-key", "k"], null, 0]] as const) {
    const { http, context } = await open(args, { app });
    await http[Symbol.asyncDispose]();
    assertEquals(context.logger.events.length, count);
  }
});

Deno.test("ServedHttp takes a DNS server with a port or without, and a path for the key", async () => {
  for (const dns of ["127.0.0.11", "127.0.0.1:5353", "::1", "[::1]:5353"]) {
    await (await open(["--fileserver-dns", dns])).http[Symbol.asyncDispose]();
  }
  const refused = [
    ...["--fileserver-dns=dns", "--fileserver-dns=127.0.0.1:x", "--fileserver-dns=1.1.1.1:99999"],
    ...["--fileserver-key=../key"],
  ];
  for (const arg of refused) {
    const error = await assertRejects(() => open([arg]), ConfigError);
    assertMatch(error.message, new RegExp(`^${arg.split("=")[0]}`));
  }
});

Deno.test("ServedHttp says that its port is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const error = await assertRejects(
    () => open([], { port: listener.addr.port }),
    ConfigError,
  );
  assertMatch(error.message, /--fileserver-port names 127\.0\.0\.1:\d+, where .* \(EADDRINUSE\)/);
});

Deno.test("ServedHttp says how the agent is on a port of its own", async () => {
  const { http, context } = await open(["--health-port", "0"]);
  await using _http = http;
  await http.announce({ ...context, settings: { ...context.settings, json: true } });
  const { stdout } = context as unknown as { stdout: { text: string } };
  const lines = stdout.text.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ event }) => event), ["file-server", "health-server"]);
  const { port } = lines[1];
  assertEquals((await getRaw(port, "/healthz")).status, 200);
  assertEquals((await getRaw(port, "/readyz")).status, 503);
  assertEquals((await getRaw(port, "/files/")).status, 404);
});

async function announced(
  { http, context }: Awaited<ReturnType<typeof open>>,
): Promise<readonly { readonly event: string; readonly port: number }[]> {
  await http.announce({ ...context, settings: { ...context.settings, json: true } });
  const { stdout } = context as unknown as { stdout: { text: string } };
  return stdout.text.trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("ServedHttp serves files and registrations at one port where both are to be there", async () => {
  const served = await open([], { place: { hostname: "127.0.0.1", port: 0 } });
  await using _http = served.http;
  const [files, registrar, ...more] = await announced(served);
  assertEquals([files?.event, registrar?.event, more.length], ["file-server", "registrar", 0]);
  const port = files?.port ?? 0;
  assertEquals(registrar?.port, port);
  for (const target of ["/registrations", "/registrations/challenge", "/registrations?x=/files/"]) {
    assertEquals((await getRaw(port, target)).body, `registrar ${target}`);
  }
  assertEquals((await getRaw(port, "/files/registrations")).status, 503);
  assertEquals((await getRaw(port, "/registrations-not")).status, 404);
});

Deno.test("ServedHttp serves registrations at a port of their own, and without files", async () => {
  const apart = await open([], { place: { hostname: "127.0.0.2", port: 0 } });
  await using _apart = apart.http;
  const [files, registrar] = await announced(apart);
  assert(files?.port !== registrar?.port);
  const alone = await open([], { place: { hostname: "127.0.0.1", port: 0 }, hasFiles: false });
  await using _alone = alone.http;
  const [only, ...more] = await announced(alone);
  assertEquals([only?.event, more.length], ["registrar", 0]);
  assertEquals((await getRaw(only?.port ?? 0, "/registrations")).status, 200);
});

Deno.test("ServedHttp says that the registrar's port is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const place = { hostname: "127.0.0.1", port: listener.addr.port };
  const error = await assertRejects(() => open([], { place }), ConfigError);
  assertMatch(error.message, /--registrar-port names 127\.0\.0\.1:\d+, where .* \(EADDRINUSE\)/);
});
