import { KeeperCertificates } from "../../../keeper/authority/keeper_certificates.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { APP, openMemoryAuthority } from "./authority_site.ts";

const DAY_MS = 86_400_000;

async function open() {
  const site = await openMemoryAuthority();
  const { clock: { now } } = site;
  const certificates = new KeeperCertificates({
    authority: () => Promise.resolve(site.authority),
    now,
  });
  return { ...site, certificates };
}

Deno.test("KeeperCertificates gives one certificate until two thirds of its life are over", async () => {
  const { certificates, clock } = await open();
  const [first, same] = await Promise.all([certificates.current(APP), certificates.current(APP)]);
  assertEquals(same.serial, first.serial);
  clock.advance(DAY_MS * 2 / 3 - 1_000);
  assertEquals((await certificates.current(APP)).serial, first.serial);
  clock.advance(1_000);
  assert((await certificates.current(APP)).serial !== first.serial);
});

Deno.test("KeeperCertificates gives each app its own, and another after it was forgotten", async () => {
  const { certificates } = await open();
  const one = await certificates.current(APP);
  assert((await certificates.current("other")).names[0] !== one.names[0]);
  certificates.forget(APP);
  assert((await certificates.current(APP)).serial !== one.serial);
});

Deno.test("KeeperCertificates gives the old one while no other can be made, until its end", async () => {
  const { certificates, clock, store } = await open();
  const { serial } = await certificates.current(APP);
  store.full = "app-";
  clock.advance(DAY_MS - 1_000);
  assertEquals((await certificates.current(APP)).serial, serial);
  clock.advance(1_000);
  await assertRejects(() => certificates.current(APP), StorageError);
  store.full = null;
  assert((await certificates.current(APP)).serial !== serial);
});
