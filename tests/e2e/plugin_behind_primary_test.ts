/**
 * Plugins of an agent that only its primary connects to: the real programs.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { signPackage } from "../support/played_plugins.ts";
import { signerOf } from "../support/signing.ts";
import { AppSite, untilRegistered } from "../support/sub_agents.ts";

Deno.test("plugins: are put into an agent behind a primary, and called there", async () => {
  await using app = await AppSite.open();
  const { site } = app;
  const key = generatePrivateKey();
  const zelid = zelIdOfKey(key);
  await site.store({ "db.password": "one" });
  const signed = ["--signed-vault-connections", "--zelid", zelid, "--allow-plugins"];
  const primary = await app.startPrimary({
    args: ["--signed-vault-connections", "--zelid", zelid],
  });
  const db = await app.startSubAgent("db", { isTrusting: false, args: signed });
  await untilRegistered(primary, "db");
  const keeper = async (...words: readonly string[]) => {
    const end = await site.run("keeper", [
      ...words,
      ...["--agent-ips", primary.address, "--app-name", "shop", "--sign-connections"],
      ...["--zelid", zelid, "--state-dir", site.path("keeper-state")],
    ], { input: `${encodeWif(key)}\n` });
    return { ...end, lines: jsonLines(end.stdout.startsWith("{") ? end.stdout : "") };
  };
  const vault = ["--vault-dir", site.path("vault"), "--managed-files=db.password"];
  assertEquals((await keeper("--run-once", "--first-use-limit=3", ...vault)).code, 0);

  const { bytes, signature } = await signPackage(signerOf(key));
  await Deno.writeFile(site.path("greeter.fvplugin"), bytes);
  await Deno.writeTextFile(site.path("greeter.fvplugin.sig"), signature);
  const push = ["plugin", "push", site.path("greeter.fvplugin"), "--only", "shop/db"];
  const pushed = await keeper(...push);
  assertEquals(pushed.code, 0, pushed.stdout + pushed.stderr);
  assertMatch(pushed.stdout, new RegExp(`^${primary.address}/db \\(shop/db\\): put in place`));

  await Deno.writeTextFile(site.path("input.json"), '"you"');
  const input = ["--input", site.path("input.json")];
  const { lines: [line] } = await keeper("call", "shop/db", "greeter-greet", ...input, "--json");
  assertEquals([line?.address, line?.output], [`${primary.address}/db`, "Hello, you"]);
  // The primary itself takes none, and was given none.
  const { code, stdout } = await keeper("plugin", "list");
  assertEquals(code, 0, stdout);
  assertMatch(stdout, /\(shop\/agent\) +takes none\n.*\(shop\/db\) +greeter +1\.0\.0 +running/s);
  assert(db.program.stderr.includes("a plugin was put here"));
});
