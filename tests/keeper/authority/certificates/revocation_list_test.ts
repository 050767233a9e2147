import {
  generateSerial,
  writeRoot,
} from "../../../../keeper/authority/certificates/certificate.ts";
import { generateKey } from "../../../../keeper/authority/certificates/key_pair.ts";
import {
  REVOCATION_REASONS,
  type RevocationReason,
  writeRevocationList,
} from "../../../../keeper/authority/certificates/revocation_list.ts";
import { loadX509 } from "../../../../keeper/authority/certificates/x509_library.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { DAY_MS } from "../authority_site.ts";

const NOW_MS = Date.UTC(2030, 0, 1);

for (const type of ["P-256", "Ed25519"] as const) {
  Deno.test(`writeRevocationList names each certificate with its reason, under ${type}`, async () => {
    const { X509Certificate, X509Crl } = await loadX509();
    const key = await generateKey(type);
    const validity = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + DAY_MS };
    const certificate = await writeRoot({
      ...key,
      ...validity,
      serial: generateSerial(),
      type,
      id: "x",
    });
    const revoked = Object.keys(REVOCATION_REASONS).map((reason) => ({
      serial: generateSerial(),
      revokedMs: NOW_MS - 5_000,
      reason: reason as RevocationReason,
    }));
    const der = await writeRevocationList({ certificate, privateKey: key.privateKey, type }, {
      number: 300,
      thisUpdateMs: NOW_MS,
      nextUpdateMs: NOW_MS + DAY_MS,
      revoked,
    });
    const list = new X509Crl(der);
    assert(await list.verify({ publicKey: new X509Certificate(certificate).publicKey }));
    assertEquals([list.thisUpdate.getTime(), list.nextUpdate?.getTime()], [
      NOW_MS - 300_000,
      NOW_MS + DAY_MS,
    ]);
    assertEquals(
      list.entries.map(({ serialNumber, reason = 0 }) => [serialNumber, Number(reason)]),
      revoked.map(({ serial, reason }) => [serial, REVOCATION_REASONS[reason]]),
    );
    const number = list.extensions.find(({ type }) => type === "2.5.29.20");
    assertEquals(new Uint8Array(number?.value ?? []), new Uint8Array([2, 2, 1, 44]));
  });
}
