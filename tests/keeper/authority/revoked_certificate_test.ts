import { loadX509 } from "../../../keeper/authority/certificates/x509_library.ts";
import { AuthorityError } from "../../../keeper/authority/errors.ts";
import type { Bytes } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { agentOrder, APP, DAY_MS, openMemoryAuthority } from "./authority_site.ts";

async function read(der: Bytes | null) {
  assert(der !== null);
  const { X509Crl } = await loadX509();
  const list = new X509Crl(der);
  const number = list.extensions.find(({ type }) => type === "2.5.29.20")?.value;
  return {
    issuer: list.issuer,
    serials: list.entries.map(({ serialNumber }) => serialNumber),
    number: number === undefined ? null : new Uint8Array(number).at(-1),
    next: list.nextUpdate?.getTime() ?? 0,
    list,
  };
}

Deno.test("revokeSerial revokes one certificate, once", async () => {
  const { authority } = await openMemoryAuthority();
  const one = await authority.issue(await agentOrder());
  await authority.issue(await agentOrder());
  const { serial } = one;
  const done = { app: APP, serial, kind: "certificate" as const };
  assertEquals(await authority.revoke(serial), { ...done, isOld: false });
  assertEquals(await authority.revoke(serial, { reason: "key-compromise" }), {
    ...done,
    isOld: true,
  });
  const listed = await authority.list();
  assertEquals(listed.map(({ revoked }) => revoked?.reason ?? null), ["unspecified", null]);
  const { serials, issuer } = await read(await authority.revocationList(APP));
  assertEquals(serials, [serial]);
  assertEquals(issuer, `O=FluxVault, OU=${APP}, CN=FluxVault intermediate`);
});

Deno.test("revokeSerial refuses a serial number that is not on record", async () => {
  const { authority } = await openMemoryAuthority();
  for (const isThere of [false, true]) {
    if (isThere) await authority.issue(await agentOrder());
    const error = await assertRejects(() => authority.revoke("40".repeat(16)), AuthorityError);
    assertEquals(error.code, "certificate-unknown");
  }
});

Deno.test("revokeSerial takes an intermediate with all that its key signed", async () => {
  const site = await openMemoryAuthority();
  const { authority } = site;
  const one = await authority.issue(await agentOrder());
  await authority.renewIntermediate(APP);
  const two = await authority.issue(await agentOrder());
  const elsewhere = await authority.issue(await agentOrder({ app: "other" }));
  const intermediates = (await site.store.loadRoot())?.intermediates ?? [];
  const serials = intermediates.filter(({ app }) => app === APP).map(({ serial }) => serial);
  assertEquals(serials.length, 2);
  const done = await authority.revoke(serials[0] ?? "", { reason: "ca-compromise" });
  assertEquals([done.kind, done.isOld], ["intermediate", false]);
  const root = await read(await authority.rootRevocationList());
  assertEquals(root.serials.toSorted(), serials.toSorted());
  const listed = await authority.list();
  assertEquals(
    new Map(listed.map(({ serial, revoked }) => [serial, revoked?.reason ?? null])),
    new Map([[one.serial, "ca-compromise"], [two.serial, "ca-compromise"], [
      elsewhere.serial,
      null,
    ]]),
  );
  const next = await authority.issue(await agentOrder());
  const app = await read(await authority.revocationList(APP));
  assertEquals(app.serials, [one.serial, two.serial]);
  assert(app.issuer.endsWith("CN=FluxVault intermediate 2"), app.issuer);
  const { X509Certificate } = await loadX509();
  assertEquals(new X509Certificate(next.chain[1]).subject, app.issuer);
  assert(await app.list.verify({ publicKey: new X509Certificate(next.chain[1]).publicKey }));
});

Deno.test("signAppList gives out a list as it is until something is revoked or a day is over", async () => {
  const { authority, clock } = await openMemoryAuthority();
  assertEquals(await authority.revocationList(APP), null);
  const { serial } = await authority.issue(await agentOrder());
  const first = await authority.revocationList(APP);
  clock.advance(DAY_MS - 1_000);
  assertEquals(await authority.revocationList(APP), first);
  await authority.revoke(serial);
  const second = await read(await authority.revocationList(APP));
  assertEquals([second.number, second.serials], [2, [serial]]);
  clock.advance(DAY_MS);
  const third = await read(await authority.revocationList(APP));
  assertEquals([third.number, third.next - clock.now()], [3, 30 * DAY_MS]);
});

Deno.test("signAppList leaves a certificate out once a list has named it after its end", async () => {
  const { authority, clock } = await openMemoryAuthority();
  const { serial } = await authority.issue(await agentOrder({ lifetimeMs: DAY_MS }));
  await authority.revoke(serial);
  const named = [];
  for (let day = 0; day < 4; day++) {
    named.push((await read(await authority.revocationList(APP))).serials.length);
    clock.advance(DAY_MS);
  }
  assertEquals(named, [1, 1, 1, 0]);
});

Deno.test("signRootList counts up, and is null without a root", async () => {
  const { authority, clock } = await openMemoryAuthority();
  assertEquals(await authority.rootRevocationList(), null);
  await authority.init();
  const first = await authority.rootRevocationList();
  assertEquals(await authority.rootRevocationList(), first);
  clock.advance(DAY_MS);
  assertEquals((await read(await authority.rootRevocationList())).number, 2);
});
