import {
  readNamedPlugins,
  startNamedPlugins,
} from "../../../../keeper/commands/plugins/named_plugins.ts";
import type { PluginHome } from "../../../../keeper/plugins/running_plugins.ts";
import { ConfigError, SILENT_LOGGER } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { writePlugin } from "../../../support/plugin_packages.ts";
import { runContext } from "../../../support/run_context.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

async function refuse(args: readonly string[], setting: string): Promise<ConfigError> {
  const context = await runContext(args);
  const error = await assertRejects(() => readNamedPlugins(context), ConfigError);
  const { setting: named, hint } = error;
  assertEquals(named, setting);
  assert(hint !== undefined);
  return error;
}

Deno.test("readNamedPlugins reads what is named, in the order in which it is", async () => {
  await using folder = await temporaryFolder();
  const one = await writePlugin(`${folder.path}/one`, "plugin({});", { name: "one" });
  const two = await writePlugin(`${folder.path}/two`, "plugin({});", { name: "two" });
  const named = await readNamedPlugins(await runContext(["--plugin", one, "--plugin", two]));
  assertEquals(named.map(({ path, plugin }) => [path, plugin.manifest.name]), [
    [one, "one"],
    [two, "two"],
  ]);
});

Deno.test("readNamedPlugins grants what is asked for, and no more", async () => {
  await using folder = await temporaryFolder();
  const permissions = { net: ["a.example.com:443"] };
  const path = await writePlugin(`${folder.path}/one`, "plugin({});", { permissions });
  const args = ["--plugin", path, "--plugin-permissions", "net=a.example.com,env=HOME"];
  const [named] = await readNamedPlugins(await runContext(args));
  assertEquals(named?.granted, { net: ["a.example.com:443"], read: [], write: [], env: [] });
});

Deno.test("readNamedPlugins says what a plugin may not, and what would let it", async () => {
  await using folder = await temporaryFolder();
  const permissions = { net: ["a.example.com:443"], read: ["/run/secrets"], env: ["HOME"] };
  const path = await writePlugin(`${folder.path}/one`, "plugin({});", { permissions });
  const args = ["--plugin", path, "--plugin-permissions", "env=HOME"];
  const { message, hint } = await refuse(args, "--plugin-permissions");
  const excess = ["net=a.example.com:443", "read=/run/secrets"];
  assert(
    message.includes(`does not let helper do what it asks for: ${excess.join(", ")}`),
    message,
  );
  assert(hint?.includes(`--plugin-permissions ${excess.join(",")}.`), hint);
});

Deno.test("readNamedPlugins refuses what is no plugin of a keeper", async () => {
  await using folder = await temporaryFolder();
  const path = await writePlugin(`${folder.path}/one`, "plugin({});", { side: "agent" });
  assert((await refuse(["--plugin", path], "--plugin")).message.includes("a plugin of the agent"));
  await refuse(["--plugin", `${folder.path}/none`], "--plugin");
  await Deno.writeTextFile(path, "plugin({});");
  await refuse(["--plugin", path], "--plugin");
});

Deno.test("readNamedPlugins refuses two plugins of one name", async () => {
  await using folder = await temporaryFolder();
  const one = await writePlugin(`${folder.path}/one`, "plugin({});");
  const two = await writePlugin(`${folder.path}/two`, "plugin({});");
  const { message } = await refuse(["--plugin", `${one},${two}`], "--plugin");
  assert(message.includes("two plugins helper"), message);
});

for (const item of ["net", "net=", "run=/bin/sh", "read=etc", "read=/a/../b", "env=A B"]) {
  Deno.test(`readNamedPlugins grants nothing by ${item}`, async () => {
    await using folder = await temporaryFolder();
    const path = await writePlugin(`${folder.path}/one`, "plugin({});");
    await refuse(["--plugin", path, "--plugin-permissions", item], "--plugin-permissions");
  });
}

Deno.test("readNamedPlugins refuses permissions for nobody, and more than eight plugins", async () => {
  await refuse(["--plugin-permissions", "env=HOME"], "--plugin-permissions");
  await refuse(["--plugin", Array(9).fill("a").join(",")], "--plugin");
});

function homeIn(stateFolder: string): PluginHome {
  return {
    stateFolder,
    logger: SILENT_LOGGER,
    reach: {
      agents: () => Promise.resolve([]),
      call: () => Promise.reject(new Error("unused")),
      signRequest: () => Promise.reject(new Error("unused")),
    },
  };
}

Deno.test("readNamedPlugins grants no variable of the keeper's own", async () => {
  await using folder = await temporaryFolder();
  const permissions = { env: ["FLUXVAULT_PRIVATE_KEY"] };
  const path = await writePlugin(`${folder.path}/one`, "plugin({});", { permissions });
  const args = ["--plugin", path, "--plugin-permissions", "env=FLUXVAULT_PRIVATE_KEY"];
  const { message } = await refuse(args, "--plugin-permissions");
  assert(message.includes("the keeper's own"), message);
});

Deno.test("startNamedPlugins grants nothing of the folder with the keeper's keys, nor by a link", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/state`);
  await Deno.symlink(`${folder.path}/state`, `${folder.path}/link`);
  const home = homeIn(`${folder.path}/state`);
  for (const granted of [folder.path, `${folder.path}/link`, `${folder.path}/state/keys`]) {
    for (const kind of ["read", "write"]) {
      const permissions = { [kind]: [granted] };
      const path = await writePlugin(`${folder.path}/one`, "plugin({});", { permissions });
      const args = ["--plugin", path, "--plugin-permissions", `${kind}=${granted}`];
      const named = await readNamedPlugins(await runContext(args));
      const error = await assertRejects(() => startNamedPlugins(named, home), ConfigError);
      assertEquals(error.setting, "--plugin-permissions");
    }
  }
});

Deno.test("startNamedPlugins says that a plugin does not start", async () => {
  await using folder = await temporaryFolder();
  const path = await writePlugin(`${folder.path}/one`, "throw 1; plugin({});");
  const named = await readNamedPlugins(await runContext(["--plugin", path]));
  const home = homeIn(folder.path);
  const error = await assertRejects(() => startNamedPlugins(named, home), ConfigError);
  assertEquals(error.setting, "--plugin");
});
