import { formatFingerprint } from "../../../../keeper/commands/ca/show_command.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { missingForOpenssl, withOpenssl } from "../../../support/openssl.ts";
import { withAuthority } from "./ca_site.ts";

const missing = await missingForOpenssl();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

Deno.test("ca show says how to make an authority where there is none, and makes none", () =>
  withAuthority(async ({ run, folder }) => {
    const { code, stderr } = await run(["show"]);
    assertEquals(code, 2);
    assert(stderr.includes("fluxvault-keeper ca init"), stderr);
    assertEquals((await Deno.stat(`${folder}/state`).catch(() => null)) === null, true);
  }));

Deno.test("ca show counts what is valid and what is revoked, app by app", () =>
  withAuthority(async ({ run, issue }) => {
    const serial = await issue("--app-name", "VaultDemo", "--component", "db");
    await issue("--app-name", "VaultDemo", "--component", "web", "--allowed-names", "example.org");
    await run(["revoke", serial]);
    const { stdout } = await run(["show"]);
    const table = stdout.split("\n\n")[1] ?? "";
    assertEquals(table.replaceAll(/[0-9a-f]{32}/g, "SERIAL").split(/\s{2,}|\n/), [
      ...["APP", "INTERMEDIATE", "UNTIL", "VALID", "REVOKED", "ALLOWED NAMES"],
      ...["VaultDemo", "SERIAL", "2032-01-01", "1", "1", "example.org", ""],
    ]);
    const { apps } = JSON.parse((await run(["show", "--json"])).stdout);
    assertEquals(
      apps[0].permittedNames,
      [
        "VaultDemo.fluxvault.internal",
        "fluxdockernetwork_vaultdemo",
        "example.org",
        "fluxdb_vaultdemo",
        "db",
        "fluxweb_vaultdemo",
        "web",
      ],
    );
  }));

Deno.test(`ca show has the fingerprint and the subject that OpenSSL has${skipped}`, {
  ignore: missing !== null,
}, () =>
  withAuthority((site) =>
    withOpenssl(async (openssl) => {
      await site.run(["init"]);
      const { fingerprint, subject } = JSON.parse((await site.run(["show", "--json"])).stdout);
      await openssl.write("root.pem", (await site.run(["export"])).stdout);
      const args = ["-noout", "-fingerprint", "-sha256", "-subject"];
      const { output } = await openssl.run("x509", "-in", "root.pem", ...args);
      assert(output.includes(fingerprint), output);
      assert(output.replaceAll(" = ", "=").includes(subject), output);
    })
  ));

Deno.test("formatFingerprint writes bytes as OpenSSL does", () => {
  assertEquals(formatFingerprint(new Uint8Array([1, 171, 255])), "01:AB:FF");
});
