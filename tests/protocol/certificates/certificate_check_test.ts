import { parseCertificate } from "../../../protocol/certificates/certificate.ts";
import {
  type CertificateExpectation,
  findCertificateFault,
  leadsToRoot,
} from "../../../protocol/certificates/certificate_check.ts";
import { assertEquals } from "../../support/assert.ts";
import {
  PlayedAuthority,
  type PlayedCertificate,
  readCertificate,
} from "../../support/played_authority.ts";

const NAME = "keeper.shop.fluxvault.internal";
const SECOND_MS = 1_000;
const NOW_MS = Math.floor(Date.now() / SECOND_MS) * SECOND_MS;
const KEEPER: PlayedCertificate = { subject: "keeper", dnsNames: [NAME], usages: ["client"] };
const ROOT = await PlayedAuthority.create();

async function faultOf(
  says: Partial<PlayedCertificate>,
  expectation: Partial<CertificateExpectation> = {},
) {
  const certificate = parseCertificate((await ROOT.issue({ ...KEEPER, ...says })).der);
  const all = { usage: "client", name: NAME, nowMs: NOW_MS, isRevoked: () => false } as const;
  return certificate && findCertificateFault(certificate, { ...all, ...expectation });
}

async function read(authority: PlayedAuthority) {
  return await Promise.resolve(readCertificate(authority.certificate.der));
}

Deno.test("findCertificateFault finds none where all is as expected", async () => {
  assertEquals(await faultOf({}), null);
});

Deno.test("findCertificateFault holds a certificate to its dates, to the second", async () => {
  assertEquals(await faultOf({ notAfterMs: NOW_MS - SECOND_MS }), "expired");
  assertEquals(await faultOf({ notAfterMs: NOW_MS }), null);
  assertEquals(await faultOf({ notBeforeMs: NOW_MS + SECOND_MS }), "not-yet-valid");
  assertEquals(await faultOf({ notBeforeMs: NOW_MS }), null);
});

Deno.test("findCertificateFault refuses another purpose, several, none, and authorities", async () => {
  assertEquals(await faultOf({ usages: ["server"] }), "wrong-purpose");
  assertEquals(await faultOf({ usages: ["server", "client"] }), "wrong-purpose");
  const { usages: _usages, ...silent } = KEEPER;
  const plain = readCertificate((await ROOT.issue(silent)).der);
  const expectation = {
    usage: "client",
    name: NAME,
    nowMs: NOW_MS,
    isRevoked: () => false,
  } as const;
  assertEquals(findCertificateFault(plain, expectation), "wrong-purpose");
  assertEquals(await faultOf({ isAuthority: true }), "wrong-purpose");
  assertEquals(await faultOf({}, { usage: "server" }), "wrong-purpose");
});

Deno.test("findCertificateFault refuses another name, one more, none, and an address", async () => {
  assertEquals(await faultOf({ dnsNames: ["keeper.bank.fluxvault.internal"] }), "wrong-name");
  assertEquals(await faultOf({ dnsNames: [NAME.toUpperCase()] }), null);
  assertEquals(await faultOf({ dnsNames: [`*.${NAME}`] }), "wrong-name");
  assertEquals(await faultOf({ dnsNames: [NAME, "web"] }), "wrong-name");
  assertEquals(await faultOf({ dnsNames: [] }), "wrong-name");
  assertEquals(await faultOf({ ipAddress: [10, 0, 0, 7] }), "wrong-name");
});

Deno.test("findCertificateFault refuses what is revoked", async () => {
  const serial = new Uint8Array([0x4a, 1]);
  const isRevoked = (serialHex: string) => serialHex === "4a01";
  assertEquals(await faultOf({ serial }, { isRevoked }), "revoked");
  assertEquals(await faultOf({}, { isRevoked }), null);
});

Deno.test("leadsToRoot takes a chain whose every link holds", async () => {
  const issuer = await PlayedAuthority.create({ subject: "shop", algorithm: "P-384" }, ROOT);
  const leaf = readCertificate((await issuer.issue(KEEPER)).der);
  const options = { root: await read(ROOT), nowMs: NOW_MS };
  assertEquals(await leadsToRoot([leaf, await read(issuer)], options), true);
  assertEquals(await leadsToRoot([leaf], options), false);
  assertEquals(await leadsToRoot([], options), false);
});

Deno.test("leadsToRoot refuses a link of another key, of no authority, and of another time", async () => {
  const impostor = await PlayedAuthority.create();
  const options = { root: await read(ROOT), nowMs: NOW_MS };
  assertEquals(
    await leadsToRoot([readCertificate((await impostor.issue(KEEPER)).der)], options),
    false,
  );
  const plain = readCertificate((await ROOT.issue({ ...KEEPER, subject: "shop" })).der);
  const below = await PlayedAuthority.create({ subject: "shop" }, ROOT);
  const leaf = readCertificate((await below.issue(KEEPER)).der);
  assertEquals(await leadsToRoot([leaf, plain], options), false);
  const over = { subject: "shop", notAfterMs: NOW_MS - SECOND_MS };
  const expired = await PlayedAuthority.create(over, ROOT);
  const late = readCertificate((await expired.issue(KEEPER)).der);
  assertEquals(await leadsToRoot([late, await read(expired)], options), false);
});
