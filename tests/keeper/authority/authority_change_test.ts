import { loadX509 } from "../../../keeper/authority/certificates/x509_library.ts";
import { AuthorityError } from "../../../keeper/authority/errors.ts";
import { validityFrom } from "../../../keeper/authority/authority_change.ts";
import { MAX_PERMITTED_NAMES } from "../../../keeper/authority/limits.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import {
  agentOrder,
  APP,
  applicationOrder,
  type AuthoritySite,
  DAY_MS,
  Killed,
  openMemoryAuthority,
} from "./authority_site.ts";

async function permittedBy({ store }: AuthoritySite): Promise<readonly string[]> {
  return (await store.loadApp(APP))?.keys.at(-1)?.certificates.at(-1)?.permitted ?? [];
}

const BASE = [`${APP}.fluxvault.internal`, "fluxdockernetwork_vaultdemo"];

Deno.test("AuthorityChange permits the app's own domain and network alone at first", async () => {
  const site = await openMemoryAuthority();
  await site.authority.issue(await agentOrder());
  assertEquals(await permittedBy(site), BASE);
});

Deno.test("AuthorityChange writes the intermediate anew for a name that it does not permit", async () => {
  const site = await openMemoryAuthority();
  const first = await site.authority.issue(await agentOrder());
  const second = await site.authority.issue(await applicationOrder());
  assert(second.chain[1] !== first.chain[1]);
  assertEquals(await permittedBy(site), [...BASE, "fluxdb_vaultdemo", "db"]);
  const third = await site.authority.issue(await applicationOrder());
  assertEquals(third.chain[1], second.chain[1]);
  const { X509Certificate } = await loadX509();
  const [one, two] = [new X509Certificate(first.chain[1]), new X509Certificate(second.chain[1])];
  assertEquals(two.subject, one.subject);
  assertEquals(new Uint8Array(two.publicKey.rawData), new Uint8Array(one.publicKey.rawData));
});

Deno.test("AuthorityChange permits a wider name that the operator allows after a narrower one", async () => {
  const site = await openMemoryAuthority();
  for (const name of ["a.example.org", "example.org"]) {
    const application = { names: [name], allowedNames: [name] };
    await site.authority.issue(await applicationOrder({ application }));
  }
  assertEquals(await permittedBy(site), [...BASE, "a.example.org", "example.org"]);
  const application = { names: ["b.example.org", "*.example.org"] };
  await site.authority.issue(await applicationOrder({ application }));
  assertEquals((await site.store.loadApp(APP))?.keys[0]?.certificates.length, 2);
});

Deno.test("AuthorityChange permits no more names than there is room for", async () => {
  const site = await openMemoryAuthority();
  const names = Array.from({ length: 60 }, (_, index) => `${index}.example`);
  let error: unknown = null;
  for (let round = 0; round * names.length <= MAX_PERMITTED_NAMES && error === null; round++) {
    const allowedNames = names.map((name) => `a${round}.${name}`);
    const order = await applicationOrder({ application: { allowedNames } });
    error = await site.authority.issue(order).then(() => null, (reason) => reason);
  }
  assert(error instanceof AuthorityError && error.code === "name-refused");
  await site.authority.issue(await agentOrder());
});

Deno.test("AuthorityChange renews an intermediate half a year before its end", async () => {
  const site = await openMemoryAuthority();
  const first = await site.authority.issue(await agentOrder());
  site.clock.advance(549 * DAY_MS);
  const second = await site.authority.issue(await agentOrder({ lifetimeMs: 90 * DAY_MS }));
  assertEquals(second.chain[1], first.chain[1]);
  site.clock.advance(2 * DAY_MS);
  const third = await site.authority.issue(await agentOrder());
  assert(third.chain[1] !== first.chain[1]);
});

Deno.test("AuthorityChange lets nothing outlast the root", async () => {
  const site = await openMemoryAuthority();
  await site.authority.issue(await agentOrder());
  const end = (await site.authority.view())?.root.root.notAfterMs ?? 0;
  site.clock.advance(end - site.clock.now() - DAY_MS);
  const last = await site.authority.issue(await agentOrder({ lifetimeMs: 90 * DAY_MS }));
  assertEquals(last.notAfterMs, end);
  site.clock.advance(DAY_MS - 1_000);
  const late = await agentOrder();
  const error = await assertRejects(() => site.authority.issue(late), AuthorityError);
  assertEquals(error.code, "authority-expired");
  site.clock.advance(DAY_MS);
  const later = await assertRejects(() => site.authority.rootRevocationList(), AuthorityError);
  assertEquals(later.code, "authority-expired");
});

Deno.test("AuthorityChange goes on where a killed program left a root that no app knows", async () => {
  for (const full of ["root", "app-", "key-"]) {
    const site = await openMemoryAuthority();
    site.store.full = full;
    const order = await agentOrder();
    await assertRejects(() => site.authority.issue(order), StorageError);
    site.store.full = null;
    const issued = await (await site.reopen()).issue(order);
    assertEquals((await site.authority.list()).map(({ serial }) => serial), [issued.serial]);
  }
});

for (const isDone of [false, true]) {
  Deno.test(`AuthorityChange survives a kill ${isDone ? "after" : "before"} each write`, async () => {
    const order = await applicationOrder();
    let wasKilled = true;
    for (let after = 1; wasKilled; after++) {
      const site = await openMemoryAuthority();
      const { authority, store } = site;
      const handedOut: string[] = [];
      store.killed = { after, isDone };
      wasKilled = await (async () => {
        handedOut.push((await authority.issue(order)).serial);
        handedOut.push((await authority.issue(await agentOrder({ app: "other" }))).serial);
        await authority.renewIntermediate(APP);
        await authority.revoke(handedOut[0] ?? "");
        await authority.revocationList(APP);
        await authority.rootRevocationList();
      })().then(() => false, (error) => {
        if (error instanceof Killed) return true;
        throw error;
      });
      store.killed = null;
      const next = await site.reopen();
      const { serial } = await next.issue(order);
      const serials = (await next.list()).map((record) => record.serial);
      assert([...handedOut, serial].every((one) => serials.includes(one)), `after ${after}`);
      assertEquals(new Set(serials).size, serials.length);
      for (const one of handedOut) await next.revoke(one);
      assert(await next.revocationList(APP) !== null && await next.rootRevocationList() !== null);
      assert(after > 9 || wasKilled, "there are more writes than this");
    }
  });
}

Deno.test("AuthorityChange gives a second key another name, even where the app's index was lost", async () => {
  const site = await openMemoryAuthority();
  const first = await site.authority.issue(await agentOrder());
  site.store.files.delete(`app-${APP.toLowerCase()}`);
  const second = await site.authority.issue(await agentOrder());
  const { X509Certificate } = await loadX509();
  const names = [first, second].map(({ chain }) => new X509Certificate(chain[1]).subject);
  assertEquals(names, [
    `O=FluxVault, OU=${APP}, CN=FluxVault intermediate`,
    `O=FluxVault, OU=${APP}, CN=FluxVault intermediate 2`,
  ]);
});

Deno.test("AuthorityChange says so where a private key is missing or another's", async () => {
  const site = await openMemoryAuthority();
  await site.authority.issue(await agentOrder());
  const keys = [...site.store.files].filter(([name]) => name.startsWith("key-"));
  const [[one, root] = ["", new Uint8Array()], [two, app] = ["", new Uint8Array()]] = keys;
  site.store.files.set(one, app).set(two, root);
  const order = await agentOrder();
  const swapped = await assertRejects(() => site.authority.issue(order), StorageError);
  assertEquals(swapped.code, "state-malformed");
  site.store.files.delete(two);
  const missing = await assertRejects(() => site.authority.issue(order), StorageError);
  assertEquals(missing.code, "file-missing");
});

Deno.test("validityFrom begins 5 minutes ago, ends no later than it may, and in whole seconds", () => {
  const nowMs = Date.UTC(2030, 0, 1) + 1;
  const latestMs = nowMs + 120_500;
  assertEquals(validityFrom(nowMs, { lifetimeMs: DAY_MS, latestMs }), {
    notBeforeMs: nowMs - 1 - 300_000,
    notAfterMs: nowMs - 1 + 120_000,
  });
  assertThrows(
    () => validityFrom(nowMs, { lifetimeMs: DAY_MS, latestMs: nowMs + 50_000 }),
    AuthorityError,
  );
});
