import { generateCertificateKey } from "../../../agent/certificates/certificate_key.ts";
import { HeldCertificate, type HeldParts } from "../../../agent/certificates/held_certificate.ts";
import { checkIssued } from "../../../agent/certificates/issued_certificate.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type PlayedCertificate, readCertificate } from "../../support/played_authority.ts";
import { AGENT, createAuthorities, KEEPER } from "../../support/tls_ends.ts";

const HOUR_MS = 3_600_000;
const AUTHORITIES = await createAuthorities();
const SERIAL = new Uint8Array([0x4b, 1]);

/** A holder whose clock the test sets, in milliseconds from now. */
function holder() {
  const clock = { aheadMs: 0 };
  const now = () => Date.now() + clock.aheadMs;
  return { clock, held: new HeldCertificate({ app: "shop", component: "db", now }) };
}

async function issue(
  says: Partial<PlayedCertificate> = {},
  { root, app } = AUTHORITIES,
): Promise<HeldParts> {
  const { publicKeyInfo } = await generateCertificateKey("P-256");
  const { pem } = await app.issue({ ...AGENT, ...says, publicKeyInfo });
  const answer = { chain: [pem, app.certificate.pem], root: root.certificate.pem };
  const issued = await checkIssued(answer, { publicKeyInfo, nowMs: Date.now() });
  assert(typeof issued !== "string", String(issued));
  return { ...issued, keyPem: "" };
}

async function keeperFault(held: HeldCertificate, says: Partial<PlayedCertificate> = {}) {
  const { app, root } = AUTHORITIES;
  const peer = readCertificate((await app.issue({ ...KEEPER, ...says })).der);
  const others = [app, root].map(({ certificate }) => readCertificate(certificate.der));
  return held.checkKeeper(peer, [peer, ...others]);
}

Deno.test("HeldCertificate holds one for as long as it counts, and is due before that", async () => {
  const { held, clock } = holder();
  assertEquals([held.current, held.isDue], [null, true]);
  const [notBeforeMs, notAfterMs] = [Date.now() - HOUR_MS, Date.now() + 2 * HOUR_MS];
  const parts = await issue({ notBeforeMs, notAfterMs });
  assertEquals(held.hold(parts), null);
  assertEquals([held.current, held.isDue], [parts, false]);
  clock.aheadMs = HOUR_MS + 1_000;
  assertEquals([held.current, held.isDue], [parts, true]);
  clock.aheadMs = 2 * HOUR_MS + 1_000;
  assertEquals([held.current, held.isDue], [null, true]);
});

Deno.test("HeldCertificate holds no certificate of another name or purpose", async () => {
  const { held } = holder();
  const web = "web.agent.shop.fluxvault.internal";
  assertEquals(held.hold(await issue({ dnsNames: [web] })), "wrong-name");
  assertEquals(held.hold(await issue({ usages: ["client"] })), "wrong-purpose");
  assertEquals(held.current, null);
});

Deno.test("HeldCertificate keeps the last one where the next does not count", async () => {
  const { held } = holder();
  const parts = await issue();
  held.hold(parts);
  held.hold(await issue({ usages: ["client"] }));
  assertEquals(held.current, parts);
});

Deno.test("HeldCertificate gives its own up where it is revoked, or whoever issued it", async () => {
  const { app, root } = AUTHORITIES;
  const { held } = holder();
  held.hold(await issue({ serial: SERIAL }));
  assertEquals(await held.takeList(await app.revoke([SERIAL])), "taken");
  assertEquals(held.current, null);
  const other = holder().held;
  other.hold(await issue());
  await other.takeList(await root.revoke([app.certificate.serial]));
  assertEquals(other.current, null);
});

Deno.test("HeldCertificate takes lists of its own authority alone", async () => {
  const { held } = holder();
  const list = await AUTHORITIES.app.revoke([SERIAL]);
  assertEquals(await held.takeList(list), "refused");
  held.hold(await issue());
  assertEquals(await held.takeList(list), "taken");
  const others = await createAuthorities();
  held.hold(await issue({}, others));
  assertEquals(await held.takeList(list), "refused");
  assertEquals(await held.takeList(await others.app.revoke([SERIAL])), "taken");
});

Deno.test("HeldCertificate.checkKeeper takes the keeper of its app", async () => {
  assertEquals(await keeperFault(holder().held), null);
});

Deno.test("HeldCertificate.checkKeeper refuses other names, purposes and times", async () => {
  const { held } = holder();
  assertEquals(
    await keeperFault(held, { dnsNames: ["web.shop.fluxvault.internal"] }),
    "wrong-name",
  );
  assertEquals(await keeperFault(held, { usages: ["server"] }), "wrong-purpose");
  assertEquals(await keeperFault(held, { notAfterMs: Date.now() - 2_000 }), "expired");
});

Deno.test("HeldCertificate.checkKeeper refuses a keeper that is revoked, or whoever issued it", async () => {
  const { app, root } = AUTHORITIES;
  const { held } = holder();
  held.hold(await issue());
  await held.takeList(await app.revoke([SERIAL]));
  assertEquals(await keeperFault(held, { serial: SERIAL }), "revoked");
  assertEquals(await keeperFault(held), null);
  await held.takeList(await root.revoke([app.certificate.serial]));
  assertEquals(await keeperFault(held), "revoked");
});
