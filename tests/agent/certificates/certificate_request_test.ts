import { generateCertificateKey } from "../../../agent/certificates/certificate_key.ts";
import { composeRequest } from "../../../agent/certificates/certificate_request.ts";
import { encodePem } from "../../../protocol/certificates/mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { HAS_OPENSSL, runOpenssl } from "../../support/openssl_program.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

Deno.test({
  name: "composeRequest makes requests that OpenSSL verifies, of each kind of key",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    for (const algorithm of ["P-256", "P-384", "Ed25519"] as const) {
      for (const options of [{}, { commonName: "db" }, { commonName: "d\u00fc".repeat(32) }]) {
        const key = await generateCertificateKey(algorithm);
        const pem = encodePem("CERTIFICATE REQUEST", await composeRequest(key, options));
        await Deno.writeTextFile(`${folder.path}/request.pem`, pem);
        const args = ["req", "-in", "request.pem", "-verify", "-noout", "-subject"];
        const { code, text } = await runOpenssl(args, { cwd: folder.path });
        assertEquals(code, 0, text);
        assertMatch(text, /verify OK/);
        if (options.commonName === "db") assertMatch(text, /subject=CN ?= ?db/);
      }
    }
  },
});

Deno.test({
  name: "composeRequest signs: a request that was changed does not verify",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    const request = await composeRequest(await generateCertificateKey("P-256"), {
      commonName: "db",
    });
    const at = request.findIndex((byte, i) => byte === 0x64 && request[i + 1] === 0x62);
    request[at] = 0x65;
    await Deno.writeTextFile(
      `${folder.path}/request.pem`,
      encodePem("CERTIFICATE REQUEST", request),
    );
    const args = ["req", "-in", "request.pem", "-verify", "-noout"];
    assertMatch((await runOpenssl(args, { cwd: folder.path })).text, /failure/);
  },
});

Deno.test("composeRequest refuses common names that no certificate can have", async () => {
  const key = await generateCertificateKey("P-256");
  for (const commonName of ["", "d".repeat(65)]) {
    await assertRejects(() => composeRequest(key, { commonName }), RangeError);
  }
});
