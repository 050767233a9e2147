import { connect } from "node:tls";
import { exportKeyPem } from "../../../../agent/certificates/mod.ts";
import { RawStream } from "../../../../protocol/host/tls/raw_stream.ts";
import { ConnectionError } from "../../../../protocol/errors.ts";
import { encodeUtf8 } from "../../../../protocol/bytes.ts";
import { type Duplex, duplexPair } from "../../../../protocol/duplex.ts";
import {
  acceptTls,
  type TlsClientOptions,
  type TlsOptions,
} from "../../../../protocol/host/tls/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { PlayedAuthority, type PlayedCertificate } from "../../../support/played_authority.ts";
import {
  AGENT,
  AGENT_NAME,
  checkAgent,
  checkKeeper,
  createAppAuthority,
  createAuthorities,
  credentialsFor,
  KEEPER,
  shakeTls,
  type TlsEnds,
} from "../../../support/tls_ends.ts";

const AUTHORITIES = await createAuthorities();
const DAY_MS = 86_400_000;

/** What a test changes of what should work. */
interface Changes {
  readonly keeper?: Partial<PlayedCertificate>;
  readonly agent?: Partial<PlayedCertificate>;
  readonly keeperEnd?: Partial<TlsClientOptions>;
  readonly agentEnd?: Partial<TlsOptions>;
}

async function shake({ keeper, agent, keeperEnd, agentEnd }: Changes): Promise<TlsEnds> {
  const agentShows = await credentialsFor({ ...AGENT, ...agent }, AUTHORITIES);
  const keeperShows = await credentialsFor({ ...KEEPER, ...keeper }, AUTHORITIES);
  return await shakeTls(
    { ...agentShows, check: checkKeeper(), ...agentEnd },
    { ...keeperShows, serverName: AGENT_NAME, check: checkAgent(), ...keeperEnd },
  );
}

function isDuplex(end: unknown): end is Duplex {
  return typeof end === "object" && end !== null && "readable" in end;
}

/** The agent does not let the keeper in, and the keeper hears of nothing but that. */
async function refusesKeeper(changes: Changes): Promise<void> {
  const { agent, keeper } = await shake(changes);
  assert(agent instanceof ConnectionError, "the agent let the keeper in");
  assertEquals(agent.code, "certificate-refused");
  assert(isDuplex(keeper));
  const reader = keeper.readable.getReader();
  await assertRejects(() => reader.read(), ConnectionError, "certificate-refused");
}

/** The keeper does not take the agent for what it says it is. */
async function refusesAgent(changes: Changes): Promise<void> {
  const { agent, keeper } = await shake(changes);
  assert(keeper instanceof ConnectionError, "the keeper took the agent");
  assertEquals(keeper.code, "certificate-refused");
  // The agent's end of the handshake may be over, or not: nothing comes to it in either case.
  if (!isDuplex(agent)) return;
  assertEquals((await agent.readable.getReader().read()).done, true);
}

Deno.test("acceptTls and connectTls shake hands where both certificates count", async () => {
  const { agent, keeper } = await shake({});
  assert(isDuplex(agent) && isDuplex(keeper));
  const writer = agent.writable.getWriter();
  await writer.write(encodeUtf8("hello"));
  const { value } = await keeper.readable.getReader().read();
  assertEquals(new TextDecoder().decode(value), "hello");
  await writer.abort();
});

Deno.test("acceptTls refuses whoever shows no certificate", () =>
  refusesKeeper({ keeperEnd: { keyPem: "", chainPem: "" } }));

Deno.test("acceptTls refuses a certificate of another authority, of the same names", async () => {
  const other = await createAuthorities();
  const { keyPem, chainPem } = await credentialsFor(KEEPER, other);
  await refusesKeeper({ keeperEnd: { keyPem, chainPem } });
});

Deno.test("acceptTls refuses a certificate that signs itself", async () => {
  const { certificate: { pem }, key } = await PlayedAuthority.create(KEEPER);
  await refusesKeeper({ keeperEnd: { keyPem: await exportKeyPem(key), chainPem: pem } });
});

Deno.test("acceptTls refuses TLS 1.2", async () => {
  const shows = await credentialsFor(AGENT, AUTHORITIES);
  const { keyPem: key, chainPem: cert, rootPem: ca } = await credentialsFor(KEEPER, AUTHORITIES);
  const { signal } = new AbortController();
  const [agentEnd, keeperEnd] = duplexPair();
  const accepted = acceptTls(agentEnd, { ...shows, check: checkKeeper(), signal });
  const refused = assertRejects(() => accepted, ConnectionError, "certificate-refused");
  const raw = await RawStream.open(keeperEnd);
  const { stream: socket } = raw;
  const old = connect({ socket, key, cert, ca, servername: AGENT_NAME, maxVersion: "TLSv1.2" });
  const { promise, resolve } = Promise.withResolvers<string>();
  old.once("secureConnect", () => resolve("let in"));
  for (const event of ["error", "close"]) old.on(event, () => resolve("refused"));
  socket.on("error", () => {});
  assertEquals(await promise, "refused");
  await refused;
  raw.abort(new RangeError("over"));
});

Deno.test("acceptTls refuses an expired certificate", () =>
  refusesKeeper({ keeper: { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() - 2_000 } }));

Deno.test("acceptTls refuses a certificate that does not count yet", () =>
  refusesKeeper({
    keeper: { notBeforeMs: Date.now() + DAY_MS, notAfterMs: Date.now() + 2 * DAY_MS },
  }));

Deno.test("acceptTls refuses the certificate of an agent", () =>
  refusesKeeper({ keeper: { usages: ["server"], dnsNames: [AGENT_NAME] } }));

Deno.test("acceptTls refuses a keeper's certificate that is for both ends, or for none", async () => {
  await refusesKeeper({ keeper: { usages: ["server", "client"] } });
  await refusesKeeper({ keeper: { usages: [] } });
});

Deno.test("acceptTls refuses the certificate of an application of the app", () =>
  refusesKeeper({ keeper: { dnsNames: ["web.shop.fluxvault.internal"] } }));

Deno.test("acceptTls refuses a certificate that the authority of the app has revoked", async () => {
  const serial = new Uint8Array([0x4b, 7]);
  const check = checkKeeper((serialHex) => serialHex === "4b07");
  await refusesKeeper({ keeper: { serial }, agentEnd: { check } });
});

Deno.test("acceptTls refuses the keeper of another app of the same root", async () => {
  const bank = await createAppAuthority(AUTHORITIES.root, "bank");
  const names = { ...KEEPER, dnsNames: ["keeper.bank.fluxvault.internal"] };
  const { keyPem, chainPem } = await credentialsFor(names, { ...AUTHORITIES, app: bank });
  await refusesKeeper({ keeperEnd: { keyPem, chainPem } });
});

Deno.test("acceptTls refuses our keeper's name from the authority of another app", async () => {
  const bank = await createAppAuthority(AUTHORITIES.root, "bank");
  const { keyPem, chainPem } = await credentialsFor(KEEPER, { ...AUTHORITIES, app: bank });
  await refusesKeeper({ keeperEnd: { keyPem, chainPem } });
});

Deno.test("acceptTls refuses our keeper's name from a certificate that may sign none", async () => {
  const signer = await AUTHORITIES.app.issue({ ...KEEPER, subject: "authority of shop" });
  const fake = await createAuthorities();
  const leaf = await fake.app.issue(KEEPER);
  await refusesKeeper({ keeperEnd: { keyPem: leaf.keyPem, chainPem: leaf.pem + signer.pem } });
});

Deno.test("connectTls refuses an agent of another component, app, purpose or time", async () => {
  const other = "web.agent.shop.fluxvault.internal";
  await refusesAgent({ agent: { dnsNames: [other] } });
  await refusesAgent({ agent: { dnsNames: [AGENT_NAME, other] } });
  await refusesAgent({ agent: { usages: ["client"] } });
  await refusesAgent({ agent: { usages: ["server", "client"] } });
  await refusesAgent({ agent: { notAfterMs: Date.now() - 2_000 } });
  await refusesAgent({ agent: { notBeforeMs: Date.now() + DAY_MS } });
  const strangers = await createAuthorities();
  const { keyPem, chainPem } = await credentialsFor(AGENT, strangers);
  await refusesAgent({ agentEnd: { keyPem, chainPem } });
});

Deno.test("connectTls refuses an agent whose certificate is revoked", () =>
  refusesAgent({ keeperEnd: { check: checkAgent(() => true) } }));

Deno.test("acceptTls refuses a transport that ends, and plain text", async () => {
  const shows = await credentialsFor(AGENT, AUTHORITIES);
  const { signal } = new AbortController();
  for (
    const text of [
      "",
      "x",
      '{"Version":2,"Suite":"RSA-OAEP-256+A256GCM"}\n',
      "GET / HTTP/1.1\r\n\r\n",
    ]
  ) {
    const [agentEnd, keeperEnd] = duplexPair();
    const accepted = acceptTls(agentEnd, { ...shows, check: checkKeeper(), signal });
    const refused = assertRejects(() => accepted, ConnectionError, "certificate-refused");
    const writer = keeperEnd.writable.getWriter();
    await writer.write(encodeUtf8(text)).catch(() => {});
    await writer.close().catch(() => {});
    await refused;
    const told = await new Response(keeperEnd.readable).arrayBuffer().catch(() => null);
    // An alert of TLS at most.
    assert((told?.byteLength ?? 0) <= 7);
  }
});

Deno.test("acceptTls gives up in time, and as soon as it is told to", async () => {
  const shows = await credentialsFor(AGENT, AUTHORITIES);
  const options = { ...shows, check: checkKeeper() };
  const { signal } = new AbortController();
  const [silent] = duplexPair();
  const late = () => acceptTls(silent, { ...options, signal, timeoutMs: 20 });
  await assertRejects(late, ConnectionError, "timed-out");
  const control = new AbortController();
  const [other] = duplexPair();
  const accepted = acceptTls(other, { ...options, signal: control.signal });
  control.abort(new RangeError("enough"));
  await assertRejects(() => accepted, RangeError);
  const [third] = duplexPair();
  await assertRejects(() => acceptTls(third, { ...options, signal: control.signal }), RangeError);
});

Deno.test("acceptTls frees the transport that it refuses", async () => {
  const shows = await credentialsFor(AGENT, AUTHORITIES);
  const { signal } = new AbortController();
  const [agentEnd, keeperEnd] = duplexPair();
  const accept = () =>
    acceptTls(agentEnd, { ...shows, check: checkKeeper(), signal, timeoutMs: 20 });
  await assertRejects(accept, ConnectionError);
  await assertRejects(() => keeperEnd.writable.getWriter().closed, ConnectionError);
});
