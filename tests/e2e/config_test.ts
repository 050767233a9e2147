/**
 * The `config` commands of the real program, as an operator meets them.
 *
 * @module
 */
import { find } from "../support/canary.ts";
import { assertEquals } from "../support/assert.ts";
import { assertGolden, replaceAll } from "../support/golden.ts";
import { Site } from "../support/site.ts";

const SECRET = "correct horse battery staple";

const GOOD = `version: 1
apps:
  demo:
    agents: [203.0.113.20]
    hooks:
      reload: { run: [nginx, -s, reload] }
    groups:
      all:
        state_directives:
          - source: motd
    components:
      web:
        state_directives:
          - source: key.pem
            target: /etc/tls/
            mode: 0400
            hook: reload
          - source: not-there
`;
const BAD = GOOD.replace("hook: reload", "hook: relaod").replace("0400", "0480")
  .replace("- source: motd", "- sorce: motd");

Deno.test("keeper: checks, remembers, shows and forgets a loadout", async () => {
  await using site = await Site.open({ motd: "Welcome.", "key.pem": SECRET });
  await site.store(
    { "loadout.yaml": GOOD.replace("agents:", "vault: ../vault\n    agents:") },
    "etc",
  );
  await site.store({ "bad.yaml": BAD, "stray.yaml": `db_password: "${SECRET}` }, "etc");
  let transcript = "";
  const run = async (...words: readonly string[]) => {
    const args = ["config", ...words];
    const { code, stdout, stderr } = await site.run("keeper", args, {
      variables: { FLUXVAULT_STATE_DIR: site.path("state") },
    });
    transcript += `$ fluxvault-keeper ${args.join(" ")}\n${stdout}${stderr}(${code})\n\n`;
  };
  await run("list");
  await run("check", "etc/bad.yaml");
  await run("check", "etc/stray.yaml");
  await run("load", "etc/loadout.yaml");
  await run("list");
  await run("show", "demo/web");
  await run("show", "demo/wep");
  await run("unload");
  await run("show");
  const shown = replaceAll(transcript, [
    [new RegExp(site.folder, "g"), "FOLDER"],
    [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"],
  ]);
  await assertGolden("config_commands", shown);
  const places = new Map([["transcript", transcript]]);
  assertEquals(find(places, { secret: new TextEncoder().encode(SECRET) }), []);
});
