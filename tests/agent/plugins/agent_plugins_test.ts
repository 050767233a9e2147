import { createDeferred } from "../../../protocol/deferred.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import { PluginRefusal } from "../../../agent/plugins/plugin_refusal.ts";
import type { PluginHost, RunningPlugin } from "../../../agent/plugins/running_plugin.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  callRegistered,
  GREETER,
  openPluginYard,
  type PluginYard,
  signPackage,
} from "../../support/played_plugins.ts";
import { signerOf } from "../../support/signing.ts";

/** Tells what is there, by name and version. */
function present({ plugins }: PluginYard): string[] {
  return plugins.list().map(({ name, version, state }) => `${name} ${version} ${state}`);
}

async function assertRefused(attempt: Promise<unknown>, code: string): Promise<void> {
  assertEquals((await assertRejects(() => attempt, PluginRefusal)).code as string, code);
}

Deno.test("AgentPlugins puts a plugin in place and offers its actions", async () => {
  const yard = await openPluginYard();
  const put = await yard.put();
  assertEquals([put.name, put.version, put.state, put.isUnchanged, put.signer], [
    "greeter",
    "1.0.0",
    "running",
    false,
    yard.signer.address,
  ]);
  assertEquals(put.actions, ["greeter-greet"]);
  const { output, progress } = await callRegistered(yard.register, "greeter-greet", "you");
  assertEquals([output, progress], [["1.0.0", "greet", "you"], ["at greet"]]);
  const description = yard.register.find("greeter-greet")?.description;
  assertEquals(description, { describe: "Greets somebody" });
});

Deno.test("AgentPlugins replaces a plugin, its actions and its package by those of a later version", async () => {
  const yard = await openPluginYard();
  await yard.put({ actions: [{ name: "greet", describe: "" }, { name: "old", describe: "" }] });
  const next = { name: "new", describe: "" };
  await yard.put({ version: "1.1.0", actions: [{ name: "greet", describe: "" }, next] });
  assertEquals(present(yard), ["greeter 1.1.0 running"]);
  assertEquals(yard.register.list().map(({ name }) => name), ["greeter-greet", "greeter-new"]);
  const { output } = await callRegistered(yard.register, "greeter-greet");
  assertEquals(output, ["1.1.0", "greet", undefined]);
  assertEquals([yard.host.started.length, yard.store.packages.size], [1, 1]);
});

Deno.test("AgentPlugins says of the same package that it is there already", async () => {
  const yard = await openPluginYard();
  const sent = await signPackage(yard.signer);
  await yard.putSigned(sent);
  assertEquals((await yard.putSigned(sent)).isUnchanged, true);
  const [played] = yard.host.started;
  if (played !== undefined) played.state = "stopped";
  // One that was stopped for good is started again by it.
  assertEquals((await yard.putSigned(sent)).isUnchanged, false);
  assertEquals(present(yard), ["greeter 1.0.0 running"]);
});

Deno.test("AgentPlugins takes no older version, even of one that was removed, nor another one by the same number", async () => {
  const yard = await openPluginYard();
  await yard.put({ version: "1.10.0" });
  await assertRefused(yard.put({ version: "1.9.0" }), "downgrade");
  await assertRefused(yard.put({ version: "1.10.0" }, { code: "plugin({});" }), "downgrade");
  assertEquals(present(yard), ["greeter 1.10.0 running"]);
  await yard.plugins.remove("greeter", { keeper: null });
  await assertRefused(yard.put({ version: "1.9.0" }), "downgrade");
  assertEquals(present(yard), []);
  await yard.put({ version: "1.10.0" });
  assertEquals(present(yard), ["greeter 1.10.0 running"]);
});

Deno.test("AgentPlugins takes nothing that a stranger signed, or that was changed", async () => {
  const yard = await openPluginYard();
  await assertRefused(yard.put({}, { signer: signerOf() }), "signature-invalid");
  const { bytes, signature } = await signPackage(yard.signer);
  const changed = bytes.slice();
  changed[changed.length - 3] = 0x20;
  await assertRefused(yard.putSigned({ bytes: changed, signature }), "signature-invalid");
  const other = await signPackage(yard.signer, { version: "2.0.0" });
  await assertRefused(yard.putSigned({ bytes, signature: other.signature }), "signature-invalid");
  assertEquals([present(yard), yard.store.packages.size, yard.host.started.length], [[], 0, 0]);
});

Deno.test("AgentPlugins takes as many as may be, and upgrades when they are there", async () => {
  const yard = await openPluginYard({ maxPlugins: 2 });
  for (const name of ["a", "b"]) await yard.put({ name });
  await assertRefused(yard.put({ name: "c" }), "too-many");
  await yard.put({ name: "b", version: "2.0.0" });
  assertEquals(present(yard), ["a 1.0.0 running", "b 2.0.0 running"]);
});

Deno.test("AgentPlugins takes no plugin whose action has the name of another one's", async () => {
  const yard = await openPluginYard();
  yard.register.add({ name: "plugin-put", run: () => Promise.resolve() });
  const actions = [{ name: "free", describe: "" }, { name: "put", describe: "" }];
  await assertRefused(yard.put({ name: "plugin", actions }), "name-taken");
  assertEquals(yard.register.list().map(({ name }) => name), ["plugin-put"]);
  assertEquals([yard.host.started.length, yard.store.packages.size], [0, 0]);
});

Deno.test("AgentPlugins keeps the one that runs where the next does not start", async () => {
  const yard = await openPluginYard();
  await yard.put();
  yard.host.broken.add("2.0.0");
  const upgrade = { version: "2.0.0", actions: [{ name: "shout", describe: "" }] };
  const error = await assertRejects(() => yard.put(upgrade), CallError);
  assertEquals(error.code, "plugin-stopped");
  assertEquals(present(yard), ["greeter 1.0.0 running"]);
  assertEquals(yard.register.list().map(({ name }) => name), ["greeter-greet"]);
  // What did not start was not here, so that its number is free.
  yard.host.broken.clear();
  await yard.put({ version: "2.0.0" }, { code: "plugin({});" });
  assertEquals(present(yard), ["greeter 2.0.0 running"]);
});

Deno.test("AgentPlugins has changed nothing where the disk is full", async () => {
  const yard = await openPluginYard();
  const full = new StorageError("disk-full", "no room");
  for (const step of ["write", "save"] as const) {
    yard.store.faults[step] = full;
    assertEquals((await assertRejects(() => yard.put(), StorageError)).code, "disk-full");
    assertEquals([present(yard), yard.register.list().length, yard.store.packages.size], [
      [],
      0,
      0,
    ]);
    delete yard.store.faults[step];
  }
  assert(yard.host.started.every(({ isDisposed }) => isDisposed));
  await yard.put();
  for (const step of ["write", "save"] as const) {
    yard.store.faults[step] = full;
    await assertRejects(() => yard.put({ version: "2.0.0" }), StorageError);
    assertEquals(present(yard), ["greeter 1.0.0 running"]);
    const { output } = await callRegistered(yard.register, "greeter-greet");
    assertEquals(output, ["1.0.0", "greet", undefined]);
    delete yard.store.faults[step];
  }
  yard.store.faults.save = full;
  await assertRejects(() => yard.plugins.remove("greeter", { keeper: null }), StorageError);
  assertEquals([present(yard), yard.host.forgotten], [["greeter 1.0.0 running"], ["greeter"]]);
});

Deno.test("AgentPlugins removes a plugin with what it kept", async () => {
  const yard = await openPluginYard();
  await yard.put();
  await yard.plugins.remove("greeter", { keeper: yard.signer.address });
  assertEquals([present(yard), yard.register.list(), yard.host.forgotten], [[], [], ["greeter"]]);
  assertEquals([yard.host.started[0]?.isDisposed, yard.store.packages.size], [true, 0]);
  const again = () => yard.plugins.remove("greeter", { keeper: null });
  assertEquals((await assertRejects(again, CallError)).code, "plugin-unknown");
});

Deno.test("AgentPlugins makes one change at a time, whoever asks for it", async () => {
  const yard = await openPluginYard();
  const versions = ["1.0.0", "2.0.0", "3.0.0"];
  const ends = await Promise.allSettled(versions.map((version) => yard.put({ version })));
  // Signing takes its time, so that any order may be; what is there is the highest in any case.
  assertEquals(present(yard), ["greeter 3.0.0 running"]);
  assertEquals(ends.at(-1)?.status, "fulfilled");
  assertEquals(yard.host.started.length, 1);
});

Deno.test("AgentPlugins tells of deliveries, and neither of plans nor of calls nor of what broke off", async () => {
  const yard = await openPluginYard();
  await yard.put({ events: ["delivery"] });
  const report = { isComplete: true, isPlan: false, files: [] } as unknown as AgentSessionReport;
  yard.plugins.noteReport(report);
  yard.plugins.noteReport({ ...report, isPlan: true });
  yard.plugins.noteReport({ ...report, isCallsOnly: true });
  yard.plugins.noteReport({ ...report, isComplete: false });
  assertEquals(yard.host.started[0]?.deliveries, [report]);
});

Deno.test("AgentPlugins logs what it refuses and why, and no word of a script", async () => {
  const yard = await openPluginYard();
  const code = "plugin({ secret: 'canary-61b0' });";
  await assertRefused(
    yard.put({ permissions: { ...GREETER.permissions, net: ["evil.example"] } }, { code }),
    "permission-exceeds",
  );
  const [event] = yard.logger.events;
  assertEquals([event?.level, event?.properties.code, event?.properties.reason], [
    "warn",
    "permission-exceeds",
    "it asks for net=evil.example",
  ]);
  assert(!JSON.stringify(yard.logger.events).includes("canary"));
});

Deno.test("AgentPlugins stops all that runs when it is disposed of", async () => {
  const yard = await openPluginYard();
  for (const name of ["a", "b"]) await yard.put({ name });
  await yard.plugins[Symbol.asyncDispose]();
  assert(yard.host.started.every(({ isDisposed }) => isDisposed));
  assertEquals(yard.register.list(), []);
});

Deno.test("AgentPlugins keeps the last signature under a package that is here already", async () => {
  const [first, second] = [signerOf(), signerOf()];
  let trusted = [first.address, second.address];
  const signers = { addresses: () => Promise.resolve(trusted) };
  const yard = await openPluginYard({ signers });
  await yard.put({}, { signer: first });
  const again = await yard.put({}, { signer: second });
  assertEquals([again.isUnchanged, again.signer], [true, second.address]);
  assertEquals(yard.host.started.length, 1);
  trusted = [second.address];
  const next = await yard.restart();
  await next.plugins.resume();
  const listed = next.plugins.list().map(({ code, signer }) => [code, signer]);
  assertEquals(listed, [[null, second.address]]);
});

Deno.test("AgentPlugins gives up what is being started when the agent stops, and takes no more", async () => {
  const started = createDeferred<void>();
  const host: PluginHost = {
    start: (_, { signal }) => {
      started.resolve();
      const { promise, reject } = createDeferred<RunningPlugin>();
      const stop = () => reject(new CallError("plugin-stopped", "it was given up"));
      signal.addEventListener("abort", stop, { once: true });
      return promise;
    },
    forget: () => Promise.resolve(),
  };
  const yard = await openPluginYard({ host });
  const put = assertRejects(() => yard.put(), CallError);
  await started.promise;
  await yard.plugins[Symbol.asyncDispose]();
  assertEquals((await put).code, "plugin-stopped");
  assertEquals((await assertRejects(() => yard.put(), CallError)).code, "plugin-stopped");
  assertEquals(present(yard), []);
});
