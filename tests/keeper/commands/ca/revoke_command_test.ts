import { assert, assertEquals } from "../../../support/assert.ts";
import { withAuthority } from "./ca_site.ts";

Deno.test("ca revoke revokes a certificate, and says that it was revoked before", () =>
  withAuthority(async ({ run, issue }) => {
    const serial = await issue("--app-name", "demo");
    const first = await run(["revoke", serial, "--reason", "key-compromise"]);
    assertEquals([first.code, first.stdout], [0, `revoked ${serial} of demo\n`]);
    assert(first.stderr.includes("ca export --what revocations --app-name demo"), first.stderr);
    const second = await run(["revoke", serial]);
    assertEquals([second.code, second.stdout], [0, `${serial} of demo was revoked before\n`]);
  }));

Deno.test("ca revoke revokes an intermediate with what it vouches for", () =>
  withAuthority(async ({ run, issue }) => {
    await issue("--app-name", "demo");
    const { apps } = JSON.parse((await run(["show", "--json"])).stdout);
    const { intermediate } = apps[0];
    const { stdout } = await run(["revoke", intermediate, "--json"]);
    assertEquals(JSON.parse(stdout), {
      deed: "revoked",
      app: "demo",
      serial: intermediate,
      kind: "intermediate",
      isOld: false,
    });
    assertEquals(JSON.parse((await run(["list", "--json"])).stdout).state, "revoked");
  }));

Deno.test("ca revoke refuses a serial number that is missing, is none, or is not on record", () =>
  withAuthority(async ({ run }) => {
    for (const args of [[], ["x"], ["40".repeat(16)]]) {
      assertEquals((await run(["revoke", ...args])).code, 2);
    }
  }));
