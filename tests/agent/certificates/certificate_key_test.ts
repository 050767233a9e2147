import {
  type CertificateKeyAlgorithm,
  exportKeyPem,
  generateCertificateKey,
} from "../../../agent/certificates/certificate_key.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { HAS_OPENSSL, runOpenssl } from "../../support/openssl_program.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const KINDS: readonly CertificateKeyAlgorithm[] = ["P-256", "P-384", "Ed25519"];

Deno.test("generateCertificateKey makes keys that do not leave the platform unless asked to", async () => {
  for (const algorithm of KINDS) {
    const key = await generateCertificateKey(algorithm);
    assertEquals([key.algorithm, key.privateKey.extractable], [algorithm, false]);
    await assertRejects(() => exportKeyPem(key), DOMException, "InvalidAccessError");
  }
});

Deno.test({
  name: "exportKeyPem writes keys that OpenSSL takes",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    for (const algorithm of KINDS) {
      const key = await generateCertificateKey(algorithm, { extractable: true });
      await Deno.writeTextFile(`${folder.path}/key.pem`, await exportKeyPem(key));
      const args = ["pkey", "-in", "key.pem", "-check", "-noout"];
      const { code, text } = await runOpenssl(args, { cwd: folder.path });
      // OpenSSL 3.0 checks no Ed25519 key; that it reads one is what is seen.
      if (algorithm === "Ed25519") assertMatch(text, /valid|supported/);
      else assertEquals([code, text.trim()], [0, "Key is valid"]);
    }
  },
});
