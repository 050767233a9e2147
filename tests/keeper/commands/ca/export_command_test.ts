import { assert, assertEquals } from "../../../support/assert.ts";
import { withAuthority } from "./ca_site.ts";

const count = (text: string, label: string) => text.split(`-----BEGIN ${label}-----`).length - 1;

Deno.test("ca export writes the root, to standard output or a file", () =>
  withAuthority(async ({ run, folder }) => {
    await run(["init"]);
    const { code, stdout } = await run(["export"]);
    assertEquals([code, count(stdout, "CERTIFICATE")], [0, 1]);
    const out = `${folder}/root.pem`;
    assertEquals((await run(["export", "--out", out])).stdout, "");
    assertEquals(await Deno.readTextFile(out), stdout);
    assertEquals((await run(["export", "--out", folder])).code, 2);
    assertEquals(JSON.parse((await run(["export", "--json"])).stdout), {
      what: "root",
      pem: [stdout],
    });
  }));

Deno.test("ca export --what chain writes that of a certificate, or of an app", () =>
  withAuthority(async ({ run, issue }) => {
    const serial = await issue("--app-name", "demo");
    const leaf = (await run(["export", "--what", "chain", serial])).stdout;
    const app = (await run(["export", "--what", "chain", "--app-name", "demo"])).stdout;
    const root = (await run(["export"])).stdout;
    assertEquals([count(leaf, "CERTIFICATE"), count(app, "CERTIFICATE")], [2, 2]);
    assert(app.endsWith(root) && leaf.endsWith(app.slice(0, -root.length)));
  }));

Deno.test("ca export --what revocations writes the lists of the app and of the root", () =>
  withAuthority(async ({ run, issue }) => {
    await issue("--app-name", "demo");
    const { stdout } = await run(["export", "--what", "revocations", "--app-name", "demo"]);
    assertEquals(count(stdout, "X509 CRL"), 2);
  }));

Deno.test("ca export refuses what there is not", () =>
  withAuthority(async ({ run }) => {
    assertEquals((await run(["export"])).code, 2);
    await run(["init"]);
    for (
      const args of [
        ["40".repeat(16)],
        ["--what", "chain"],
        ["--what", "chain", "40".repeat(16)],
        ["--what", "chain", "--app-name", "demo"],
        ["--what", "revocations"],
        ["--what", "revocations", "--app-name", "demo"],
      ]
    ) {
      const { code, stdout } = await run(["export", ...args]);
      assertEquals([code, stdout], [2, ""], args.join(" "));
    }
  }));
