import { readFlagApp } from "../../../../keeper/commands/run/flag_app.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { LoadoutPlace } from "../../../support/loadout_place.ts";
import { runContext } from "../../../support/run_context.ts";

const NOT_WHOLE = { isWholeFolder: false };
const IPS = ["--agent-ips", "192.0.2.1,192.0.2.2:1"];

Deno.test("readFlagApp reads one app, which reports do not name", async () => {
  const args = [...IPS, "--managed-files", "motd,tls/:/etc/", "--require", "tls=approved"];
  const wish = await readFlagApp(await runContext(args), NOT_WHOLE);
  const { all } = await wish.declare();
  assertEquals(all.map(({ target, requires }) => [target, requires]), [
    ["motd", undefined],
    ["/etc/tls", "approved"],
  ]);
  assertEquals([wish.name, wish.fleet.app, wish.trust, wish.firstUseLimit], [
    null,
    null,
    "first-use",
    2,
  ]);
  assertEquals([wish.vaultFolder, wish.signWith, wish.isWholeFolder], ["./vault", null, false]);
});

Deno.test("readFlagApp names the setting where a mistake was made", async () => {
  const { mistake } = await readFlagApp(
    await runContext([...IPS, "--managed-files", "motd"]),
    NOT_WHOLE,
  );
  const [vault, files] = (["vault", "files"] as const).map((about) => {
    return mistake({ about, problem: "is wrong", hint: "Mend it." });
  });
  assertEquals([vault?.message, vault?.source], ["--vault-dir is wrong", "default"]);
  assertEquals([files?.message, files?.source], [
    "--managed-files is wrong",
    "flag --managed-files",
  ]);
});

Deno.test("readFlagApp says what else there is where no file is named", async () => {
  const reading = async () => await readFlagApp(await runContext(IPS), NOT_WHOLE);
  const error = await assertRejects(reading, ConfigError, "config-invalid");
  assert(/--managed-files is missing/.test(error.message) && /--loadout/.test(error.hint ?? ""));
});

Deno.test("readFlagApp looks at each time at a folder that is offered as a whole", async () => {
  await using place = await LoadoutPlace.make({ "vault/a": "1" });
  const context = await runContext([...IPS, "--vault-dir", place.path("vault")]);
  const { declare } = await readFlagApp(context, { isWholeFolder: true });
  const names = async () => (await declare()).all.map(({ source }) => source).sort();
  assertEquals(await names(), ["a"]);
  await place.write({ "vault/b/c": "2" });
  assertEquals(await names(), ["a", "b/c"]);
});
