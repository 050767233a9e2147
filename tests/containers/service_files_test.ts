/**
 * Rule: what starts the keeper as a service names options and variables that the keeper has.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { KEEPER_PROGRAM } from "../../keeper/program.ts";
import { optionsOf } from "../../protocol/host/command_line/program.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const FOLDER = new URL("../../dist/service/", import.meta.url);

/** Resolves settings as the keeper would that is started like this. */
async function resolve(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  config: URL | string = new URL("keeper.yaml", FOLDER),
) {
  const run = KEEPER_PROGRAM.commands.find(({ path }) => path.length === 0);
  assert(run !== undefined && KEEPER_PROGRAM.parseConfig !== undefined);
  const place = config instanceof URL ? fileURLToPath(config) : config;
  const placed = args.map((arg) => /keeper\.yaml"?$/.test(arg) ? place : arg);
  assert(placed.includes(place), "it names the config file");
  return await resolveSettings(optionsOf(run), {
    args: placed,
    env: fixedEnvironment(variables),
    parseConfig: KEEPER_PROGRAM.parseConfig,
  });
}

/** Returns what follows a name in a file, for each line that has it. */
function valuesOf(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

Deno.test("fluxvault-keeper.service starts the keeper with what it understands", async () => {
  const text = await Deno.readTextFile(new URL("fluxvault-keeper.service", FOLDER));
  const [program, ...args] = (valuesOf(text, "ExecStart")[0] ?? "").split(" ");
  assertEquals(program, "/usr/local/bin/fluxvault-keeper");
  const variables = Object.fromEntries(
    valuesOf(text, "Environment").map((pair) => pair.replace("%S", "/var/lib").split("=")),
  );
  const { values, warnings } = await resolve(args, variables);
  assertEquals(warnings, []);
  // The state is where systemd lets the service write, and the vault where it does not.
  assertEquals(values["stateDir"], `/var/lib/${valuesOf(text, "StateDirectory")[0]}`);
  assertEquals(values["vaultDir"], "/etc/fluxvault/vault");
  assertEquals(valuesOf(text, "ProtectSystem"), ["strict"]);
});

Deno.test("org.fluxvault.keeper.plist starts the keeper with what it understands", async () => {
  const text = await Deno.readTextFile(new URL("org.fluxvault.keeper.plist", FOLDER));
  const [, list = ""] = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text) ??
    [];
  const [program, ...args] = [...list.matchAll(/<string>(.*)<\/string>/g)].map(([, arg = ""]) =>
    arg
  );
  assertEquals(program, "/usr/local/bin/fluxvault-keeper");
  const variables = Object.fromEntries(
    [...text.matchAll(/<key>(FLUXVAULT_\w+)<\/key>\s*<string>(.*)<\/string>/g)]
      .map(([, name = "", value = ""]) => [name, value]),
  );
  const { values, warnings } = await resolve(args, variables);
  assertEquals([Object.keys(variables).length, warnings], [2, []]);
  assertEquals(values["stateDir"], "/usr/local/var/fluxvault");
});

Deno.test("fluxvault-keeper.xml starts the keeper with what it understands", async () => {
  const text = await Deno.readTextFile(new URL("fluxvault-keeper.xml", FOLDER));
  const [, args = ""] = /<arguments>(.*)<\/arguments>/.exec(text) ?? [];
  const variables = Object.fromEntries(
    [...text.matchAll(/<env name="(\w+)" value="(.*?)"/g)]
      .map(([, name = "", value = ""]) => [name, value]),
  );
  const { warnings } = await resolve(args.split(" "), variables);
  assertEquals([Object.keys(variables).length, warnings], [2, []]);
});

Deno.test("keeper.yaml is understood with and without a key of the keeper's own", async () => {
  const text = await Deno.readTextFile(new URL("keeper.yaml", FOLDER));
  await using folder = await temporaryFolder();
  const path = `${folder.path}/keeper.yaml`;
  await Deno.writeTextFile(path, text.replaceAll(/^# (?=[a-z-]+: )/gm, ""));
  const args = ["--config", "keeper.yaml"];
  const [plain, signing] = [await resolve(args, {}), await resolve(args, {}, path)];
  assertEquals([plain, signing].map(({ values }) => [values["signConnections"], values["zelid"]]), [
    [false, undefined],
    [true, "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"],
  ]);
});
