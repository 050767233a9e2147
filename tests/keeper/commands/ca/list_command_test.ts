import { assert, assertEquals } from "../../../support/assert.ts";
import { withAuthority } from "./ca_site.ts";

const DAY_MS = 86_400_000;

Deno.test("ca list says that nothing is on record", () =>
  withAuthority(async ({ run }) => {
    const { code, stdout } = await run(["list", "--app-name", "demo"]);
    assertEquals(code, 0);
    assert(stdout.startsWith("No certificate of the app demo is on record in the folder"), stdout);
    assertEquals((await run(["list", "--json"])).stdout, "");
  }));

Deno.test("ca list shows how each certificate stands, of one app where it is told", () =>
  withAuthority(async ({ run, issue, clock }) => {
    const lives = ["1d", "3d", "30d", "30d"];
    const serials = [];
    for (const life of lives) serials.push(await issue("--app-name", "Demo", "--lifetime", life));
    await issue("--app-name", "other");
    await run(["revoke", serials[3] ?? "", "--reason", "superseded"]);
    clock.advance(2.5 * DAY_MS);
    const { stdout } = await run(["list", "--app-name", "demo"]);
    const rows = stdout.trimEnd().split("\n").map((line) => line.split(/\s{2,}/));
    assertEquals(rows.map(([serial, whose, purpose, state]) => [serial, whose, purpose, state]), [
      ["SERIAL", "FOR", "PURPOSE", "STATE"],
      [serials[0], "Demo", "application", "expired"],
      [serials[1], "Demo", "application", "due"],
      [serials[2], "Demo", "application", "valid"],
      [serials[3], "Demo", "application", "revoked"],
    ]);
  }));

Deno.test("ca list --json has a line for each certificate", () =>
  withAuthority(async ({ run, issue }) => {
    const serial = await issue("--app-name", "demo", "--component", "db", "--usage", "server");
    await run(["revoke", serial, "--reason", "superseded"]);
    const { stdout } = await run(["list", "--json"]);
    assertEquals(JSON.parse(stdout), {
      serial,
      app: "demo",
      component: "db",
      purpose: "application",
      name: null,
      usage: ["server"],
      names: ["fluxdb_demo", "fluxdb_demo.fluxdockernetwork_demo", "db"],
      fingerprint: null,
      notBefore: "2029-12-31T23:55:00.000Z",
      notAfter: "2030-01-31T00:00:00.000Z",
      state: "revoked",
      revoked: { at: "2030-01-01T00:00:00.000Z", reason: "superseded" },
    });
  }));
