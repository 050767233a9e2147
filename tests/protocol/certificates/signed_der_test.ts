import { verifySignedDer } from "../../../protocol/certificates/signed_der.ts";
import { assertEquals } from "../../support/assert.ts";
import { PlayedAuthority, readCertificate } from "../../support/played_authority.ts";

const KINDS = ["P-256", "P-384", "Ed25519"] as const;

Deno.test("verifySignedDer verifies signatures of each kind, and none by a key of another", async () => {
  const authorities = await Promise.all(
    KINDS.map((algorithm) => PlayedAuthority.create({ algorithm })),
  );
  for (const [i, authority] of authorities.entries()) {
    const { signed } = readCertificate(authority.certificate.der);
    const verdicts = await Promise.all(
      authorities.map(({ key }) => verifySignedDer(signed, key.publicKeyInfo)),
    );
    assertEquals(verdicts, KINDS.map((_, j) => i === j));
  }
});

Deno.test("verifySignedDer refuses what was changed, in the body or in the signature", async () => {
  for (const algorithm of KINDS) {
    const { certificate, key } = await PlayedAuthority.create({ algorithm });
    const { signed } = readCertificate(certificate.der);
    const body = signed.body.slice();
    body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
    assertEquals(await verifySignedDer({ ...signed, body }, key.publicKeyInfo), false);
    const signature = signed.signature.slice();
    signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    assertEquals(await verifySignedDer({ ...signed, signature }, key.publicKeyInfo), false);
    const empty = new Uint8Array(0);
    assertEquals(await verifySignedDer({ ...signed, signature: empty }, key.publicKeyInfo), false);
  }
});

Deno.test("verifySignedDer refuses keys that are none, and points that are on no curve", async () => {
  const { certificate, key } = await PlayedAuthority.create();
  const { signed } = readCertificate(certificate.der);
  assertEquals(await verifySignedDer(signed, new Uint8Array([0x30, 0x00])), false);
  const off = key.publicKeyInfo.slice();
  off[off.length - 1] = (off.at(-1) ?? 0) ^ 1;
  assertEquals(await verifySignedDer(signed, off), false);
});
