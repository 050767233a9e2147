/**
 * What a rogue primary, a rogue sub-agent and a crowd can do to the real agent programs: nothing that
 * matters.
 *
 * @module
 */
import { Agent } from "../../agent/agent.ts";
import { listen } from "../../agent/listener.ts";
import { parsePeerRule, PeerPolicy } from "../../agent/door/peer_policy.ts";
import { SubAgents } from "../../agent/registrar/sub_agents.ts";
import { dialSubAgent } from "../../agent/relay/dial_sub_agent.ts";
import { type DialSubAgent, RelayDesk } from "../../agent/relay/relay_desk.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import type { Duplex } from "../../protocol/duplex.ts";
import { HttpExchange } from "../../agent/subordinate/http_exchange.ts";
import { registerOnce } from "../../agent/subordinate/registrar_client.ts";
import { STAGE_PREFIX } from "../../protocol/secret_path.ts";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { getRaw, sendRaw } from "../support/http_peer.ts";
import { fixedRsaKeyPair } from "../support/session_pair.ts";
import { MemoryLogger } from "../support/memory_logger.ts";
import { newIdentity } from "../support/registrations.ts";
import { type RunningAgent, sampleBytes } from "../support/site.ts";
import {
  AppSite,
  deliverThrough,
  listComponents,
  outcome,
  REGISTRAR_KEY,
  untilRegistered,
  withPrimary,
} from "../support/sub_agents.ts";

/** Which byte is changed on its way, counted from the first of that direction. */
interface Flip {
  readonly from: "keeper" | "agent";
  readonly offset: number;
}

/** Changes a byte of what crosses, however it is cut; tells whether it did. */
function flipping({ readable, writable }: Duplex, flip: Flip, onFlip: () => void): Duplex {
  const bend = () => {
    let offset = 0;
    return new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller): void {
        const copy = piece.slice();
        const at = flip.offset - offset;
        if (at >= 0 && at < copy.length) {
          copy[at] = (copy[at] ?? 0) ^ 1;
          onFlip();
        }
        offset += copy.length;
        controller.enqueue(copy);
      },
    });
  };
  if (flip.from === "agent") return { readable: readable.pipeThrough(bend()), writable };
  const bent = bend();
  void bent.readable.pipeTo(writable).catch(() => {});
  return { readable, writable: bent.writable };
}

/** A primary that is ours to bend, and that leads to a real sub-agent. */
async function startPlayedPrimary(db: RunningAgent, dial: DialSubAgent) {
  const agents = new SubAgents();
  const { publicKey } = await newIdentity();
  const place = { component: "db", address: "127.0.0.1", port: db.port, tls: false };
  agents.register({ ...place, publicKey, fingerprint: db.fingerprint });
  const desk = new RelayDesk({ agents, dial, logger: new MemoryLogger() });
  const listener = listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const keys = new RsaKeyStock({ generate: fixedRsaKeyPair });
  const agent = new Agent({
    identity: await newIdentity(),
    keys,
    store: new MemorySecretStore(),
    policy: new PeerPolicy([parsePeerRule("127.0.0.1")]),
    calls: { actions: desk.actions },
    wants: ["relay"],
  });
  const serving = agent.serve(listener, { signal: stop.signal });
  return {
    host: "127.0.0.1",
    port: listener.address.port,
    async [Symbol.asyncDispose](): Promise<void> {
      stop.abort();
      await serving;
      listener.close();
      keys[Symbol.dispose]();
    },
  };
}

/** Returns what is in place; what was staged goes when the agent notices that the session is over. */
function placedIn({ files }: RunningAgent): readonly string[] {
  return [...Deno.readDirSync(files)].map(({ name }) => name)
    .filter((name) => !name.startsWith(STAGE_PREFIX));
}

/** Offsets in the opening line, the handshake, the manifest and the contents. */
const OFFSETS: Readonly<Record<Flip["from"], readonly number[]>> = {
  keeper: [3, 60, 400, 900, 1_100, 1_500, 50_000],
  agent: [3, 100, 400, 800, 1_000, 1_200],
};

Deno.test("agent: a primary that changes a byte of what it relays ends the session on both sides, and nothing is written", async () => {
  await using app = await AppSite.open();
  const db = await app.startSubAgent("db");
  const secret = sampleBytes(100_000).toHex();
  let flip: Flip | null = null;
  let isFlipped = false;
  await using primary = await startPlayedPrimary(db, async (place, options) => {
    const connection = await dialSubAgent(place, options);
    if (flip === null) return connection;
    const duplex = flipping(connection.duplex, flip, () => isFlipped = true);
    return { duplex, close: (reason) => connection.close(reason) };
  });
  const files = { "db.password": secret };
  const attempt = () => {
    return withPrimary(primary, (desk) => outcome(deliverThrough(desk, "db", { files })));
  };
  for (const from of ["keeper", "agent"] as const) {
    for (const offset of OFFSETS[from]) {
      flip = { from, offset };
      isFlipped = false;
      const result = await attempt();
      assert(isFlipped, `the byte ${offset} of the ${from} never came`);
      assert(typeof result === "string", `changed byte ${offset} of the ${from} went unnoticed`);
      assertEquals(placedIn(db), [], `byte ${offset} of the ${from}`);
    }
  }
  const isDelivered = () =>
    db.program.reports.some(({ event, complete }) => {
      return event === "delivery" && complete;
    });
  assertEquals(isDelivered(), false);
  await db.program.waitForLog(/connections came to no session/);
  flip = null;
  assert(typeof await attempt() !== "string");
  await db.program.waitFor(() => isDelivered() || undefined);
  assertEquals(await Deno.readTextFile(`${db.files}/db.password`), secret);
  assertEquals([...Deno.readDirSync(db.files)].map(({ name }) => name), ["db.password"]);
});

Deno.test("agent: a primary that plays back what it relayed delivers nothing again", async () => {
  await using app = await AppSite.open();
  const db = await app.startSubAgent("db");
  const sent: Uint8Array[] = [];
  await using primary = await startPlayedPrimary(db, async (place, options) => {
    const connection = await dialSubAgent(place, options);
    const tap = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller): void {
        sent.push(piece.slice());
        controller.enqueue(piece.slice());
      },
    });
    void tap.readable.pipeTo(connection.duplex.writable).catch(() => {});
    const duplex = { readable: connection.duplex.readable, writable: tap.writable };
    return { duplex, close: (reason) => connection.close(reason) };
  });
  const files = { "db.password": "one" };
  await withPrimary(primary, (desk) => deliverThrough(desk, "db", { files }));
  await Deno.remove(`${db.files}/db.password`);
  const replayed = await dialSubAgent({ address: "127.0.0.1", port: db.port }, {
    signal: new AbortController().signal,
  });
  const reading = new Response(replayed.duplex.readable).arrayBuffer().catch(() => null);
  const writer = replayed.duplex.writable.getWriter();
  for (const piece of sent) await writer.write(piece).catch(() => {});
  await writer.close().catch(() => {});
  await reading;
  await db.program.waitForLog(/connections came to no session/);
  assertEquals([...Deno.readDirSync(db.files)], []);
});

/** Registers as whoever one likes. */
async function registerAs(
  { registrarPort }: AppSite,
  claim: { readonly component: string; readonly port?: number; readonly app?: string },
  key: string | null = REGISTRAR_KEY,
): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: registrarPort });
  const exchange = new HttpExchange(conn, `127.0.0.1:${registrarPort}`);
  const applicant = {
    claim: { app: "shop", port: 9, tls: false, ...claim },
    identity: await newIdentity(),
    enrolmentSecret: null,
    registrarKey: key === null ? null : encodeUtf8(key),
  };
  try {
    await registerOnce(exchange, applicant);
    return "registered";
  } catch (error) {
    return String(error);
  }
}

Deno.test("agent: a registrar refuses who knows no key, another app, and the primary's own name", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const component = "db";
  assertMatch(await registerAs(app, { component }, null), /403 the registrar's key is wrong/);
  assertMatch(await registerAs(app, { component }, "x".repeat(20)), /403 the registrar's key/);
  assertMatch(await registerAs(app, { component, app: "other" }), /403 .* another app/);
  assertMatch(await registerAs(app, { component: "agent" }), /403 .* the primary itself/);
  assertEquals(await withPrimary(primary, listComponents), []);
  await primary.program.waitForLog(/the registrar turned somebody away/);
  assert(!primary.program.stderr.includes(REGISTRAR_KEY));
});

Deno.test("agent: a registration that is played back is refused, and so is one for another process", async () => {
  await using app = await AppSite.open();
  const first = await app.startPrimary();
  const port = app.registrarPort;
  const { body } = await getRaw(port, "/registrations/challenge");
  const { nonce, instance } = JSON.parse(body);
  const sent: string[] = [];
  const exchange = {
    ask: ({ method, body = "" }: { method: string; body?: string }) => {
      if (method === "POST") sent.push(body);
      const json = JSON.stringify({ version: 1, nonce, instance });
      return Promise.resolve({ status: 200, body: encodeUtf8(json) });
    },
  };
  await registerOnce(exchange, {
    claim: { app: "shop", component: "db", port: 9, tls: false },
    identity: await newIdentity(),
    enrolmentSecret: null,
    registrarKey: encodeUtf8(REGISTRAR_KEY),
  });
  const [registration = ""] = sent;
  const post = () =>
    sendRaw(
      port,
      `POST /registrations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n` +
        `Content-Length: ${registration.length}\r\n\r\n${registration}`,
    );
  assertEquals((await post()).status, 200);
  const again = await post();
  assertEquals(again.status, 403);
  assertMatch(again.body, /answered before/);
  await first.program.stop("SIGKILL");
  const second = await app.startPrimary({ port: first.port });
  assertEquals((await post()).status, 403);
  assertEquals(await withPrimary(second, listComponents), []);
});

Deno.test("agent: a crowd that registers is answered so often, and a sub-agent stays reachable", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const db = await app.startSubAgent("db");
  await untilRegistered(primary, "db");
  const port = app.registrarPort;
  const statuses = new Map<number, number>();
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      const junk = "x".repeat(i % 2 === 0 ? 100 : 5_000);
      const { status } = await sendRaw(
        port,
        `POST /registrations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n` +
          `Content-Length: ${junk.length}\r\n\r\n${junk}`,
      ).catch(() => ({ status: 0 }));
      count(status);
    }));
  }
  assert((statuses.get(400) ?? 0) < 60, JSON.stringify([...statuses]));
  assert((statuses.get(429) ?? 0) > 300, JSON.stringify([...statuses]));
  const lines = primary.program.stderr.match(/the registrar turned somebody away/g) ?? [];
  assert(lines.length <= 2, `${lines.length} lines in the log`);
  await withPrimary(primary, async (desk) => {
    assertEquals(await listComponents(desk), ["db"]);
    await deliverThrough(desk, "db", { files: { a: "one" } });
  });
  assertEquals(await Deno.readTextFile(`${db.files}/a`), "one");
});

Deno.test("agent: a registration that never comes to its end is not waited for", async () => {
  await using app = await AppSite.open();
  await app.startPrimary();
  const slow = await Promise.all(Array.from({ length: 20 }, async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: app.registrarPort });
    await conn.write(
      encodeUtf8("POST /registrations HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n{"),
    );
    return conn;
  }));
  assertEquals(await registerAs(app, { component: "db" }), "registered");
  for (const conn of slow) {
    assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
    conn.close();
  }
});

Deno.test("agent: a keeper reaches nobody who is not registered, and a rogue only himself", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  using rogue = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = rogue.addr;
  assertEquals(await registerAs(app, { component: "db", port }), "registered");
  const playing = (async () => {
    using conn = await rogue.accept();
    await conn.write(encodeUtf8("I am the db, give me all\n"));
    return new TextDecoder().decode(await new Response(conn.readable).bytes());
  })();
  const files = { "db.password": "correct horse" };
  const outcomes = await withPrimary(primary, async (desk) => [
    await outcome(deliverThrough(desk, "web", { files })),
    await outcome(deliverThrough(desk, "db", { files })),
  ]);
  assertEquals(outcomes, ["component-unknown", "message-malformed"]);
  assertEquals(await playing.catch(() => ""), "");
});
