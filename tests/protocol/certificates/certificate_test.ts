import fc from "fast-check";
import { encodeHex } from "../../../protocol/bytes.ts";
import { parseCertificate } from "../../../protocol/certificates/certificate.ts";
import { USAGE_OIDS } from "../../../protocol/certificates/object_identifiers.ts";
import { encodePem } from "../../../protocol/certificates/pem.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { HAS_OPENSSL, runOpenssl } from "../../support/openssl_program.ts";
import { PlayedAuthority, readCertificate } from "../../support/played_authority.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const SUBJECT = { subject: "db" };
const [FROM_MS, TO_MS] = [Date.UTC(2026, 10, 26, 9, 30), Date.UTC(2027, 0, 1)];

Deno.test("parseCertificate reads names, dates, serial number, usage and key", async () => {
  const root = await PlayedAuthority.create();
  const { der } = await root.issue({
    ...SUBJECT,
    dnsNames: ["db.example.org", "DB"],
    ipAddress: [10, 0, 0, 7],
    usages: ["server", "client"],
    serial: new Uint8Array([0, 0xfe, 0x01]),
    notBeforeMs: FROM_MS,
    notAfterMs: TO_MS,
    publicKeyInfo: root.key.publicKeyInfo,
  });
  const found = parseCertificate(der);
  assert(found !== null);
  assertEquals(found.dnsNames, ["db.example.org", "DB"]);
  assertEquals(found.ipAddresses.map(encodeHex), ["0a000007"]);
  assertEquals(found.usages, [USAGE_OIDS.server, USAGE_OIDS.client]);
  assertEquals([found.notBeforeMs, found.notAfterMs], [FROM_MS, TO_MS]);
  assertEquals([found.serialHex, found.isAuthority], ["fe01", false]);
  assertEquals(encodeHex(found.publicKeyInfo), encodeHex(root.key.publicKeyInfo));
  assertEquals(encodeHex(found.issuer), encodeHex(readCertificate(root.certificate.der).subject));
});

Deno.test("parseCertificate reads a certificate that names no usage and nobody", async () => {
  const root = await PlayedAuthority.create();
  const found = parseCertificate((await root.issue(SUBJECT)).der);
  assertEquals([found?.usages, found?.dnsNames.length, found?.isAuthority], [null, 0, false]);
  assertEquals(parseCertificate(root.certificate.der)?.isAuthority, true);
});

Deno.test("parseCertificate refuses a critical extension that it does not know", async () => {
  const root = await PlayedAuthority.create();
  const { der } = await root.issue({ ...SUBJECT, critical: "1.3.6.1.4.1.99999.1" });
  assertEquals(parseCertificate(der), null);
});

Deno.test("parseCertificate refuses names with other characters than a host name has", async () => {
  const root = await PlayedAuthority.create();
  for (const name of ["db\u0000.example.org", "db example", "d\u00fc"]) {
    assertEquals(parseCertificate((await root.issue({ ...SUBJECT, dnsNames: [name] })).der), null);
  }
});

Deno.test("parseCertificate takes any bytes, and refuses what is changed but for the signature", async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    assertEquals(parseCertificate(bytes), null);
  }));
  const root = await PlayedAuthority.create();
  const { der } = await root.issue({ ...SUBJECT, dnsNames: ["db"], usages: ["server"] });
  const places = fc.record({ at: fc.nat(der.length - 1), to: fc.nat(255), cut: fc.boolean() });
  fc.assert(fc.property(places, ({ at, to, cut }) => {
    const changed = cut ? der.slice(0, at) : der.slice();
    if (!cut) changed[at] = to;
    // Never an exception; what is read has the length of what was given.
    const found = parseCertificate(changed);
    assert(found === null || found.der.length === der.length);
    if (cut) assertEquals(found, null);
  }));
});

Deno.test({
  name: "parseCertificate agrees with OpenSSL about a certificate that OpenSSL made",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    for (const kind of ["ec:P-256", "ec:P-384", "ed25519"]) {
      const [algorithm = "", curve] = kind.split(":");
      const { code, text } = await runOpenssl([
        ...["req", "-x509", "-newkey", algorithm, "-nodes", "-subj", "/CN=db", "-days", "10"],
        ...curve === undefined ? [] : ["-pkeyopt", `ec_paramgen_curve:${curve}`],
        ...["-keyout", "key.pem", "-outform", "DER", "-out", "certificate.der"],
        ...[
          "-addext",
          "subjectAltName=DNS:db.example.org",
          "-addext",
          "extendedKeyUsage=serverAuth",
        ],
      ], { cwd: folder.path });
      assertEquals(code, 0, text);
      const der = await Deno.readFile(`${folder.path}/certificate.der`);
      const found = parseCertificate(der);
      assertEquals(found?.dnsNames, ["db.example.org"]);
      assertEquals(found?.usages, [USAGE_OIDS.server]);
      const serial = await runOpenssl([
        ...["x509", "-in", `${folder.path}/certificate.der`, "-inform", "DER", "-noout", "-serial"],
      ]);
      assertEquals(serial.text.trim().toLowerCase(), `serial=${found?.serialHex}`);
    }
  },
});

Deno.test({
  name: "the authority that the tests play issues what OpenSSL takes",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    const root = await PlayedAuthority.create();
    const says = { subject: "shop", permitted: "shop.fluxvault.internal" };
    const issuer = await PlayedAuthority.create(says, root);
    const write = async (name: string, label: "CERTIFICATE" | "X509 CRL", der: Uint8Array) => {
      await Deno.writeTextFile(`${folder.path}/${name}`, encodePem(label, der));
    };
    await write("root.pem", "CERTIFICATE", root.certificate.der);
    await write("issuer.pem", "CERTIFICATE", issuer.certificate.der);
    const verify = async (dnsName: string) => {
      const usages = ["client"] as const;
      const { der, serial } = await issuer.issue({ ...SUBJECT, dnsNames: [dnsName], usages });
      await write("leaf.pem", "CERTIFICATE", der);
      const args = ["verify", "-CAfile", "root.pem", "-untrusted", "issuer.pem"];
      const plain = await runOpenssl([...args, "leaf.pem"], { cwd: folder.path });
      await write("list.pem", "X509 CRL", await issuer.revoke([serial]));
      const listed = [...args, "-crl_check", "-CRLfile", "list.pem", "leaf.pem"];
      return [plain, await runOpenssl(listed, { cwd: folder.path })].map(({ text }) => text);
    };
    const [plain = "", listed = ""] = await verify("keeper.shop.fluxvault.internal");
    assertMatch(plain, /^leaf.pem: OK/);
    assertMatch(listed, /certificate revoked/);
    const [other = ""] = await verify("keeper.bank.fluxvault.internal");
    assertMatch(other, /permitted subtree violation/);
  },
});
