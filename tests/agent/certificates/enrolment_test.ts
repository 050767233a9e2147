import { base64 } from "@scure/base";
import { CERTIFICATE, REVOCATIONS } from "../../../agent/certificates/certificate_calls.ts";
import { Enrolment } from "../../../agent/certificates/enrolment.ts";
import { HeldCertificate } from "../../../agent/certificates/held_certificate.ts";
import { type CallContext, CallError, ConnectionError } from "../../../protocol/mod.ts";
import { encodePem } from "../../../protocol/certificates/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { HAS_OPENSSL, runOpenssl } from "../../support/openssl_program.ts";
import { PlayedIssuer, type PlayedIssuerOptions } from "../../support/played_issuer.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { createAuthorities } from "../../support/tls_ends.ts";

const HOUR_MS = 3_600_000;
const AUTHORITIES = await createAuthorities();

/** An agent that asks, and a keeper that issues. */
function stage(options: PlayedIssuerOptions = {}) {
  const clock = { aheadMs: 0 };
  const now = () => Date.now() + clock.aheadMs;
  const held = new HeldCertificate({ app: "shop", component: "db", now });
  const logger = new MemoryLogger();
  const seen = { changes: 0 };
  const onChange = () => void seen.changes++;
  const enrolment = new Enrolment({ held, component: "db", logger, onChange, now });
  const issuer = new PlayedIssuer(AUTHORITIES, options);
  return { clock, held, logger, seen, enrolment, issuer };
}

function publish(enrolment: Enrolment, lists: readonly Uint8Array[]): Promise<unknown> {
  // What the action does depends on its input alone.
  return enrolment.action.run({} as CallContext, lists);
}

Deno.test("Enrolment asks a keeper for a certificate, and holds it", async () => {
  const { enrolment, issuer, held, seen } = stage();
  await enrolment.visit(issuer.desk);
  assertEquals(issuer.asked.map(({ Purpose }) => Purpose), ["agent"]);
  assert(held.current !== null);
  assertMatch(held.current.keyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  assertEquals(seen.changes, 1);
});

Deno.test("Enrolment asks no keeper before it is time, and then by a new key", async () => {
  const { enrolment, issuer, held, clock } = stage({
    says: { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + 2 * HOUR_MS },
  });
  await enrolment.visit(issuer.desk);
  await enrolment.visit(issuer.desk);
  assertEquals(issuer.asked.length, 1);
  const first = held.current?.keyPem;
  clock.aheadMs = 1.1 * HOUR_MS;
  issuer.change({ says: { notAfterMs: Date.now() + 24 * HOUR_MS } });
  await enrolment.visit(issuer.desk);
  assertEquals(issuer.asked.length, 2);
  assert(held.current !== null && held.current.keyPem !== first);
});

Deno.test("Enrolment asks one keeper at a time", async () => {
  const { enrolment, issuer } = stage();
  await Promise.all([enrolment.visit(issuer.desk), enrolment.visit(issuer.desk)]);
  assertEquals(issuer.asked.length, 1);
});

Deno.test("Enrolment goes on without a certificate where the keeper gives none, and says so once", async () => {
  for (const [code, level] of [["unknown-action", "info"], ["name-refused", "warn"]] as const) {
    const { enrolment, issuer, held, logger, seen, clock } = stage({ code });
    for (let i = 0; i < 3; i++) {
      await enrolment.visit(issuer.desk);
      clock.aheadMs += HOUR_MS;
    }
    assertEquals(issuer.asked.length, 3);
    assertEquals([held.current, seen.changes], [null, 0]);
    assertEquals([logger.messages(level).length, logger.events.length], [1, 1]);
    issuer.change({});
    await enrolment.visit(issuer.desk);
    assert(held.current !== null);
  }
});

Deno.test("Enrolment asks nobody for a while after a keeper that could issue none", async () => {
  const { enrolment, issuer, clock } = stage({ code: "name-refused" });
  await enrolment.visit(issuer.desk);
  clock.aheadMs = 599_000;
  await enrolment.visit(issuer.desk);
  assertEquals(issuer.asked.length, 1);
  clock.aheadMs = 601_000;
  await enrolment.visit(issuer.desk);
  assertEquals(issuer.asked.length, 2);
});

Deno.test("Enrolment holds nothing that is for another name, key, purpose or time", async () => {
  const web = "web.agent.shop.fluxvault.internal";
  const other = AUTHORITIES.app.key.publicKeyInfo;
  for (
    const says of [
      { dnsNames: [web] },
      { publicKeyInfo: other },
      { usages: ["client"] as const },
      { notAfterMs: Date.now() - HOUR_MS },
    ]
  ) {
    const { enrolment, issuer, held, logger } = stage({ says });
    await enrolment.visit(issuer.desk);
    assertEquals(held.current, null);
    assertEquals(logger.events.map(({ properties }) => properties), [{
      code: "certificate-unusable",
    }]);
  }
});

Deno.test("Enrolment lets the end of the session and faults of its own through", async () => {
  const { enrolment } = stage();
  const control = new AbortController();
  const lost = new ConnectionError("connection-lost", "gone");
  const call = () => Promise.reject(lost);
  control.abort(lost);
  const visit = () => enrolment.visit({ call, signal: control.signal });
  await assertRejects(visit, ConnectionError, "connection-lost");
});

Deno.test("Enrolment takes the lists that come with a certificate", async () => {
  const serial = new Uint8Array([0x4b, 9]);
  const { enrolment, issuer, held, logger } = stage({
    says: { serial },
    members: { Revocations: base64.encode(await AUTHORITIES.app.revoke([serial])) },
  });
  await enrolment.visit(issuer.desk);
  assertEquals(held.current, null);
  assert(logger.messages("warn").some((message) => message.includes("is revoked")));
});

Deno.test("Enrolment.action takes lists of its own authority, and refuses those of others", async () => {
  const { enrolment, issuer, held, seen } = stage();
  const { app } = AUTHORITIES;
  const refused = () => publish(enrolment, [new Uint8Array([1])]);
  await assertRejects(refused, CallError, "list-refused");
  await enrolment.visit(issuer.desk);
  await publish(enrolment, [await app.revoke([], { number: 2 })]);
  await publish(enrolment, [await app.revoke([], { number: 1 })]);
  const others = await createAuthorities();
  const foreign = await others.app.revoke([]);
  await assertRejects(() => publish(enrolment, [foreign]), CallError, "list-refused");
  const serial = held.current?.certificate.serialHex ?? "";
  const bytes = Uint8Array.from(serial.match(/../g) ?? [], (hex) => parseInt(hex, 16));
  await publish(enrolment, [await app.revoke([bytes], { number: 3 })]);
  assertEquals([held.current, seen.changes], [null, 2]);
  assertEquals(enrolment.action.name, REVOCATIONS.name);
});

Deno.test({
  name: "Enrolment asks by a request that OpenSSL verifies",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { enrolment, issuer } = stage();
    await enrolment.visit(issuer.desk);
    const der = base64.decode(issuer.asked[0]?.Request ?? "");
    const pem = encodePem("CERTIFICATE REQUEST", der);
    await Deno.writeTextFile(`${folder.path}/request.pem`, pem);
    const args = ["req", "-in", "request.pem", "-verify", "-noout", "-subject"];
    const { text } = await runOpenssl(args, { cwd: folder.path });
    assertMatch(text, /verify OK/);
    assertMatch(text, /CN ?= ?db/);
    assertEquals(CERTIFICATE.name, "certificate");
  },
});
