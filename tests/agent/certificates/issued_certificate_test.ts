import { generateCertificateKey } from "../../../agent/certificates/certificate_key.ts";
import { checkIssued, renewalTimeMs } from "../../../agent/certificates/issued_certificate.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { PlayedAuthority, type PlayedCertificate } from "../../support/played_authority.ts";

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const KEY = await generateCertificateKey("P-256");
const ROOT = await PlayedAuthority.create();
const ISSUER = await PlayedAuthority.create({ subject: "shop" }, ROOT);
const OPTIONS = { publicKeyInfo: KEY.publicKeyInfo, nowMs: NOW_MS };

async function answer(says: Partial<PlayedCertificate> = {}, issuer = ISSUER) {
  const { publicKeyInfo } = KEY;
  const { pem } = await issuer.issue({ subject: "db", publicKeyInfo, ...says });
  return { chain: [pem, ISSUER.certificate.pem], root: ROOT.certificate.pem };
}

Deno.test("checkIssued takes a certificate for its own key, with the chain to the root", async () => {
  const { chain, root } = await answer();
  const found = await checkIssued({ chain, root }, OPTIONS);
  assert(typeof found !== "string", String(found));
  assertEquals(found.chainPem, chain.join(""));
  assertEquals(found.rootPem, root);
  assertEquals(found.issuer.isAuthority, true);
});

Deno.test("checkIssued takes a certificate that the root signed itself", async () => {
  const { chain: [pem = ""], root } = await answer({}, ROOT);
  const found = await checkIssued({ chain: [pem], root }, OPTIONS);
  assert(typeof found !== "string" && found.issuer.serialHex === found.root.serialHex);
});

Deno.test("checkIssued refuses a certificate for another key", async () => {
  const other = await generateCertificateKey("P-256");
  assertEquals(
    await checkIssued(await answer({ publicKeyInfo: other.publicKeyInfo }), OPTIONS),
    "wrong-key",
  );
});

Deno.test("checkIssued refuses chains that do not lead to the root", async () => {
  const { chain } = await answer();
  const { certificate: { pem: root } } = await PlayedAuthority.create();
  assertEquals(await checkIssued({ chain, root }, OPTIONS), "wrong-authority");
  const whole = await answer();
  assertEquals(
    await checkIssued({ ...whole, chain: whole.chain.slice(0, 1) }, OPTIONS),
    "wrong-authority",
  );
});

Deno.test("checkIssued refuses certificates of another time", async () => {
  const early = await answer({ notBeforeMs: NOW_MS + HOUR_MS });
  assertEquals(await checkIssued(early, OPTIONS), "not-yet-valid");
  const late = await answer({ notAfterMs: NOW_MS - HOUR_MS });
  assertEquals(await checkIssued(late, OPTIONS), "expired");
});

Deno.test("checkIssued refuses what is no certificate, none, and too many", async () => {
  const { chain, root } = await answer();
  const [leaf = "", issuer = ""] = chain;
  for (
    const wrong of [
      { chain: [], root },
      { chain: ["", issuer], root },
      { chain: [leaf, "x"], root },
      { chain: [leaf + issuer], root },
      { chain, root: "" },
      { chain: [leaf, ...new Array(4).fill(issuer)], root },
    ]
  ) {
    assertEquals(await checkIssued(wrong, OPTIONS), "malformed");
  }
});

Deno.test("renewalTimeMs is two thirds of the way", () => {
  assertEquals(renewalTimeMs({ notBeforeMs: 1_000, notAfterMs: 4_000 }), 3_000);
});
