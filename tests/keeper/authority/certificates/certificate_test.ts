import {
  generateSerial,
  type Issuer,
  writeIntermediate,
  writeLeaf,
  writeRoot,
} from "../../../../keeper/authority/certificates/certificate.ts";
import { generateKey } from "../../../../keeper/authority/certificates/key_pair.ts";
import { loadX509 } from "../../../../keeper/authority/certificates/x509_library.ts";
import type { Bytes } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { DAY_MS } from "../authority_site.ts";

const VALIDITY = { notBeforeMs: Date.UTC(2049, 0, 1), notAfterMs: Date.UTC(2051, 0, 1) };

async function makeRoot(): Promise<Issuer> {
  const key = await generateKey("P-256");
  const options = {
    ...key,
    ...VALIDITY,
    serial: generateSerial(),
    type: "P-256",
    id: "x",
  } as const;
  return { certificate: await writeRoot(options), privateKey: key.privateKey, type: "P-256" };
}

async function parse(der: Bytes) {
  const x509 = await loadX509();
  const certificate = new x509.X509Certificate(der);
  const find = (type: string) =>
    certificate.extensions.find((extension) => extension.type === type);
  return { certificate, find, x509 };
}

Deno.test("generateSerial makes numbers that are positive and 16 bytes long", () => {
  const serials = Array.from({ length: 200 }, generateSerial);
  assertEquals(new Set(serials).size, 200);
  for (const serial of serials) assert(/^[4-7][0-9a-f]{31}$/.test(serial), serial);
});

Deno.test("writeRoot vouches for itself, for one level of others below it", async () => {
  const { certificate: der } = await makeRoot();
  const { certificate, find } = await parse(der);
  assertEquals([certificate.subject, certificate.issuer], [
    "O=FluxVault, CN=FluxVault root x",
    "O=FluxVault, CN=FluxVault root x",
  ]);
  assert(await certificate.verify({ date: new Date(VALIDITY.notBeforeMs + DAY_MS) }));
  const basic = find("2.5.29.19");
  assert(basic !== undefined && "pathLength" in basic && "ca" in basic);
  assertEquals([basic.ca, basic.pathLength, basic.critical], [true, 1, true]);
  assertEquals(certificate.notAfter.toISOString(), "2051-01-01T00:00:00.000Z");
});

Deno.test("writeIntermediate is bound to names and to TLS, and vouches for no others", async () => {
  const root = await makeRoot();
  const { publicKey } = await generateKey("P-256");
  const serial = generateSerial();
  const options = { ...VALIDITY, serial, publicKey, app: "demo", permitted: ["demo.example"] };
  const { certificate, find, x509 } = await parse(
    await writeIntermediate(root, { ...options, number: 2 }),
  );
  assertEquals(certificate.subject, "O=FluxVault, OU=demo, CN=FluxVault intermediate 2");
  assertEquals(certificate.serialNumber, serial);
  const { publicKey: rootKey } = new x509.X509Certificate(root.certificate);
  assert(
    await certificate.verify({ publicKey: rootKey, date: new Date(VALIDITY.notBeforeMs + DAY_MS) }),
  );
  const basic = find("2.5.29.19");
  assert(basic !== undefined && "pathLength" in basic);
  assertEquals([basic.pathLength, find("2.5.29.30")?.critical], [0, true]);
  const usages = find("2.5.29.37");
  assert(usages !== undefined && "usages" in usages);
  assertEquals([...usages.usages as string[]], ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

Deno.test("writeLeaf carries names, addresses and usage, and vouches for nobody", async () => {
  const root = await makeRoot();
  const { publicKey } = await generateKey("Ed25519");
  const { certificate, find } = await parse(
    await writeLeaf(root, {
      ...VALIDITY,
      serial: generateSerial(),
      publicKey,
      app: "demo",
      subject: "db",
      usage: ["client"],
      names: ["fluxdb_demo", "fd00::1", "10.0.0.7"],
    }),
  );
  assertEquals(certificate.subject, "O=FluxVault, OU=demo, CN=db");
  const basic = find("2.5.29.19");
  const names = find("2.5.29.17");
  const usages = find("2.5.29.37");
  assert(basic !== undefined && "ca" in basic && names !== undefined && "names" in names);
  assert(usages !== undefined && "usages" in usages);
  assertEquals([basic.ca, [...usages.usages as string[]]], [false, ["1.3.6.1.5.5.7.3.2"]]);
  assertEquals(JSON.parse(JSON.stringify(names.names)), [
    { type: "dns", value: "fluxdb_demo" },
    { type: "ip", value: "fd00::1" },
    { type: "ip", value: "10.0.0.7" },
  ]);
  const keyId = (type: string) => {
    const extension = find(type);
    return extension !== undefined && "keyId" in extension ? extension.keyId : null;
  };
  assert(keyId("2.5.29.14") !== keyId("2.5.29.35") && keyId("2.5.29.35") !== null);
});
