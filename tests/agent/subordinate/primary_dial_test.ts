import { HttpServer } from "../../../agent/http/server/http_server.ts";
import type { NameResolver } from "../../../agent/door/peer_policy.ts";
import { registerWithPrimary } from "../../../agent/subordinate/primary_dial.ts";
import type { Applicant } from "../../../agent/subordinate/registrar_client.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { freePort } from "../../support/free_port.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { newIdentity, PlayedRegistrar } from "../../support/registrations.ts";

const KEY = encodeUtf8("correct-horse-battery");

async function applicant(): Promise<Applicant> {
  return {
    claim: { app: "shop", component: "db", port: 8_888, tls: false },
    identity: await newIdentity(),
    enrolmentSecret: null,
    registrarKey: KEY,
  };
}

function registerAt(
  all: Applicant,
  { host = "primary", port, resolve, signal = new AbortController().signal }: {
    readonly host?: string;
    readonly port: number;
    readonly resolve: NameResolver;
    readonly signal?: AbortSignal;
  },
) {
  const rule = { kind: "name", name: host } as const;
  const primary = { rule, host, port, isContainer: true };
  return registerWithPrimary(all, { primary, resolve, signal });
}

Deno.test("registerWithPrimary asks at the addresses that the name has now, one after the other", async () => {
  using played = await PlayedRegistrar.open({ key: KEY });
  await using server = new HttpServer(Deno.listen({ hostname: "127.0.0.1", port: 0 }), {
    handle: (request, address) => played.registrar.handle(request, address),
    logger: new MemoryLogger(),
  });
  const { port } = server.address;
  const asked: string[] = [];
  const resolve: NameResolver = (name) => {
    asked.push(name);
    return Promise.resolve(["127.0.0.9", "127.0.0.1"]);
  };
  await registerAt(await applicant(), { port, resolve });
  assertEquals(played.agents.find("db")?.address, "127.0.0.1");
  await registerAt(await applicant(), { port, resolve, host: "127.0.0.1" });
  assertEquals(asked, ["primary"]);
});

Deno.test("registerWithPrimary says that the primary is not known, or not there", async () => {
  const all = await applicant();
  const port = freePort();
  const unknown: readonly NameResolver[] = [
    () => Promise.resolve([]),
    () => Promise.reject(new Error("ENOTFOUND")),
  ];
  for (const resolve of unknown) {
    const asking = () => registerAt(all, { port, resolve });
    await assertRejects(asking, ConnectionError, "host-not-found");
  }
  const resolve = () => Promise.resolve(["127.0.0.1"]);
  const asking = () => registerAt(all, { port, resolve });
  const error = await assertRejects(asking, ConnectionError, "connection-failed");
  assertMatch(error.message, /127\.0\.0\.1:\d+: ECONNREFUSED/);
});

Deno.test("registerWithPrimary gives up where the primary takes the connection and says nothing", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const control = new AbortController();
  const registering = registerAt(await applicant(), {
    port: listener.addr.port,
    resolve: () => Promise.resolve(["127.0.0.1"]),
    signal: control.signal,
  });
  using _conn = await listener.accept();
  control.abort(new ConnectionError("timed-out", "too long"));
  await assertRejects(() => registering, ConnectionError, "timed-out");
});

Deno.test("registerWithPrimary gives up where a name is looked up for ever", async () => {
  const control = new AbortController();
  const registering = registerAt(await applicant(), {
    port: 1,
    resolve: () => new Promise(() => {}),
    signal: control.signal,
  });
  control.abort(new ConnectionError("timed-out", "too long"));
  await assertRejects(() => registering, ConnectionError, "timed-out");
});
