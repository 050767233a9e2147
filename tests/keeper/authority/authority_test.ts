import { loadX509 } from "../../../keeper/authority/certificates/x509_library.ts";
import { AuthorityError } from "../../../keeper/authority/mod.ts";
import { decodeAuditLine } from "../../../keeper/audit/mod.ts";
import { AuditError } from "../../../keeper/audit/log/audit_log.ts";
import { encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  agentOrder,
  APP,
  applicationOrder,
  type AuthoritySite,
  DAY_MS,
  makeRequest,
  openMemoryAuthority,
} from "./authority_site.ts";

const START_MS = Date.UTC(2030, 0, 1);

async function parse(pem: string) {
  const { X509Certificate } = await loadX509();
  return new X509Certificate(pem);
}

function events({ audit }: AuthoritySite) {
  return audit.lines.map((line) => decodeAuditLine(encodeUtf8(line)));
}

Deno.test("Authority makes its root with the first certificate, and keeps it", async () => {
  const site = await openMemoryAuthority();
  assertEquals(site.store.files.size, 0);
  const first = await site.authority.issue(await agentOrder());
  const second = await (await site.reopen()).issue(await agentOrder({ app: "other" }));
  assertEquals(second.root, first.root);
  assert(second.chain[1] !== first.chain[1]);
  const root = await parse(first.root);
  assertEquals(root.notBefore.getTime(), START_MS - 300_000);
  assertEquals(root.notAfter.toISOString().slice(0, 10), "2040-01-01");
});

Deno.test("Authority init makes the root once", async () => {
  const site = await openMemoryAuthority({ type: "Ed25519" });
  assertEquals(await site.authority.init(), true);
  assertEquals(await (await site.reopen()).init(), false);
  assertEquals((await site.authority.view())?.root.type, "Ed25519");
});

Deno.test("Authority unlock asks for the secret once, and for none where there is no authority", async () => {
  const site = await openMemoryAuthority();
  assertEquals([await site.authority.unlock(), site.secrets.reads], [false, 0]);
  await site.authority.init();
  const other = await site.reopen();
  assertEquals([await other.unlock(), site.secrets.reads], [true, 1]);
  await other.issue(await agentOrder());
  assertEquals(site.secrets.reads, 1);
});

Deno.test("Authority issue takes nothing from the request but its key", async () => {
  const site = await openMemoryAuthority();
  const options = { subject: "CN=evil.example.org", names: ["evil.example.org"] };
  const { request, keys } = await makeRequest("P-256", options);
  const issued = await site.authority.issue(await agentOrder({ request }));
  assertEquals(issued.names, [`db.agent.${APP}.fluxvault.internal`]);
  const certificate = await parse(issued.chain[0]);
  assert(!certificate.toString("text").includes("evil"));
  const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
  assertEquals(new Uint8Array(certificate.publicKey.rawData), new Uint8Array(spki));
});

Deno.test("Authority issue back-dates a certificate and says when to renew it", async () => {
  const site = await openMemoryAuthority();
  const issued = await site.authority.issue(await agentOrder({ lifetimeMs: 3 * DAY_MS }));
  assertEquals([issued.notBeforeMs, issued.notAfterMs, issued.renewAtMs], [
    START_MS - 300_000,
    START_MS + 3 * DAY_MS,
    START_MS + 2 * DAY_MS,
  ]);
});

Deno.test("Authority issue has a serial number on record before it hands out a certificate", async () => {
  const site = await openMemoryAuthority();
  await site.authority.init();
  site.store.full = "app-";
  const order = await agentOrder();
  const error = await assertRejects(() => site.authority.issue(order), StorageError);
  assertEquals([error.code, await site.authority.list()], ["disk-full", []]);
  site.store.full = null;
  const issued = await site.authority.issue(order);
  assertEquals((await site.authority.list()).map(({ serial }) => serial), [issued.serial]);
});

Deno.test("Authority hands out nothing that the audit log does not take", async () => {
  const site = await openMemoryAuthority();
  site.audit.failure = new AuditError("the disk is full");
  const order = await agentOrder();
  await assertRejects(() => site.authority.issue(order), AuditError);
  site.audit.failure = null;
  await site.authority.issue(order);
});

Deno.test("Authority puts on record what it makes, issues and revokes", async () => {
  const site = await openMemoryAuthority();
  const order = await applicationOrder({ holder: "SHA256:x" });
  const { serial } = await site.authority.issue(order);
  await site.authority.revoke(serial, { reason: "superseded" });
  const told = events(site);
  assertEquals(told.map((line) => line?.event), [
    "authority",
    "intermediate",
    "issued",
    "revoked",
  ]);
  const { seq: _seq, time: _time, prev: _prev, ...issued } = told[2] ?? {};
  assertEquals(issued, {
    event: "issued",
    app: APP,
    component: "db",
    purpose: "application",
    fingerprint: "SHA256:x",
    serial,
    names: ["fluxdb_vaultdemo", "fluxdb_vaultdemo.fluxdockernetwork_vaultdemo", "db"],
    usage: ["server", "client"],
    notAfter: "2030-01-02T00:00:00.000Z",
  });
});

Deno.test("Authority issueForKeeper gives a key that is kept nowhere", async () => {
  const site = await openMemoryAuthority();
  const issued = await site.authority.issueForKeeper(APP);
  assertEquals(issued.names, [`keeper.${APP}.fluxvault.internal`]);
  const body = issued.privateKey.split("\n").slice(1, -2).join("");
  const kept = [...site.store.files.values()].map((bytes) => new TextDecoder().decode(bytes));
  assert(body.length > 100);
  assert(!kept.concat(site.audit.lines).some((text) => text.includes(body.slice(40, 80))));
});

Deno.test("Authority keeps every private key encrypted", async () => {
  const site = await openMemoryAuthority();
  await site.authority.issue(await agentOrder());
  const files = [...site.store.files].filter(([name]) => name.startsWith("key-"));
  assertEquals(files.length, 2);
  for (const [, bytes] of files) {
    const { sealed, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
    assertEquals(Object.keys(rest), ["version", "authority", "key", "type", "cipher"]);
    // The encrypted form begins with nothing of a private key (PKCS#8).
    assert(typeof sealed === "string" && !sealed.startsWith("MI"), sealed);
  }
});

Deno.test("Authority renew issues for the same key, as long and for the same names", async () => {
  const site = await openMemoryAuthority();
  const order = await applicationOrder({ lifetimeMs: 2 * DAY_MS });
  const first = await site.authority.issue(order);
  site.clock.advance(DAY_MS);
  const second = await site.authority.renew(first.serial);
  const [one, two] = [await parse(first.chain[0]), await parse(second.chain[0])];
  assertEquals(second.names, first.names);
  assert(second.serial !== first.serial);
  assertEquals(second.notAfterMs, START_MS + 3 * DAY_MS);
  assertEquals(new Uint8Array(two.publicKey.rawData), new Uint8Array(one.publicKey.rawData));
});

Deno.test("Authority renew refuses what is not on record and what was revoked", async () => {
  const site = await openMemoryAuthority();
  const unknown = "40".repeat(16);
  for (const found of [false, true]) {
    if (found) await site.authority.init();
    const error = await assertRejects(() => site.authority.renew(unknown), AuthorityError);
    assertEquals(error.code, "certificate-unknown");
  }
  const { serial } = await site.authority.issue(await agentOrder());
  await site.authority.revoke(serial);
  const error = await assertRejects(() => site.authority.renew(serial), AuthorityError);
  assertEquals(error.code, "certificate-revoked");
});

Deno.test("Authority renewIntermediate takes the same key, and refuses an app without one", async () => {
  const site = await openMemoryAuthority();
  const error = await assertRejects(() => site.authority.renewIntermediate(APP), AuthorityError);
  assertEquals(error.code, "authority-missing");
  const before = await site.authority.issue(await agentOrder());
  site.clock.advance(DAY_MS);
  const serial = await site.authority.renewIntermediate(APP);
  const after = await site.authority.issue(await agentOrder());
  const [one, two] = [await parse(before.chain[1]), await parse(after.chain[1])];
  assertEquals([two.serialNumber, two.subject], [serial, one.subject]);
  assertEquals(new Uint8Array(two.publicKey.rawData), new Uint8Array(one.publicKey.rawData));
  assert(two.notAfter > one.notAfter);
});

Deno.test("Authority refuses a request that is none, and a name of an app that is none", async () => {
  const site = await openMemoryAuthority();
  const order = await agentOrder({ request: encodeUtf8("nonsense") });
  const error = await assertRejects(() => site.authority.issue(order), AuthorityError);
  assertEquals(error.code, "request-malformed");
  const { request } = await agentOrder();
  await assertRejects(
    () => site.authority.issue({ ...order, request, app: "../evil" }),
    RangeError,
  );
  assertEquals(site.store.files.size, 0);
});

Deno.test("Authority chainOf and chainOfApp give what was handed out, and no private key", async () => {
  const site = await openMemoryAuthority();
  const issued = await site.authority.issue(await agentOrder());
  assertEquals(await site.authority.chainOf(issued.serial), [...issued.chain]);
  assertEquals(await site.authority.chainOfApp(APP), [issued.chain[1], issued.root]);
  const error = await assertRejects(() => site.authority.chainOfApp("other"), AuthorityError);
  assertEquals(error.code, "authority-missing");
  const missing = await assertRejects(
    () => site.authority.chainOf("40".repeat(16)),
    AuthorityError,
  );
  assertEquals(missing.code, "certificate-unknown");
});

Deno.test("Authority takes turns with another over the same state", async () => {
  const site = await openMemoryAuthority();
  const other = await site.reopen();
  const orders = await Promise.all(Array.from({ length: 6 }, () => agentOrder()));
  const issued = await Promise.all(
    orders.map((order, index) => (index % 2 === 0 ? site.authority : other).issue(order)),
  );
  const serials = (await site.authority.list()).map(({ serial }) => serial);
  assertEquals(serials.toSorted(), issued.map(({ serial }) => serial).toSorted());
  assertEquals(new Set(issued.map(({ root }) => root)).size, 1);
});
