import { pluginActions } from "../../../agent/plugins/plugin_actions.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import { MAX_PLUGIN_BYTES } from "../../../protocol/plugins/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";
import { openPluginYard, packageOf, signPackage } from "../../support/played_plugins.ts";

/** Opens a session of a keeper that signs, with an agent that takes plugins. */
async function open({ isSigned = true } = {}) {
  const yard = await openPluginYard();
  for (const action of pluginActions(yard.plugins)) yard.register.add(action);
  const desks = await openCallDesks({
    agentCalls: { source: yard.register },
    ...isSigned
      ? { agent: { verifyStatement: () => Promise.resolve(true) }, keeper: { signer: yard.signer } }
      : {},
  });
  const put = (
    { bytes, signature }: { readonly bytes: Uint8Array; readonly signature: string },
    size: unknown = bytes.length,
  ) =>
    desks.keeper.call("plugin-put", {
      input: { Signature: signature, Size: size },
      bytes: (async function* () {
        for (let i = 0; i < bytes.length; i += 50_000) yield bytes.subarray(i, i + 50_000);
      })(),
      size: bytes.length,
    });
  return { ...yard, desks, put, [Symbol.asyncDispose]: () => desks[Symbol.asyncDispose]() };
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => attempt, CallError)).code;
}

Deno.test("pluginActions put, list and remove a plugin, and it can be called meanwhile", async () => {
  await using yard = await open();
  const { keeper } = yard.desks;
  const sent = await signPackage(yard.signer);
  assertEquals(await yard.put(sent), {
    Name: "greeter",
    Version: "1.0.0",
    State: "running",
    IsUnchanged: false,
  });
  assertEquals(await keeper.call("greeter-greet", { input: "you" }), ["1.0.0", "greet", "you"]);
  assertEquals(await keeper.call("plugin-list"), [{
    Name: "greeter",
    Version: "1.0.0",
    State: "running",
    Code: null,
    Since: "1970-01-01T00:00:00.000Z",
    Restarts: 0,
    LastEnd: null,
    OpenCalls: 0,
    Actions: ["greeter-greet"],
    Signer: yard.signer.address,
    Digest: sent.digest,
  }]);
  const input = { Name: "greeter" };
  assertEquals(await keeper.call("plugin-remove", { input }), { Name: "greeter" });
  assertEquals(await keeper.call("plugin-list"), []);
  assertEquals(await codeOf(keeper.call("greeter-greet")), "unknown-action");
  assertEquals(await codeOf(keeper.call("plugin-remove", { input })), "plugin-unknown");
});

Deno.test("pluginActions take a package of the largest size, and no larger one", async () => {
  await using yard = await open();
  const head = packageOf({}, "x").length - 1;
  const largest = await signPackage(yard.signer, {}, "x".repeat(MAX_PLUGIN_BYTES - head));
  assertEquals(largest.bytes.length, MAX_PLUGIN_BYTES);
  await yard.put(largest);
  const bytes = new Uint8Array(MAX_PLUGIN_BYTES + 1);
  assertEquals(await codeOf(yard.put({ ...largest, bytes })), "too-large");
  // The attacks: more room is asked for than there is, and less is said than comes.
  assertEquals(await codeOf(yard.put(largest, 2 ** 45)), "too-large");
  assertEquals(await codeOf(yard.put({ ...largest, bytes }, 100)), "too-large");
});

Deno.test("pluginActions take no package that ends early, and none that did not come", async () => {
  await using yard = await open();
  const sent = await signPackage(yard.signer);
  assertEquals(await codeOf(yard.put(sent, sent.bytes.length + 1)), "manifest-malformed");
  const input = { Signature: sent.signature, Size: sent.bytes.length };
  const without = yard.desks.keeper.call("plugin-put", { input });
  assertEquals(await codeOf(without), "manifest-malformed");
  assertEquals(yard.plugins.list(), []);
});

Deno.test("pluginActions take no input but theirs", async () => {
  await using yard = await open();
  const sent = await signPackage(yard.signer);
  for (const size of [0, -1, 1.5, "7", null]) {
    assertEquals(await codeOf(yard.put(sent, size)), "input-malformed");
  }
  assertEquals(await codeOf(yard.put({ ...sent, signature: "no" })), "input-malformed");
  for (const input of [undefined, "greeter", { Name: "../x" }, [], null]) {
    const options = input === undefined ? {} : { input };
    const call = yard.desks.keeper.call("plugin-remove", options);
    assertEquals(await codeOf(call), "input-malformed");
  }
});

Deno.test("pluginActions do nothing for a keeper that has not signed its session", async () => {
  await using yard = await open({ isSigned: false });
  const { keeper } = yard.desks;
  const sent = await signPackage(yard.signer);
  await yard.putSigned(sent);
  assertEquals(await codeOf(yard.put(await signPackage(yard.signer, { name: "b" }))), "rejected");
  assertEquals(await codeOf(keeper.call("plugin-list")), "rejected");
  const remove = keeper.call("plugin-remove", { input: { Name: "greeter" } });
  assertEquals(await codeOf(remove), "rejected");
  assertEquals(yard.plugins.list().length, 1);
});
