import { ServedPlugins } from "../../../agent/commands/serve_plugins.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import { ActionRegister } from "../../../protocol/actions/mod.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../protocol/plugins/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";
import { signPackage } from "../../support/played_plugins.ts";
import { serveContext } from "../../support/serve_context.ts";
import { signerOf } from "../../support/signing.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const SIGNER = signerOf();

/** Runs the plugins of an agent in a folder, with a keeper that signs. */
async function withAgent(
  path: string,
  work: (desk: Awaited<ReturnType<typeof openCallDesks>>["keeper"]) => Promise<void>,
  addresses: () => Promise<readonly string[] | null> = () => Promise.resolve([SIGNER.address]),
): Promise<void> {
  for (const name of ["files", "state"]) await Deno.mkdir(`${path}/${name}`, { recursive: true });
  const context = await serveContext(["--allow-plugins", "--zelid", SIGNER.address]);
  const register = new ActionRegister();
  await using plugins = await ServedPlugins.open(context, {
    settings: { permissions: NO_PLUGIN_PERMISSIONS, memoryMb: 64 },
    trust: { signers: { addresses } },
    stateFolder: `${path}/state`,
    workingFolder: `${path}/files`,
    store: { held: null },
  });
  const agent = { action: (action: unknown) => register.add(action as never) } as never;
  await plugins.attach(agent, new AbortController().signal);
  await using desks = await openCallDesks({
    agentCalls: { source: register },
    agent: { verifyStatement: () => Promise.resolve(true) },
    keeper: { signer: SIGNER },
  });
  await work(desks.keeper);
}

Deno.test("ServedPlugins runs what a keeper puts there, and has it again after a restart", async () => {
  await using folder = await temporaryFolder();
  const { bytes, signature } = await signPackage(SIGNER);
  await withAgent(folder.path, async (desk) => {
    const input = { Signature: signature, Size: bytes.length };
    const pieces = (async function* () {
      yield bytes;
    })();
    await desk.call("plugin-put", { input, bytes: pieces, size: bytes.length });
    assertEquals(await desk.call("greeter-greet", { input: "you" }), "Hello, you");
  });
  await withAgent(folder.path, async (desk) => {
    assertEquals(await desk.call("greeter-greet", { input: "again" }), "Hello, again");
    await desk.call("plugin-remove", { input: { Name: "greeter" } });
  });
  await withAgent(folder.path, async (desk) => {
    const call = () => desk.call("greeter-greet");
    assertEquals((await assertRejects(call, CallError)).code, "unknown-action");
  });
});
