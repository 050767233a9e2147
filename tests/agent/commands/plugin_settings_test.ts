import { openPlugins, readPlugins } from "../../../agent/commands/plugin_settings.ts";
import type { Access } from "../../../agent/commands/access.ts";
import { openStateFolder } from "../../../agent/state_folder.ts";
import { fixedSigners } from "../../../agent/trust/mod.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { NO_PLUGIN_PERMISSIONS, parsePluginGrants } from "../../../protocol/plugins/mod.ts";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "../../support/assert.ts";
import { serveContext } from "../../support/serve_context.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const SIGNED: Pick<Access, "signers"> = { signers: "owner" };
const ALLOW = "--allow-plugins";

Deno.test("readPlugins finds none where the operator says nothing, or the command knows none", async () => {
  assertEquals(readPlugins(await serveContext([]), SIGNED), null);
  const context = await serveContext([]);
  const without = { ...context, settings: { ...context.settings, plugins: null } };
  assertEquals(readPlugins(without, SIGNED), null);
});

Deno.test("readPlugins reads what plugins may do: nothing but to compute by default", async () => {
  assertEquals(readPlugins(await serveContext([ALLOW]), SIGNED), {
    permissions: NO_PLUGIN_PERMISSIONS,
    memoryMb: 64,
  });
  const args = [ALLOW, "--plugin-permissions", "net=a:1,read=/srv", "--plugin-memory=128"];
  assertEquals(readPlugins(await serveContext(args), SIGNED), {
    permissions: parsePluginGrants(["net=a:1", "read=/srv"]),
    memoryMb: 128,
  });
});

const MISTAKES: readonly (readonly [readonly string[], RegExp])[] = [
  [["--plugin-memory=32"], /--plugin-memory has no use without --allow-plugins/],
  [["--plugin-permissions=net=a"], /--plugin-permissions has no use without --allow-plugins/],
  [[ALLOW, "--plugin-permissions=net=a,run=sh"], /cannot be used: item 2 is none of net=/],
  [[ALLOW, "--plugin-permissions=read=srv"], /cannot be used: item 1 names nothing that read/],
  [
    [ALLOW, "--plugin-permissions=env=FLUXVAULT_ENROLL_SECRET"],
    /grants FLUXVAULT_ENROLL_SECRET, which is the agent's own/,
  ],
];

for (const [args, message] of MISTAKES) {
  Deno.test(`readPlugins refuses ${args.join(" ")}`, async () => {
    const context = await serveContext(args);
    assertMatch(assertThrows(() => readPlugins(context, SIGNED), ConfigError).message, message);
  });
}

Deno.test("readPlugins refuses plugins where keepers need not sign", async () => {
  const context = await serveContext([ALLOW]);
  const error = assertThrows(() => readPlugins(context, { signers: null }), ConfigError);
  assertMatch(error.message, /--allow-plugins needs --signed-vault-connections/);
});

Deno.test({
  name: "readPlugins grants nothing that the agent may not do itself",
  permissions: { read: true, write: true, env: true, net: false },
  fn: async () => {
    const context = await serveContext([ALLOW, "--plugin-permissions=net=a.example:443"]);
    const error = assertThrows(() => readPlugins(context, SIGNED), ConfigError);
    assertMatch(error.message, /grants what this agent may not do itself: net=a.example:443/);
  },
});

/** Opens plugins that may read this path below the folder of a test. */
async function open(granted: string | null, { hasState = true } = {}) {
  await using folder = await temporaryFolder();
  const { path } = folder;
  for (const name of ["files", "state/below", "beside"]) {
    await Deno.mkdir(`${path}/${name}`, { recursive: true });
  }
  await Deno.symlink("state", `${path}/link`);
  using state = await openStateFolder(`${path}/state`);
  const read = granted === null ? [] : [`${path}/${granted}`];
  const permissions = { ...NO_PLUGIN_PERMISSIONS, read };
  const context = await serveContext([ALLOW]);
  await using plugins = await openPlugins(context, {
    settings: { permissions, memoryMb: 64 },
    state: hasState ? state : { ...state, path: null },
    trust: { signers: fixedSigners([]) },
    workingFolder: `${path}/files`,
    store: { held: null },
  });
  return plugins !== null;
}

Deno.test("openPlugins lets no plugin near the identity of the agent", async () => {
  for (const granted of ["state", "state/below", "state/identity.json", ".", "link", "link/x"]) {
    const error = await assertRejects(() => open(granted), ConfigError);
    assertMatch(error.message, /and with it what the agent keeps its identity in/);
  }
  assertEquals([await open("beside"), await open("state2"), await open(null)], [true, true, true]);
});

Deno.test("openPlugins needs a folder of state", async () => {
  const error = await assertRejects(() => open(null, { hasState: false }), ConfigError);
  assertMatch(error.message, /--allow-plugins needs a folder of state/);
});
