import fc from "fast-check";
import { parseCertificate } from "../../../protocol/certificates/certificate.ts";
import {
  isRevocationListOf,
  parseRevocationList,
} from "../../../protocol/certificates/revocation_list.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { HAS_OPENSSL, runOpenssl } from "../../support/openssl_program.ts";
import { PlayedAuthority, readCertificate } from "../../support/played_authority.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const SERIALS = [new Uint8Array([1]), new Uint8Array([0xfe, 2])];

Deno.test("parseRevocationList reads number, times and serial numbers", async () => {
  const root = await PlayedAuthority.create();
  const nowMs = Date.UTC(2026, 10, 26);
  const list = parseRevocationList(await root.revoke(SERIALS, { number: 70_000, nowMs }));
  assert(list !== null);
  assertEquals([...list.serials], ["01", "fe02"]);
  assertEquals([list.number, list.thisUpdateMs], [70_000, nowMs]);
  assertEquals(list.nextUpdateMs - list.thisUpdateMs, 86_400_000);
});

Deno.test("parseRevocationList reads a list of nothing", async () => {
  const root = await PlayedAuthority.create();
  assertEquals(parseRevocationList(await root.revoke([]))?.serials.size, 0);
});

Deno.test("parseRevocationList refuses a list that is not all of what is revoked", async () => {
  const root = await PlayedAuthority.create();
  assertEquals(parseRevocationList(await root.revoke(SERIALS, { critical: true })), null);
});

Deno.test("isRevocationListOf holds a list to the name and the key of its issuer", async () => {
  const [root, impostor] = await Promise.all([PlayedAuthority.create(), PlayedAuthority.create()]);
  const other = await PlayedAuthority.create({ subject: "other" });
  const list = parseRevocationList(await root.revoke(SERIALS));
  assert(list !== null);
  const of = (authority: PlayedAuthority) => {
    return isRevocationListOf(list, readCertificate(authority.certificate.der));
  };
  assertEquals([await of(root), await of(impostor), await of(other)], [true, false, false]);
});

Deno.test("parseRevocationList takes any bytes, and any change of a list fails", async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assertEquals(parseRevocationList(bytes), null);
  }));
  const root = await PlayedAuthority.create();
  const issuer = readCertificate(root.certificate.der);
  const der = await root.revoke(SERIALS);
  const changes = fc.record({ at: fc.nat(der.length - 1), by: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(fc.asyncProperty(changes, async ({ at, by }) => {
    const changed = der.slice();
    changed[at] = (changed[at] ?? 0) ^ by;
    const list = parseRevocationList(changed);
    assert(list === null || !await isRevocationListOf(list, issuer));
  }));
});

Deno.test({
  name: "parseRevocationList reads a list of OpenSSL's",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { path: cwd } = folder;
    await Deno.writeTextFile(
      `${cwd}/ca.cnf`,
      "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\n" +
        "default_crl_days=3\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n",
    );
    await Deno.writeTextFile(
      `${cwd}/index.txt`,
      "R\t350101000000Z\t260101000000Z\t0A1B\tunknown\t/CN=a\n",
    );
    await Deno.writeTextFile(`${cwd}/number`, "0c\n");
    const made = await runOpenssl([
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", "/CN=root", "-keyout", "key.pem", "-out", "root.pem"],
    ], { cwd });
    assertEquals(made.code, 0, made.text);
    const listed = await runOpenssl([
      ...["ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "key.pem", "-cert", "root.pem"],
      ...["-out", "list.pem"],
    ], { cwd });
    assertEquals(listed.code, 0, listed.text);
    await runOpenssl(["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"], { cwd });
    await runOpenssl(["x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der"], { cwd });
    const list = parseRevocationList(await Deno.readFile(`${cwd}/list.der`));
    const root = parseCertificate(await Deno.readFile(`${cwd}/root.der`));
    assert(list !== null && root !== null);
    assertEquals([[...list.serials], list.number], [["0a1b"], 12]);
    assertEquals(await isRevocationListOf(list, root), true);
  },
});
