import {
  type ApplicationCertificate,
  type CertificateHolder,
  declareCertificate,
  defaultIssuedMode,
  issuedItems,
} from "../../../keeper/vault/application_certificate.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const WEB: ApplicationCertificate = {
  ...{ name: "web", names: ["web.example.org"], usage: ["server", "client"] },
  ...{ key: "P-256", lifetimeS: 86_400 },
};
const HOLDER: CertificateHolder = { app: "demo", component: "web" };

Deno.test("declareCertificate has other terms for whatever would be certified, and for nothing else", async () => {
  const { name, key, terms } = await declareCertificate(WEB, HOLDER);
  assertEquals([name, key, /^[0-9a-f]{64}$/.test(terms)], ["web", "P-256", true]);
  const termsOf = async (more: Partial<ApplicationCertificate>, holder = HOLDER) => {
    return (await declareCertificate({ ...WEB, ...more }, holder)).terms;
  };
  const same = [
    termsOf({ usage: ["client", "server"] }),
    // The agent compares the kind of key by itself.
    termsOf({ key: "P-384" }),
    termsOf({}, { app: "other", component: null }),
  ];
  assertEquals(await Promise.all(same), [terms, terms, terms]);
  const others = await Promise.all([
    termsOf({ names: ["web.example.org", "b.org"] }),
    termsOf({ names: null }),
    termsOf({ names: null }, { app: "demo", component: "db" }),
    termsOf({ names: null }, { app: "demo", component: null }),
    termsOf({ usage: ["server"] }),
    termsOf({ lifetimeS: 86_401 }),
  ]);
  assertEquals(new Set([terms, ...others]).size, 7);
  const folded = await termsOf({ names: null }, { app: "Demo", component: "WEB" });
  assert(folded === others[1]);
});

Deno.test("issuedItems has a folder with what most programs want, or one file", () => {
  const whole = issuedItems({ certificate: "web", part: null });
  assertEquals(whole.map(({ kind, below }) => `${kind} ${below}`), [
    ...["folder ", "issued chain.pem", "issued key.pem", "issued root.pem"],
  ]);
  const single = issuedItems({ certificate: "web", part: "certificate" });
  assertEquals(single, [{ kind: "issued", below: "", part: "certificate" }]);
  assert(issuedItems({ certificate: "other", part: null }) === whole);
});

Deno.test("defaultIssuedMode lets nobody else read the key", () => {
  assertEquals((["key", "certificate", "chain", "root"] as const).map(defaultIssuedMode), [
    ...[0o600, 0o644, 0o644, 0o644],
  ]);
});
