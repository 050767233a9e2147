import { RevocationBook } from "../../../agent/certificates/revocation_book.ts";
import { assertEquals } from "../../support/assert.ts";
import { PlayedAuthority, readCertificate } from "../../support/played_authority.ts";

const SERIAL = new Uint8Array([0x4b, 1]);
const ROOT = await PlayedAuthority.create();
const APP = await PlayedAuthority.create({ subject: "shop" }, ROOT);
const ISSUERS = {
  issuer: readCertificate(APP.certificate.der),
  root: readCertificate(ROOT.certificate.der),
};

Deno.test("RevocationBook takes a list of whoever issues, and one of the root, each for its own", async () => {
  const book = new RevocationBook();
  assertEquals(await book.take(await APP.revoke([SERIAL]), ISSUERS), "taken");
  assertEquals([book.isRevoked("4b01"), book.isIssuerRevoked("4b01")], [true, false]);
  assertEquals(await book.take(await ROOT.revoke([new Uint8Array([7])]), ISSUERS), "taken");
  assertEquals([book.isRevoked("07"), book.isIssuerRevoked("07")], [false, true]);
});

Deno.test("RevocationBook takes no list that is not newer: nothing that was revoked comes back", async () => {
  const book = new RevocationBook();
  await book.take(await APP.revoke([SERIAL], { number: 5 }), ISSUERS);
  for (const number of [5, 4]) {
    assertEquals(await book.take(await APP.revoke([], { number }), ISSUERS), "known");
  }
  assertEquals(book.isRevoked("4b01"), true);
  assertEquals(await book.take(await APP.revoke([], { number: 6 }), ISSUERS), "taken");
  assertEquals(book.isRevoked("4b01"), false);
});

Deno.test("RevocationBook takes the first list of whoever has come in the place of another", async () => {
  const book = new RevocationBook();
  assertEquals(await book.take(await APP.revoke([], { number: 5 }), ISSUERS), "taken");
  assertEquals(await book.take(await ROOT.revoke([], { number: 5 }), ISSUERS), "taken");
  const root = await PlayedAuthority.create();
  const app = await PlayedAuthority.create({ subject: "shop" }, root);
  const issuers = {
    issuer: readCertificate(app.certificate.der),
    root: readCertificate(root.certificate.der),
  };
  assertEquals(await book.take(await APP.revoke([SERIAL], { number: 6 }), issuers), "refused");
  assertEquals(await book.take(await app.revoke([SERIAL]), issuers), "taken");
  assertEquals(await book.take(await root.revoke([new Uint8Array([7])]), issuers), "taken");
  assertEquals([book.isRevoked("4b01"), book.isIssuerRevoked("07")], [true, true]);
  assertEquals(await book.take(await app.revoke([]), issuers), "known");
});

Deno.test("RevocationBook refuses lists of others, those changed, and what is none", async () => {
  const book = new RevocationBook();
  const impostor = await PlayedAuthority.create({ subject: "shop" });
  assertEquals(await book.take(await impostor.revoke([SERIAL]), ISSUERS), "refused");
  const changed = await APP.revoke([SERIAL]);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  assertEquals(await book.take(changed, ISSUERS), "refused");
  assertEquals(await book.take(new Uint8Array([0x30, 0]), ISSUERS), "refused");
  assertEquals(book.isRevoked("4b01"), false);
});

Deno.test("RevocationBook takes a list whose successor is overdue", async () => {
  const book = new RevocationBook();
  const nowMs = Date.now() - 30 * 86_400_000;
  assertEquals(await book.take(await APP.revoke([SERIAL], { nowMs }), ISSUERS), "taken");
  assertEquals(book.isRevoked("4b01"), true);
});
