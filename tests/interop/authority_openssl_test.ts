/** What the keeper's certificate authority writes, as OpenSSL understands it. */
import type { Authority, IssuedCertificate } from "../../keeper/authority/mod.ts";
import { writeLeaf } from "../../keeper/authority/certificates/certificate.ts";
import { encodePem } from "../../protocol/certificates/mod.ts";
import { AuthorityKeys } from "../../keeper/authority/state/authority_keys.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { missingForOpenssl, type Openssl, withOpenssl } from "../support/openssl.ts";
import {
  agentOrder,
  APP,
  applicationOrder,
  type AuthoritySite,
  DAY_MS,
  makeRequest,
  openMemoryAuthority,
} from "../keeper/authority/authority_site.ts";

const missing = await missingForOpenssl();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function opensslTest(name: string, work: (openssl: Openssl) => Promise<void>): void {
  Deno.test(`${name}${skipped}`, { ignore: missing !== null }, () => withOpenssl(work));
}

/** Writes a chain and the lists, and returns the arguments that name them and the moment. */
async function writeChain(
  openssl: Openssl,
  { authority, clock }: Pick<AuthoritySite, "authority" | "clock">,
  { chain: [leaf, intermediate], root }: IssuedCertificate,
): Promise<readonly string[]> {
  await openssl.write("leaf.pem", leaf);
  await openssl.write("intermediate.pem", intermediate);
  await openssl.write("root.pem", root);
  await writeLists(openssl, authority);
  return [
    "verify",
    "-x509_strict",
    ...["-CAfile", "root.pem", "-untrusted", "intermediate.pem"],
    ...["-crl_check_all", "-CRLfile", "app.crl", "-CRLfile", "root.crl"],
    ...["-attime", String(clock.now() / 1_000)],
  ];
}

async function writeLists(openssl: Openssl, authority: Authority): Promise<void> {
  const lists = {
    app: await authority.revocationList(APP),
    root: await authority.rootRevocationList(),
  };
  for (const [name, list] of Object.entries(lists)) {
    assert(list !== null);
    await openssl.write(`${name}.crl`, encodePem("X509 CRL", list));
  }
}

async function assertGood(openssl: Openssl, ...args: readonly string[]): Promise<void> {
  const { isGood, output } = await openssl.run(...args);
  assert(isGood, output);
}

async function assertBad(
  openssl: Openssl,
  reason: RegExp,
  ...args: readonly string[]
): Promise<void> {
  const { isGood, output } = await openssl.run(...args);
  assert(!isGood && reason.test(output), output);
}

for (const type of ["P-256", "Ed25519"] as const) {
  opensslTest(`OpenSSL accepts certificates of an authority with ${type} keys`, async (openssl) => {
    const site = await openMemoryAuthority({ type });
    const agent = await site.authority.issue(await agentOrder());
    const verify = await writeChain(openssl, site, agent);
    const name = `db.agent.${APP}.fluxvault.internal`;
    await assertGood(
      openssl,
      ...verify,
      "-purpose",
      "sslserver",
      "-verify_hostname",
      name,
      "leaf.pem",
    );
    const keeper = await site.authority.issueForKeeper(APP);
    await openssl.write("keeper.pem", keeper.chain[0]);
    await assertGood(openssl, ...verify, "-purpose", "sslclient", "keeper.pem");
    await openssl.write("keeper.key", keeper.privateKey);
    const [key, certificate] = [
      await openssl.run("pkey", "-in", "keeper.key", "-pubout"),
      await openssl.run("x509", "-in", "keeper.pem", "-pubkey", "-noout"),
    ];
    assertEquals(key.output, certificate.output);
  });
}

for (const algorithm of ["P-256", "P-384", "Ed25519", "RSA"] as const) {
  opensslTest(`OpenSSL accepts a certificate for a ${algorithm} key`, async (openssl) => {
    const site = await openMemoryAuthority();
    const { request } = await makeRequest(algorithm);
    const issued = await site.authority.issue(await applicationOrder({ request }));
    const verify = await writeChain(openssl, site, issued);
    for (const name of ["fluxdb_VaultDemo", "FLUXDB_vaultdemo.fluxDockerNetwork_VaultDemo", "db"]) {
      for (const purpose of ["sslserver", "sslclient"]) {
        const args = ["-purpose", purpose, "-verify_hostname", name, "leaf.pem"];
        await assertGood(openssl, ...verify, ...args);
      }
    }
  });
}

opensslTest(
  "OpenSSL accepts hosts, wildcards and addresses that the operator allowed",
  async (openssl) => {
    const site = await openMemoryAuthority();
    const names = ["*.example.org", "example.org", "10.0.0.7", "FD00:0::1"];
    const allowedNames = ["example.org", "10.0.0.7", "fd00::1"];
    const application = { names, allowedNames };
    const issued = await site.authority.issue(await applicationOrder({ application }));
    const verify = await writeChain(openssl, site, issued);
    for (const name of ["www.example.org", "example.org"]) {
      await assertGood(openssl, ...verify, "-verify_hostname", name, "leaf.pem");
    }
    for (const address of ["10.0.0.7", "fd00::1"]) {
      await assertGood(openssl, ...verify, "-verify_ip", address, "leaf.pem");
    }
    await assertBad(
      openssl,
      /IP address mismatch/,
      ...verify,
      "-verify_ip",
      "10.0.0.8",
      "leaf.pem",
    );
  },
);

opensslTest("OpenSSL refuses names that the intermediate does not permit", async (openssl) => {
  const site = await openMemoryAuthority();
  const verify = await writeChain(openssl, site, await site.authority.issue(await agentOrder()));
  const root = await site.store.loadRoot();
  const app = await site.store.loadApp(APP);
  const key = app?.keys[0];
  const certificate = key?.certificates[0]?.certificate;
  assert(root !== null && key !== undefined && certificate !== undefined);
  const privateKey = await new AuthorityKeys(site.secrets).open(site.store, key.keyId, root);
  const { keys } = await makeRequest();
  const outside = [
    "example.org",
    "fluxdb_vaultdemo",
    "db",
    "x.agent.Other.fluxvault.internal",
    "10.0.0.7",
  ];
  for (const [index, name] of ["x.agent.vaultdemo.fluxvault.internal", ...outside].entries()) {
    const forced = await writeLeaf({ certificate, privateKey, type: root.type }, {
      serial: `40${"0".repeat(28)}0${index}`,
      notBeforeMs: site.clock.now() - DAY_MS,
      notAfterMs: site.clock.now() + DAY_MS,
      publicKey: keys.publicKey,
      app: APP,
      subject: "db",
      usage: ["server"],
      names: [name],
    });
    await openssl.write("forced.pem", encodePem("CERTIFICATE", forced));
    if (index === 0) await assertGood(openssl, ...verify, "forced.pem");
    else {await assertBad(
        openssl,
        /(?:permitted|excluded) subtree violation/,
        ...verify,
        "forced.pem",
      );}
  }
});

opensslTest("OpenSSL refuses what is for another purpose", async (openssl) => {
  const site = await openMemoryAuthority();
  const agent = await site.authority.issue(await agentOrder());
  const verify = await writeChain(openssl, site, agent);
  await assertBad(
    openssl,
    /unsuitable|unsupported/i,
    ...verify,
    "-purpose",
    "sslclient",
    "leaf.pem",
  );
  const { chain } = await site.authority.issueForKeeper(APP);
  await openssl.write("keeper.pem", chain[0]);
  await assertBad(
    openssl,
    /unsuitable|unsupported/i,
    ...verify,
    "-purpose",
    "sslserver",
    "keeper.pem",
  );
});

opensslTest(
  "OpenSSL refuses what is expired, not yet valid, or of another root",
  async (openssl) => {
    const site = await openMemoryAuthority();
    const issued = await site.authority.issue(await agentOrder({ lifetimeMs: DAY_MS }));
    const verify = await writeChain(openssl, site, issued);
    const at = (ms: number) => [...verify.slice(0, -1), String(ms / 1_000), "leaf.pem"];
    const { notBeforeMs, notAfterMs } = issued;
    await assertGood(openssl, ...at(notAfterMs - 1_000));
    await assertBad(openssl, /certificate has expired/, ...at(notAfterMs));
    await assertGood(openssl, ...at(notBeforeMs));
    await assertBad(openssl, /not yet valid/, ...at(notBeforeMs - 1_000));
    const other = await openMemoryAuthority();
    await openssl.write("root.pem", (await other.authority.issue(await agentOrder())).root);
    await assertBad(openssl, /unable to get/, ...verify, "leaf.pem");
  },
);

opensslTest("OpenSSL refuses what was revoked, and accepts what was not", async (openssl) => {
  const site = await openMemoryAuthority();
  const first = await site.authority.issue(await agentOrder());
  const second = await site.authority.issue(await agentOrder());
  const verify = await writeChain(openssl, site, first);
  await openssl.write("second.pem", second.chain[0]);
  await assertGood(openssl, ...verify, "leaf.pem");
  await site.authority.revoke(first.serial, { reason: "key-compromise" });
  await writeLists(openssl, site.authority);
  await assertBad(openssl, /certificate revoked/, ...verify, "leaf.pem");
  await assertGood(openssl, ...verify, "second.pem");
  const { output } = await openssl.run("crl", "-in", "app.crl", "-noout", "-text");
  assert(/CRL Number:\s+2\b/.test(output) && output.includes("Key Compromise"), output);
  assert(output.includes(first.serial.toUpperCase()), output);
});

opensslTest(
  "OpenSSL refuses all of an intermediate that was revoked, and accepts its successor",
  async (openssl) => {
    const site = await openMemoryAuthority();
    const old = await site.authority.issue(await agentOrder());
    const app = await site.store.loadApp(APP);
    const intermediate = app?.keys[0]?.certificates[0]?.serial ?? "";
    const verify = await writeChain(openssl, site, old);
    const before = await openssl.read("app.crl");
    await site.authority.revoke(intermediate, { reason: "ca-compromise" });
    await writeLists(openssl, site.authority);
    await openssl.write("app.crl", before);
    await assertBad(openssl, /certificate revoked/, ...verify, "leaf.pem");
    const next = await writeChain(openssl, site, await site.authority.issue(await agentOrder()));
    await assertGood(openssl, ...next, "leaf.pem");
  },
);

opensslTest(
  "OpenSSL accepts old and new certificates after the intermediate was written anew",
  async (openssl) => {
    const site = await openMemoryAuthority();
    const old = await site.authority.issue(await agentOrder({ lifetimeMs: 90 * DAY_MS }));
    site.clock.advance(30 * DAY_MS);
    await site.authority.renewIntermediate(APP);
    const verify = await writeChain(
      openssl,
      site,
      await site.authority.issue(await applicationOrder()),
    );
    await openssl.write("old.pem", old.chain[0]);
    await assertGood(openssl, ...verify, "leaf.pem");
    await assertGood(openssl, ...verify, "old.pem");
  },
);

opensslTest("OpenSSL makes requests that the authority takes", async (openssl) => {
  const site = await openMemoryAuthority();
  const kinds = [
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"],
    ["-newkey", "ed25519"],
    ["-newkey", "rsa:3072"],
  ];
  for (const kind of kinds) {
    const out = ["-keyout", "key.pem", "-out", "request.der", "-outform", "DER"];
    await assertGood(
      openssl,
      "req",
      "-new",
      "-nodes",
      ...kind,
      "-subj",
      "/CN=evil.example.org",
      ...out,
    );
    const request = await openssl.read("request.der");
    const issued = await site.authority.issue(await agentOrder({ request }));
    const verify = await writeChain(openssl, site, issued);
    await assertGood(openssl, ...verify, "leaf.pem");
    const [key, certificate] = [
      await openssl.run("pkey", "-in", "key.pem", "-pubout"),
      await openssl.run("x509", "-in", "leaf.pem", "-pubkey", "-noout"),
    ];
    assertEquals(key.output, certificate.output);
    const { output } = await openssl.run("x509", "-in", "leaf.pem", "-noout", "-text");
    assert(!output.includes("evil"), output);
  }
});

opensslTest("OpenSSL checks the signature of every list against who signed it", async (openssl) => {
  const site = await openMemoryAuthority();
  const issued = await site.authority.issue(await agentOrder());
  await writeChain(openssl, site, issued);
  const checks = [["app.crl", "intermediate.pem"], ["root.crl", "root.pem"]] as const;
  for (const [list, issuer] of checks) {
    const { output } = await openssl.run("crl", "-in", list, "-CAfile", issuer, "-noout");
    assert(output.includes("verify OK"), output);
  }
});
