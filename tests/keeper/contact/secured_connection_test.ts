import {
  checkIssued,
  composeRequest,
  exportKeyPem,
  generateCertificateKey,
} from "../../../agent/certificates/mod.ts";
import { HeldCertificate } from "../../../agent/certificates/held_certificate.ts";
import { type Authority, KeeperCertificates } from "../../../keeper/authority/mod.ts";
import { secureWith } from "../../../keeper/contact/secured_connection.ts";
import { acceptTls } from "../../../protocol/host/tls/mod.ts";
import { type Duplex, duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError, FluxVaultError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { APP, openMemoryAuthority } from "../authority/authority_site.ts";

const { signal } = new AbortController();
const DB = { app: APP, component: "db" };

/** A keeper with an authority, whose clock is that of the machine. */
async function stage() {
  const site = await openMemoryAuthority({ now: Date.now });
  const { authority } = site;
  const open = () => Promise.resolve(authority);
  const certificates = new KeeperCertificates({ authority: open });
  return { authority, certificates, secure: secureWith({ certificates, authority: open }) };
}

/** An agent that holds what the authority has issued to it. */
async function enrol(authority: Authority, agent = DB): Promise<HeldCertificate> {
  const key = await generateCertificateKey("P-256", { extractable: true });
  const request = await composeRequest(key);
  const answer = await authority.issue({ ...agent, purpose: "agent", request });
  const { publicKeyInfo } = key;
  const issued = await checkIssued(answer, { publicKeyInfo, nowMs: Date.now() });
  assert(typeof issued !== "string", String(issued));
  const held = new HeldCertificate(agent);
  assertEquals(held.hold({ ...issued, keyPem: await exportKeyPem(key) }), null);
  return held;
}

/** Takes a keeper as an agent does. */
async function accept(held: HeldCertificate, duplex: Duplex): Promise<Duplex> {
  const parts = held.current;
  assert(parts !== null);
  return await acceptTls(duplex, {
    ...parts,
    check: (peer, presented) => held.checkKeeper(peer, presented),
    signal,
  });
}

/** A connection of a keeper, and what became of it. */
function connectionOver(duplex: Duplex) {
  const seen: { reason: unknown } = { reason: null };
  return { seen, connection: { duplex, close: (reason: unknown) => void (seen.reason = reason) } };
}

Deno.test("secureWith speaks TLS to an agent that has enrolled with the same authority", async () => {
  const { authority, secure } = await stage();
  const [agentEnd, keeperEnd] = duplexPair();
  const { connection, seen } = connectionOver(keeperEnd);
  const [accepted, secured] = await Promise.all([
    accept(await enrol(authority), agentEnd),
    secure(connection, { ...DB, signal }),
  ]);
  const writer = accepted.writable.getWriter();
  await writer.write(new Uint8Array([7]));
  assertEquals([...(await secured.duplex.readable.getReader().read()).value ?? []], [7]);
  await writer.abort();
  secured.close("enough");
  assertEquals(seen.reason, "enough");
});

Deno.test("secureWith knows an app and a component by any case of their names", async () => {
  const { authority, secure } = await stage();
  const [agentEnd, keeperEnd] = duplexPair();
  const held = await enrol(authority, { app: APP.toUpperCase(), component: "DB" });
  const [, secured] = await Promise.all([
    accept(held, agentEnd),
    secure(connectionOver(keeperEnd).connection, { ...DB, signal }),
  ]);
  await secured.duplex.writable.abort();
});

Deno.test("secureWith takes no agent of another component, nor one that was revoked", async () => {
  const { authority, secure } = await stage();
  const web = await enrol(authority, { ...DB, component: "web" });
  const db = await enrol(authority);
  await authority.revoke(db.current?.certificate.serialHex ?? "");
  for (const held of [web, db]) {
    const [agentEnd, keeperEnd] = duplexPair();
    const accepted = accept(held, agentEnd).catch(() => null);
    const securing = secure(connectionOver(keeperEnd).connection, { ...DB, signal });
    await assertRejects(() => securing, ConnectionError, "certificate-refused");
    await accepted;
  }
});

Deno.test("secureWith takes no agent whose intermediate was revoked", async () => {
  const { authority, secure } = await stage();
  const held = await enrol(authority);
  await authority.revoke(held.current?.issuer.serialHex ?? "");
  const [agentEnd, keeperEnd] = duplexPair();
  const accepted = accept(held, agentEnd).catch(() => null);
  const securing = secure(connectionOver(keeperEnd).connection, { ...DB, signal });
  await assertRejects(() => securing, ConnectionError, "certificate-refused");
  await accepted;
});

Deno.test("secureWith shows a certificate that the agents of another authority refuse", async () => {
  const [ours, others] = [await stage(), await stage()];
  const [agentEnd, keeperEnd] = duplexPair();
  const accepting = accept(await enrol(others.authority), agentEnd);
  const refused = assertRejects(() => accepting, ConnectionError, "certificate-refused");
  const securing = ours.secure(connectionOver(keeperEnd).connection, { ...DB, signal });
  await assertRejects(() => securing, ConnectionError, "certificate-refused");
  await refused;
});

Deno.test("secureWith has nothing for agents of no app", async () => {
  const { secure } = await stage();
  const { connection } = connectionOver(duplexPair()[0]);
  const securing = () => secure(connection, { ...DB, app: null, signal });
  await assertRejects(securing, FluxVaultError, "tls-unknown");
});

Deno.test("agents take the lists of the authority, and refuse a keeper on them", async () => {
  const { authority, certificates } = await stage();
  const held = await enrol(authority);
  const { serial } = await certificates.current(APP);
  await authority.revoke(serial);
  for (const list of [await authority.rootRevocationList(), await authority.revocationList(APP)]) {
    assert(list !== null);
    assertEquals(await held.takeList(list), "taken");
  }
  const [agentEnd, keeperEnd] = duplexPair();
  const accepting = accept(held, agentEnd);
  const refused = assertRejects(() => accepting, ConnectionError, "certificate-refused");
  const open = () => Promise.resolve(authority);
  const secure = secureWith({ certificates, authority: open });
  const secured = await secure(connectionOver(keeperEnd).connection, { ...DB, signal });
  const read = () => secured.duplex.readable.getReader().read();
  await assertRejects(read, ConnectionError, "certificate-refused");
  await refused;
});
