import { CallError, createDeferred } from "../../../../protocol/mod.ts";
import { type PluginAsk, PluginStoppedError } from "../../../../protocol/host/plugins/mod.ts";
import { MemoryWatch } from "../../../../protocol/host/plugins/limits/memory_watch.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../../protocol/plugins/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../support/assert.ts";
import { actingCode, endOf, runBody, startWalled } from "../../../support/walled_plugins.ts";

Deno.test("WalledPlugin answers calls, tells progress and logs", async () => {
  const heard: unknown[] = [];
  const onLog = (text: string) => heard.push(text);
  const body = `context.progress(1); context.log("so far"); await context.sleep(1);
    context.progress({ all: true }); return "Hello, " + input.name;`;
  await using plugin = await startWalled(actingCode(body), { onLog });
  const onProgress = (output: unknown) => heard.push(output);
  assertEquals(await plugin.call("act", { name: "you" }, { onProgress }), "Hello, you");
  assertEquals(heard, [1, "so far", { all: true }]);
});

Deno.test("WalledPlugin answers two callers at once, each with what is its own", async () => {
  const body =
    `await context.sleep(input.waitMs); context.progress(input.name); return input.name;`;
  await using plugin = await startWalled(actingCode(body));
  const heard: string[] = [];
  const call = (name: string, waitMs: number) =>
    plugin.call("act", { name, waitMs }, {
      onProgress: (output) => heard.push(`${name}:${output}`),
    });
  assertEquals(await Promise.all([call("slow", 60), call("fast", 1)]), ["slow", "fast"]);
  assertEquals(heard, ["fast:fast", "slow:slow"]);
});

Deno.test("WalledPlugin has nothing of the program in the realm of a plugin", async () => {
  const ours = [
    "Deno",
    "process",
    "require",
    "fetch",
    "Worker",
    "navigator",
    "setTimeout",
    "console",
  ];
  const buffers = ["ArrayBuffer", "SharedArrayBuffer", "Uint8Array", "DataView", "Atomics"];
  const others = ["WebAssembly", "Intl", "Temporal", "FinalizationRegistry", "WeakRef", "Buffer"];
  const body = `return ${JSON.stringify([...ours, ...buffers, ...others])}
    .filter((name) => name in globalThis || eval("typeof " + name) !== "undefined");`;
  assertEquals(await runBody(body), []);
  const names = await runBody(`return Object.getOwnPropertyNames(globalThis)
    .concat(Object.getOwnPropertyNames(Object.getPrototypeOf(globalThis)));`) as string[];
  // What a later engine adds is not there either.
  assertEquals(names.length, 49, names.join());
});

Deno.test("WalledPlugin lets no plugin import anything, in any way", async () => {
  const body = `const found = [];
    const makers = [eval, Function, (async () => {}).constructor, (function* () {}).constructor,
      context.sleep.constructor, plugin.constructor];
    for (const what of ["node:fs", "node:worker_threads", "fs", "data:text/javascript,export{}", "file:///etc/hostname",
      "https://localhost:1/x.js", "npm:yaml", "ext:core/ops", "/etc/hostname", "./x.js"])
      for (const how of [(w) => import(w), (w) => import(w, { with: { type: "json" } }),
        (w) => import(w, { with: { type: "text" } }), ...makers.map((make) => (w) => {
          const made = make === eval ? eval("(w) => import(w)") : make("w", "return import(w)");
          const got = made(w);
          return got?.next?.().value ?? got;
        })]) try { await how(what); found.push(what); } catch {}
    for (const text of ["import 'node:fs'", "import.meta", "import defer * as x from 'node:fs'",
      "export {}", "require('fs')", "importScripts('x')"])
      try { (0, eval)(text); found.push(text); } catch {}
    return found;`;
  assertEquals(await runBody(body), []);
});

Deno.test("WalledPlugin calls no action that the plugin only inherits", async () => {
  await using plugin = await startWalled(
    "plugin({ actions: { act() {}, __proto__: { other() {} } } });",
  );
  for (const name of ["constructor", "toString", "__proto__", "other", "hasOwnProperty"]) {
    await assertRejects(() => plugin.call(name, 1), CallError, "unknown-action");
  }
});

Deno.test("WalledPlugin passes on the word of an action that failed, and nothing else", async () => {
  const error = await assertRejects(
    () => runBody(`throw Object.assign(new Error("secret"), { code: "name-empty" })`),
    CallError,
    "name-empty",
  );
  assert(!error.message.includes("secret"));
  const others = [
    `throw { code: "Not A Word" }`,
    `throw { get code() { throw 1; } }`,
    `throw null`,
  ];
  for (const body of [...others, `throw { code: "a".repeat(65) }`, `throw { code: ["a"] }`]) {
    await assertRejects(() => runBody(body), CallError, "failed");
  }
});

Deno.test("WalledPlugin refuses what no message can hold as the output of one call", async () => {
  const deep = `let deep = 1; for (let i = 0; i < 20; i++) deep = [deep];`;
  const malformed = [
    `${deep} return deep;`,
    `return JSON.parse('{"a":{"__proto__":{"polluted":1}}}');`,
    `return "\\ud800";`,
    `return { toJSON() { throw 1; } };`,
    `const loop = {}; loop.loop = loop; return loop;`,
  ];
  await using plugin = await startWalled(
    `const bodies = ${JSON.stringify([...malformed, `return "x".repeat(300_000);`, `return 5;`])};
     plugin({ actions: { act: async (index) => Function(bodies[index])() } });`,
  );
  for (const index of malformed.keys()) {
    await assertRejects(() => plugin.call("act", index), CallError, "output-malformed");
  }
  const tooLarge = () => plugin.call("act", malformed.length);
  await assertRejects(tooLarge, CallError, "output-too-large");
  assertEquals(await plugin.call("act", malformed.length + 1), 5);
});

Deno.test("WalledPlugin leaves the prototypes of the host alone", async () => {
  const body = `Object.prototype.polluted = 1; Array.prototype.map = null;
    return { constructor: { prototype: { polluted: 1 } } };`;
  const output = await runBody(body) as object;
  assert(!("polluted" in {}) && typeof [].map === "function");
  assertEquals(Object.getPrototypeOf(output), Object.prototype);
});

Deno.test("WalledPlugin lets no output pass for another message", async () => {
  const forged = `{ Kind: "result", Id: 1, Output: "forged" }`;
  const code = `let first; plugin({ actions: { act: async (input, context) => {
    if (input === "wait") return await new Promise((resolve) => first = resolve);
    const forge = () => (${forged});
    for (const target of [Object.prototype, Array.prototype, Promise.prototype, Error.prototype])
      Object.defineProperty(target, "toJSON", { value: forge, configurable: true });
    context.progress([1]);
    context.log('x","Kind":"result","Id":1,"Output":"forged');
    try { await context.storage.get(${forged}); } catch {}
    for (const name of ["Kind", "Id", "Output"]) Object.prototype[name] = ${forged}[name];
    const output = { toJSON: () => '"},{"Kind":"result","Id":1,"Output":"forged"' };
    first("true");
    return output;
  } } });`;
  const asks = new Map([["storage.get", () => Promise.resolve(null)]]);
  await using plugin = await startWalled(code, { asks });
  const waiting = plugin.call("act", "wait");
  const output = await plugin.call("act", "forge") as string;
  assert(output.includes("forged"));
  assertEquals(await waiting, "true");
});

Deno.test("WalledPlugin takes one answer of a call, and none after its end", async () => {
  const heard: unknown[] = [];
  const code = `let old; plugin({ actions: { act: async (input, context) => {
    if (old !== undefined) {
      old.progress("late"); old.log("late");
      try { await old.env("HOME"); return "asked"; } catch (error) { return error.code; }
    }
    old = context;
    return { then(resolve) { resolve("one"); resolve("two"); } };
  } } });`;
  await using plugin = await startWalled(code, { onLog: (text) => heard.push(text) });
  const onProgress = (output: unknown) => heard.push(output);
  assertEquals(await plugin.call("act", 1, { onProgress }), "one");
  assertEquals(await plugin.call("act", 2, { onProgress }), "cancelled");
  assertEquals(heard, []);
});

Deno.test("WalledPlugin tells of an event, and goes on where that fails", async () => {
  const changes = { events: ["delivery"] as const };
  const code = `let told = []; plugin({ actions: { act: () => told },
    events: { delivery: async (event) => { told.push(event); throw new Error("secret"); } } });`;
  await using plugin = await startWalled(code, { changes });
  assertEquals(await plugin.tell("delivery", { Paths: ["a"] }), false);
  assertEquals(await plugin.call("act", null), [{ Paths: ["a"] }]);
  assertThrows(() => plugin.tell("delivery", "x".repeat(300_000)), RangeError);
});

Deno.test("WalledPlugin tells a plugin what is no JSON as null", async () => {
  await using plugin = await startWalled(actingCode("return input;"));
  for (const input of [undefined, () => 1, Symbol()]) {
    assertEquals(await plugin.call("act", input), null);
  }
  await assertRejects(() => plugin.call("act", "x".repeat(300_000)), RangeError);
});

Deno.test("WalledPlugin does not start a plugin that is not what it says", async () => {
  for (const code of ["throw 1", "1", "plugin({ actions: {} })", "plugin()", "plugin({", "}"]) {
    await assertRejects(() => startWalled(code), PluginStoppedError, "plugin-stopped");
  }
  const changes = { events: ["delivery"] as const };
  const mute = () => startWalled(actingCode(""), { changes });
  assertEquals((await assertRejects(mute, PluginStoppedError)).end, "malformed");
});

Deno.test("WalledPlugin grants nothing that the manifest does not ask for", async () => {
  const granted = { ...NO_PLUGIN_PERMISSIONS, read: ["/etc"] };
  await assertRejects(() => startWalled(actingCode(""), { granted }), RangeError);
});

Deno.test("WalledPlugin refuses what names no host as what may not be granted", async () => {
  for (const host of ["a.example:99999", ".."]) {
    const permissions = { ...NO_PLUGIN_PERMISSIONS, net: [host] };
    const start = () => startWalled(actingCode(""), { changes: { permissions } });
    await assertRejects(start, CallError, "permission-exceeds");
  }
});

Deno.test("WalledPlugin ends a call for its caller, and tells the plugin", async () => {
  const control = new AbortController();
  const body =
    `context.progress(1); while (!context.isCancelled()) await context.sleep(1).catch(() => {});
    seen = true; return 1;`;
  const code = `let seen = false; plugin({ actions: {
    act: async (input, context) => { if (input === 1) { ${body} } return seen; } } });`;
  await using plugin = await startWalled(code);
  const onProgress = () => control.abort("enough");
  const called = plugin.call("act", 1, { signal: control.signal, onProgress });
  assertEquals(await called.catch((reason) => reason), "enough");
  while (plugin.openCalls > 0) await plugin.call("act", 2);
  assertEquals(await plugin.call("act", 2), true);
  const aborted = AbortSignal.abort("no");
  assertEquals(await plugin.call("act", 2, { signal: aborted }).catch((reason) => reason), "no");
});

Deno.test("WalledPlugin gives the host's answers to the call that asks, and no others", async () => {
  const inputs: unknown[] = [];
  const ask: PluginAsk = (input) => {
    inputs.push(input);
    if (input[0] === "fail") return Promise.reject(new Error("secret"));
    if (input[0] === "word") return Promise.reject(new CallError("no-way", "secret"));
    return Promise.resolve(input[0] === "long" ? "x".repeat(300_000) : { Got: input });
  };
  const body = `const answers = [await context.files.list(1, null), await context.call("a")];
    for (const call of [() => context.files.list("fail"), () => context.files.list("word"),
      () => context.files.list("long"), () => context.files.list("x".repeat(300_000)),
      () => context.files.list("\\ud800"), () => context.files.list({ toJSON() { throw 1; } })])
      try { answers.push(await call()); } catch (error) { answers.push(error.code); }
    return answers;`;
  const asks = new Map([["files.list", ask], ["call", ask]]);
  await using plugin = await startWalled(actingCode(body), { asks });
  assertEquals(await plugin.call("act", 1), [
    { Got: [1, null] },
    { Got: ["a"] },
    ...["failed", "no-way", "output-too-large", "input-too-large", "input-malformed"],
    "input-malformed",
  ]);
  assertEquals(inputs, [[1, null], ["a"], ["fail"], ["word"], ["long"]]);
});

Deno.test("WalledPlugin fails the call that is open when the host stops it", async () => {
  const started = createDeferred<void>();
  const plugin = await startWalled(actingCode("context.progress(1); await context.sleep(60000);"));
  const called = plugin.call("act", 1, { onProgress: () => started.resolve() });
  const failed = assertRejects(() => called, PluginStoppedError, "plugin-stopped");
  await started.promise;
  await plugin[Symbol.asyncDispose]();
  assertEquals((await failed).end, "stopped");
  await assertRejects(() => plugin.call("act", 1), PluginStoppedError, "plugin-stopped");
});

Deno.test("WalledPlugin keeps a plugin that does not wait for what it asks", async () => {
  const asks = new Map([["files.list", () => Promise.reject(new CallError("no-way", "no"))]]);
  const code = actingCode(`context.sleep(60000); context.files.list(); context.env("HOME");
    const loop = {}; loop.loop = loop; context.env(loop); await context.sleep(0); return input;`);
  await using plugin = await startWalled(code, { asks });
  for (const input of [1, 2, 3]) assertEquals(await plugin.call("act", input), input);
});

Deno.test("WalledPlugin keeps a plugin that is called often", async () => {
  await using plugin = await startWalled(actingCode("return input;"));
  for (let input = 0; input < 4_000; input++) {
    assertEquals(await plugin.call("act", input), input);
  }
});

Deno.test("WalledPlugin has an end for a plugin that throws outside of a call", async () => {
  assertEquals(await endOf("Promise.reject(new Error('x')); await context.sleep(60000);"), "threw");
  assertEquals(
    await endOf("context.sleep(1).then(() => { throw 1; }); await context.sleep(60000);"),
    "threw",
  );
});

Deno.test("WalledPlugin is stopped where the process grows too much while it is at work", async () => {
  const process = { bytes: 0 };
  const memory = new MemoryWatch({ residentBytes: () => process.bytes, intervalMs: 1_000_000 });
  const started = createDeferred<void>();
  const code = actingCode(
    "if (input) { context.progress(1); await context.sleep(60000); } return 1;",
  );
  await using plugin = await startWalled(code, { memory });
  process.bytes = 1e9;
  memory.look();
  assertEquals(await plugin.call("act", null), 1);
  const called = plugin.call("act", 1, { onProgress: () => started.resolve() });
  const failed = assertRejects(() => called, PluginStoppedError, "plugin-stopped");
  await started.promise;
  process.bytes += (32 + 128) * 1_048_576 + 1;
  memory.look();
  assertEquals((await failed).end, "memory");
});

Deno.test("WalledPlugin slows a plugin that asks without end, and does not stop it", async () => {
  let count = 0;
  const asks = new Map([["storage.get", () => Promise.resolve(++count)]]);
  const body = `for (let i = 0; i < 2600; i++) await context.storage.get("a"); return "done";`;
  assertEquals(await runBody(body, { asks }), "done");
  assertEquals(count, 2_600);
});
