import { loadX509 } from "../../../keeper/authority/certificates/x509_library.ts";
import { AuthorityError } from "../../../keeper/authority/errors.ts";
import { renewalTime } from "../../../keeper/authority/issued_certificate.ts";
import { MAX_LIVE_OF_HOLDER } from "../../../keeper/authority/limits.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  agentOrder,
  APP,
  applicationOrder,
  DAY_MS,
  openMemoryAuthority,
} from "./authority_site.ts";

Deno.test("issueLeaf gives each certificate a serial number of its own, of 16 bytes", async () => {
  const { authority } = await openMemoryAuthority();
  const order = await agentOrder();
  const issued = [await authority.issue(order), await authority.issue(order)];
  assertEquals(new Set(issued.map(({ serial }) => serial)).size, 2);
  for (const { serial } of issued) assert(/^[4-7][0-9a-f]{31}$/.test(serial), serial);
});

Deno.test("issueLeaf names the component as the subject, the app where there is none", async () => {
  const { authority } = await openMemoryAuthority();
  const { X509Certificate } = await loadX509();
  const subjects = [];
  for (const component of ["db", null]) {
    const { chain } = await authority.issue(await agentOrder({ component }));
    subjects.push(new X509Certificate(chain[0]).subject);
  }
  const keeper = await authority.issueForKeeper(APP);
  subjects.push(new X509Certificate(keeper.chain[0]).subject);
  assertEquals(subjects, [
    `O=FluxVault, OU=${APP}, CN=db`,
    `O=FluxVault, OU=${APP}, CN=${APP}`,
    `O=FluxVault, OU=${APP}, CN=keeper`,
  ]);
});

Deno.test("issueLeaf knows an app by whatever way its name is written, and writes the first", async () => {
  const { authority } = await openMemoryAuthority();
  await authority.issue(await agentOrder());
  await authority.issue(await agentOrder({ app: APP.toLowerCase() }));
  assertEquals((await authority.list()).map(({ app }) => app), [APP, APP]);
});

Deno.test("issueLeaf lets one agent have so many certificates for one purpose, and others more", async () => {
  const { authority, clock } = await openMemoryAuthority();
  const order = await agentOrder({ holder: "SHA256:x" });
  for (let count = 0; count < MAX_LIVE_OF_HOLDER; count++) await authority.issue(order);
  const error = await assertRejects(() => authority.issue(order), AuthorityError);
  assertEquals(error.code, "too-many-certificates");
  await authority.issue({ ...order, holder: "SHA256:y" });
  await authority.issue({ ...order, purpose: "application" });
  clock.advance(DAY_MS);
  await authority.issue(order);
});

Deno.test("issueLeaf forgets what ended a week ago, but not what a list has still to name", async () => {
  const { authority, clock } = await openMemoryAuthority();
  const gone = await authority.issue(await agentOrder());
  const revoked = await authority.issue(await agentOrder());
  await authority.revocationList(APP);
  await authority.revoke(revoked.serial);
  clock.advance(9 * DAY_MS);
  const fresh = await authority.issue(await applicationOrder());
  const serials = async () => (await authority.list()).map(({ serial }) => serial);
  assertEquals(await serials(), [revoked.serial, fresh.serial]);
  assert(!(await serials()).includes(gone.serial));
  await authority.revocationList(APP);
  const later = await authority.issue(await agentOrder());
  assertEquals(await serials(), [fresh.serial, later.serial]);
});

Deno.test("renewalTime is at two thirds, in whole seconds", () => {
  assertEquals(renewalTime({ notBeforeMs: 0, notAfterMs: 90_000 }), 60_000);
  assertEquals(renewalTime({ notBeforeMs: 1_000, notAfterMs: 101_000 }), 67_000);
});
