import { PeerRejectedError, StorageError } from "../../../protocol/errors.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../protocol/plugins/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import {
  callRegistered,
  openPluginYard,
  packageOf,
  type PluginYard,
  signPackage,
} from "../../support/played_plugins.ts";
import { signerOf } from "../../support/signing.ts";

/** Tells how each is: its name, how it is, and why. */
function states({ plugins }: PluginYard): string[] {
  return plugins.list().map(({ name, state, code }) => `${name} ${state} ${code ?? ""}`.trimEnd());
}

Deno.test("PluginSlot starts after a restart what was put here, and offers it at once", async () => {
  const yard = await (await openPluginYard()).restart();
  assertEquals(states(yard), []);
  await yard.put();
  const next = await yard.restart();
  await next.plugins.resume();
  const { output } = await callRegistered(next.register, "greeter-greet", 1);
  assertEquals([output, states(next)], [["1.0.0", "greet", 1], ["greeter running"]]);
  await next.put({ version: "1.1.0" });
  assertEquals(next.host.started.length, 1);
});

Deno.test("PluginSlot refuses what was changed on the disk, and the others run", async () => {
  const yard = await openPluginYard();
  for (const name of ["a", "b", "c", "d"]) await yard.put({ name });
  const [a, b, c, d] = yard.plugins.list();
  const { packages, book } = yard.store;
  packages.delete(a?.digest ?? "");
  packages.set(b?.digest ?? "", packageOf({ name: "b" }, "plugin({ evil: 1 });"));
  // The package of another one, by its own digest: what is signed names another plugin.
  yard.store.book = {
    ...book,
    installed: [
      ...book.installed.map((record) =>
        record.name === "c" ? { ...record, digest: d?.digest ?? "" } : record
      ),
      // And all of what another one is, under a name that is not its own.
      ...book.installed.filter(({ name }) => name === "d").map((record) => {
        return { ...record, name: "e" };
      }),
    ],
  };
  const next = await yard.restart();
  await next.plugins.resume();
  assertEquals(states(next), [
    "a refused package-missing",
    "b refused package-changed",
    "c refused signature-invalid",
    "d running",
    "e refused package-changed",
  ]);
  assertEquals(next.logger.messages("error").length, 4);
  assertEquals(next.register.list().map(({ name }) => name), ["d-greet"]);
  // What was refused can be put here again: all of it that counts is remembered.
  await next.put({ name: "c", version: "1.0.1" });
  assertEquals(states(next)[2], "c running");
  assertEquals(c?.version, "1.0.0");
});

Deno.test("PluginSlot refuses an older version that was put back on the disk", async () => {
  const yard = await openPluginYard();
  const old = await signPackage(yard.signer, { version: "1.0.0" });
  await yard.putSigned(old);
  const { installed } = yard.store.book;
  await yard.put({ version: "2.0.0" });
  // The attack: the older one is signed as well, and what names it was kept from before.
  yard.store.book = { ...yard.store.book, installed };
  yard.store.packages.set(old.digest, old.bytes);
  const next = await yard.restart();
  await next.plugins.resume();
  assertEquals(states(next), ["greeter refused downgrade"]);
});

Deno.test("PluginSlot refuses what is not granted or trusted any more", async () => {
  const permissions = { ...NO_PLUGIN_PERMISSIONS, env: ["TZ"] };
  const yard = await openPluginYard({ ceiling: { permissions, memoryMb: 64 } });
  await yard.put({ permissions });
  const ceiling = { permissions: NO_PLUGIN_PERMISSIONS, memoryMb: 64 };
  const narrowed = await yard.restart({ ceiling });
  await narrowed.plugins.resume();
  assertEquals(states(narrowed), ["greeter refused permission-exceeds"]);
  const addresses = () => Promise.resolve([signerOf().address]);
  const others = await yard.restart({ signers: { addresses } });
  await others.plugins.resume();
  assertEquals(states(others), ["greeter refused signature-invalid"]);
});

Deno.test("PluginSlot waits until it is known whose signature counts", async () => {
  const yard = await openPluginYard();
  await yard.put();
  let addresses: readonly string[] | null = null;
  const next = await yard.restart({ signers: { addresses: () => Promise.resolve(addresses) } });
  const error = await assertRejects(() => next.plugins.resume(), PeerRejectedError);
  assertEquals([error.code, states(next)], ["owner-unknown", ["greeter refused owner-unknown"]]);
  addresses = [yard.signer.address];
  await next.plugins.resume();
  await callRegistered(next.register, "greeter-greet");
  assertEquals(states(next), ["greeter running"]);
});

Deno.test("PluginSlot says of a plugin that cannot be started why, and lets it be removed", async () => {
  const yard = await openPluginYard();
  await yard.put();
  const next = await yard.restart();
  next.host.broken.add("1.0.0");
  await next.plugins.resume();
  const call = () => callRegistered(next.register, "greeter-greet");
  assertEquals((await assertRejects(call, CallError)).code, "plugin-stopped");
  assertEquals(states(next), ["greeter refused plugin-stopped"]);
  await next.plugins.remove("greeter", { keeper: null });
  assertEquals([states(next), next.register.list()], [[], []]);
});

Deno.test("PluginSlot neither runs nor takes any where it is not known which versions were here", async () => {
  const yard = await openPluginYard();
  await yard.put();
  yard.store.faults.load = new StorageError("state-malformed", "it is not as it was written");
  const next = await yard.restart();
  await next.plugins.resume();
  const error = await assertRejects(() => next.put({ version: "2.0.0" }), StorageError);
  assertEquals([error.code, states(next)], ["state-malformed", []]);
  // What is there is left for somebody to look at.
  assertEquals(yard.store.packages.size, 1);
});
