import { assert, assertEquals, assertRejects } from "../../../../support/assert.ts";
import { CallError, createDeferred } from "../../../../../protocol/mod.ts";
import { WORKER_SCRIPT } from "../../../../../protocol/host/plugins/walls/worker_script.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../../../protocol/plugins/mod.ts";
import { temporaryFolder } from "../../../../support/temporary_folder.ts";
import { actingCode, startWalled } from "../../../../support/walled_plugins.ts";

type Permissions = Partial<typeof NO_PLUGIN_PERMISSIONS>;

/** Runs the body of an action that may do so much; `tell` gives what came of a promise, or its code. */
async function runWith(permissions: Permissions, body: string, input?: unknown): Promise<unknown> {
  const code = actingCode(`const tell = async (ask) => {
    try { return await ask(); } catch (error) { return error.code; } };
    ${body}`);
  const changes = { permissions: { ...NO_PLUGIN_PERMISSIONS, ...permissions } };
  await using plugin = await startWalled(code, { changes });
  return await plugin.call("act", input);
}

Deno.test("WORKER_SCRIPT does nothing for a plugin that may do nothing", async () => {
  const body = `return await Promise.all([
    tell(() => context.fetch("http://127.0.0.1:8/")), tell(() => context.readText("/etc/hostname")),
    tell(() => context.readBase64("/etc/hostname")), tell(() => context.writeText("/tmp/x", "x")),
    tell(() => context.list("/etc")), tell(() => context.env("HOME"))]);`;
  assertEquals(await runWith({}, body), Array(6).fill("not-permitted"));
});

Deno.test("WORKER_SCRIPT reads, writes and lists within a folder that is granted", async () => {
  await using folder = await temporaryFolder();
  const body = `const file = input + "/file";
    await context.writeText(file, "H\\u00e4"); return [await context.readText(file),
      await context.readBase64(file), await context.list(input), await tell(() => context.readText(input + "/none")),
      await tell(() => context.readText(input))];`;
  const permissions = { read: [folder.path], write: [folder.path] };
  assertEquals(await runWith(permissions, body, folder.path), [
    "H\u00e4",
    "SMOk",
    [{ name: "file", isFile: true, isDirectory: false }],
    "not-found",
    "not-a-file",
  ]);
});

Deno.test("WORKER_SCRIPT leads no path and no link out of what is granted", async () => {
  await using folder = await temporaryFolder();
  const [inside, outside] = [`${folder.path}/in`, `${folder.path}/out`];
  for (const path of [inside, outside]) await Deno.mkdir(path);
  await Deno.writeTextFile(`${outside}/secret`, "CANARY");
  await Deno.symlink(`${outside}/secret`, `${inside}/link`);
  await Deno.symlink(outside, `${inside}/folder`);
  const body =
    `const paths = ["/../out/secret", "/./../out/secret", "//../out/secret", "/link", "/folder/secret",
      "/x/../../out/secret"].map((end) => input + end);
    const told = [];
    for (const path of paths) told.push(await tell(() => context.readText(path)), await tell(() => context.readBase64(path)));
    for (const end of ["/..", "/../out", "/folder"]) told.push(await tell(() => context.list(input + end)));
    for (const path of [...paths, input + "/folder/new"]) told.push(await tell(() => context.writeText(path, "overwritten")));
    for (const bad of ["in/file", "file:///etc/hostname", "", "/a\\0b", null, 5, ["/etc/hostname"], { length: 1 }])
      told.push(await tell(() => context.readText(bad)));
    return [...new Set(told)].sort();`;
  const permissions = { read: [inside], write: [inside] };
  const told = await runWith(permissions, body, inside);
  assertEquals(told, ["input-malformed", "not-permitted"]);
  assertEquals(await Deno.readTextFile(`${outside}/secret`), "CANARY");
});

Deno.test("WORKER_SCRIPT writes through no link to nowhere, and nowhere that it may not read", async () => {
  await using folder = await temporaryFolder();
  const inside = `${folder.path}/in`;
  await Deno.mkdir(inside);
  await Deno.symlink(`${folder.path}/out`, `${inside}/link`);
  const body = `return await tell(() => context.writeText(input + "/link", "x"));`;
  const permissions = { read: [inside], write: [inside] };
  assertEquals(await runWith(permissions, body, inside), "not-permitted");
  assertEquals(await runWith({ write: [inside] }, body, inside), "not-permitted");
  await assertRejects(() => Deno.lstat(`${folder.path}/out`), Deno.errors.NotFound);
});

Deno.test("WORKER_SCRIPT makes and writes a file that is granted without its folder", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/file`;
  const body = `await context.writeText(input, "one"); await context.writeText(input, "two");
    return [await context.readText(input), await tell(() => context.writeText(input + "2", "x"))];`;
  assertEquals(await runWith({ read: [path], write: [path] }, body, path), [
    "two",
    "not-permitted",
  ]);
});

Deno.test("WORKER_SCRIPT tells the variables that are granted", async () => {
  const body = `return [await context.env("FLUXVAULT_NONE"), await tell(() => context.env("HOME")),
    await tell(() => context.env(5))];`;
  const told = await runWith({ env: ["FLUXVAULT_NONE"] }, body);
  assertEquals(told, [null, "not-permitted", "input-malformed"]);
});

Deno.test("WORKER_SCRIPT takes and gives at most 1 MiB at once", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/large`, new Uint8Array(1_048_577));
  await Deno.writeFile(`${folder.path}/full`, new Uint8Array(1_048_576).fill(97));
  const body = `return [await tell(() => context.readText(input + "/large")),
    (await context.readText(input + "/full")).length,
    await tell(() => context.writeText(input + "/new", "x".repeat(1048577)))];`;
  const permissions = { read: [folder.path], write: [folder.path] };
  assertEquals(await runWith(permissions, body, folder.path), [
    "too-large",
    1_048_576,
    "too-large",
  ]);
});

Deno.test("WORKER_SCRIPT performs eight things at once, and is busy for the ninth", async () => {
  const body =
    `const all = Array.from({ length: 31 }, () => tell(() => context.env("FLUXVAULT_NONE")));
    const told = await Promise.all(all);
    return [told.filter((one) => one === null).length >= 8, told.every((one) => one === null || one === "busy")];`;
  assertEquals(await runWith({ env: ["FLUXVAULT_NONE"] }, body), [true, true]);
});

Deno.test("WORKER_SCRIPT fetches from hosts that are granted, and follows to no others", async () => {
  const requests: string[] = [];
  await using target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    requests.push("target");
    return new Response("CANARY");
  });
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const to = /^\/(30[1-8])$/.exec(pathname)?.[1];
      if (to !== undefined) {
        return Response.redirect(`http://127.0.0.1:${target.addr.port}/`, Number(to));
      }
      if (pathname === "/file") {
        return new Response(null, { status: 302, headers: { location: "file:///etc/hostname" } });
      }
      if (pathname === "/own") return Response.redirect(new URL("/echo", request.url), 302);
      if (pathname === "/large") return new Response("x".repeat(1_048_577));
      const said = `${request.method} ${request.headers.get("x-said")} ${await request.text()}`;
      return new Response(said, { status: 201, headers: { "x-answer": "yes" } });
    },
  );
  const body = `const base = "http://127.0.0.1:" + input.port;
    const sent = await context.fetch(base + "/echo", { method: "POST", headers: { "x-said": "a" }, body: "b" });
    const own = await context.fetch(base + "/own");
    const told = [];
    for (const path of ["/301", "/302", "/303", "/307", "/308", "/file"]) told.push(await tell(() => context.fetch(base + path)));
    for (const url of ["http://127.0.0.1:" + input.other + "/", "http://localhost:" + input.port + "/",
      "http://[::1]:" + input.port + "/", "http://127.1:" + input.other + "/", "http://0:" + input.other + "/",
      "http://127.0.0.1:" + input.port + "@127.0.0.1:" + input.other + "/"]) told.push(await tell(() => context.fetch(url)));
    for (const bad of ["file:///etc/hostname", "data:text/plain,x", "blob:x", "/x", "", 5, null, {}])
      told.push(await tell(() => context.fetch(bad)));
    return [sent.status, sent.headers["x-answer"], sent.body, own.body, [...new Set(told)].sort(),
      await tell(() => context.fetch(base + "/large"))];`;
  const net = [`127.0.0.1:${server.addr.port}`];
  const input = { port: server.addr.port, other: target.addr.port };
  const told = await runWith({ net }, body, input) as unknown[];
  const codes = told[4] as string[];
  assertEquals(told, [201, "yes", "POST a b", "GET null ", codes, "too-large"]);
  for (const code of codes) {
    assert(["failed", "input-malformed", "not-permitted"].includes(code), code);
  }
  assertEquals(requests, []);
});

Deno.test("WORKER_SCRIPT is called with lists only", async () => {
  const code = actingCode(
    `Object.defineProperty(Array.prototype, "toJSON", { value: () => ({ 0: "FLUXVAULT_NONE" }) });
    try { return await context.env("FLUXVAULT_NONE"); } catch (error) { throw error; }`,
  );
  const changes = { permissions: { ...NO_PLUGIN_PERMISSIONS, env: ["FLUXVAULT_NONE"] } };
  await using plugin = await startWalled(code, { changes });
  await assertRejects(() => plugin.call("act", 1), CallError, "input-malformed");
});

/** What somebody would try who has climbed out of the realm and has the thread: each tells how it went. */
const CLIMBED = `
import { workerData } from "node:worker_threads";
const { port, remote } = workerData;
const attempts = {
  read: () => Deno.readTextFile("/etc/hostname"),
  readInside: async () => (await Deno.readTextFile(workerData.inside)) && "",
  nodeRead: async () => (await import("node:fs")).readFileSync("/etc/hostname"),
  write: () => Deno.writeTextFile("/tmp/fluxvault-climbed", "x"),
  variable: () => Deno.env.get("HOME"),
  nodeVariable: async () => { if ((await import("node:process")).default.env.HOME === undefined) throw new TypeError("none"); },
  run: () => new Deno.Command("true").output(),
  nodeRun: async () => (await import("node:child_process")).execFileSync("true"),
  connect: () => Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(remote).port) }),
  nodeConnect: async () => {
    const { connect } = await import("node:net");
    await new Promise((resolve, reject) => connect(Number(new URL(remote).port), "127.0.0.1", resolve).on("error", reject));
  },
  listen: () => Deno.listen({ port: 0 }),
  fetch: () => fetch(remote),
  module: () => import(remote),
  library: () => Deno.dlopen("libm.so.6", {}),
  host: () => Deno.hostname(),
  more: () => new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } }),
};
const done = [];
for (const [name, attempt] of Object.entries(attempts)) {
  try { await attempt(); done.push(name); } catch {}
}
port.postMessage("h" + JSON.stringify(done));
`;

Deno.test("WORKER_SCRIPT holds whoever has the thread to the permissions of the plugin", async () => {
  await using folder = await temporaryFolder();
  const inside = `${folder.path}/file`;
  await Deno.writeTextFile(inside, "x");
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    const headers = { "content-type": "text/javascript" };
    return new Response("export {}", { headers });
  });
  const none = { env: [], ffi: false, import: false, net: [], run: false, sys: false, write: [] };
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(WORKER_SCRIPT)}`, {
    type: "module",
    deno: { permissions: { ...none, read: [inside] } },
  });
  const told = createDeferred<unknown>();
  worker.onmessage = ({ data }) => told.resolve(data);
  worker.onerror = (event) => told.resolve(event.message);
  const remote = `http://127.0.0.1:${server.addr.port}/x.js`;
  worker.postMessage({
    script: CLIMBED,
    memoryMb: 32,
    workerData: { maxUnread: 5, remote, inside },
  });
  const done = await told.promise;
  worker.terminate();
  assertEquals(done, '["readInside"]');
});
