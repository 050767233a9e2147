/**
 * Plugins of the keeper: the real programs, agents that are there and away, and plugins that misbehave.
 *
 * @module
 */
import { decodePem } from "../../protocol/certificates/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines, type ProcessEnd } from "../support/followed_process.ts";
import { runOpenssl } from "../support/openssl_program.ts";
import { type PluginWish, writePlugin } from "../support/plugin_packages.ts";
import { type RunningAgent, Site } from "../support/site.ts";

const PASSPHRASE = "correct horse battery staple";
const CANARY = "canary-7f3a91";

const HELPER = `let told = 0;
plugin({
  actions: {
    who: (_input, { agents }) => agents(),
    async ask({ action }, { agents, call, log }) {
      const [{ address }] = await agents();
      log("asks \\u001b[31m" + address);
      try {
        return { answer: await call(address, action, { Name: action }) };
      } catch ({ code }) {
        return { code };
      }
    },
    count: async (_input, { storage }) => await storage.get("count"),
    sign: ({ request }, { signRequest }) => signRequest(request, { app: "shop", lifetimeS: 3600 }),
    wrong: ({ request }, { signRequest }) =>
      signRequest(request, { app: "shop", names: ["bank.example.com"] }),
    boom() { throw new Error("${CANARY}"); },
    hang() { for (;;); },
    sleepy: (_input, { sleep }) => sleep(60_000),
    fill() { const all = []; for (;;) all.push(new Array(100_000).fill(all.length)); },
    escape: () => [typeof Deno, typeof process, typeof require, typeof fetch].join(),
    read: async (_input, { readText }) => await readText("/etc/hostname"),
  },
  events: {
    async delivery({ outcome, files }, { storage }) {
      const count = await storage.get("count") ?? {};
      count[outcome] = (count[outcome] ?? 0) + files.length;
      await storage.set("count", count);
    },
  },
});`;
const ACTIONS = [
  "who",
  "ask",
  "count",
  "sign",
  "wrong",
  "boom",
  "hang",
  "sleepy",
  "fill",
  "escape",
];

async function write(site: Site, wish: PluginWish = {}): Promise<string> {
  return await writePlugin(site.path("helper.fvplugin"), HELPER, {
    ...{ actions: [...ACTIONS, "read"], events: ["delivery"] },
    limits: { callTimeoutS: 2, memoryMb: 32 },
    ...wish,
  });
}

function x(
  site: Site,
  words: readonly string[],
  agents: readonly RunningAgent[] = [],
): Promise<ProcessEnd> {
  const reach = agents.length === 0
    ? []
    : ["--app-name=shop", "--agent-ips", agents.map(({ address }) => address).join(",")];
  const args = ["--plugin=helper.fvplugin", "--state-dir", site.path("keeper-state"), ...reach];
  const variables = { CREDENTIALS_DIRECTORY: site.path("credentials") };
  return site.run("keeper", ["x", ...words, ...args], { variables });
}

Deno.test("keeper: a plugin is told of deliveries, finds agents and has them do something", async () => {
  await using site = await Site.open({ "db.password": CANARY, "other": "1" });
  await write(site);
  const agent = await site.startAgent({ args: ["--app-name", "shop", "--component-name", "web"] });
  const delivered = await site.deliver({
    agents: [agent.address],
    args: ["--app-name=shop", "--plugin=helper.fvplugin"],
  });
  assertEquals(delivered.code, 0, delivered.stderr);
  assertMatch(delivered.stderr, /A plugin runs in this keeper.*helper/);
  assertEquals(JSON.parse((await x(site, ["helper", "count"])).stdout), { delivered: 2 });
  const who = JSON.parse((await x(site, ["helper", "who"], [agent])).stdout);
  assertEquals(who, [
    { address: agent.address, app: "shop", component: "web", trust: "first-use" },
  ]);
  const asked = await x(site, ["helper", "ask", "action=actions"], [agent]);
  assertEquals(JSON.parse(asked.stdout).answer.map(({ Name }: { Name: string }) => Name), [
    "actions",
  ]);
  assertMatch(asked.stderr, /a plugin says .*asks \\+x1b\[31m127\.0\.0\.1/);
  const unknown = await x(site, ["helper", "ask", "action=nothing"], [agent]);
  assertEquals(JSON.parse(unknown.stdout), { code: "unknown-action" });
  const log = await Deno.readTextFile(site.path("keeper-state/audit.jsonl"));
  const calls = jsonLines(log).filter(({ event }) => event === "called" || event === "answer");
  assertEquals(
    calls.map(({ event, action, plugin, code = null }) => [event, action, plugin, code]),
    [
      ["called", "actions", "helper", null],
      ["answer", "actions", "helper", null],
      ["called", "nothing", "helper", null],
      ["answer", "nothing", "helper", "unknown-action"],
    ],
  );
  assert(!(delivered.stdout + delivered.stderr + asked.stderr + log).includes(CANARY));
});

Deno.test("keeper: a plugin hears that an agent is away, and reaches nobody in its place", async () => {
  await using site = await Site.open({ "a": "1" });
  await write(site);
  const agent = await site.startAgent({ args: ["--app-name", "shop"] });
  await site.deliver({ agents: [agent.address], args: ["--app-name=shop"] });
  await agent.program.stop("SIGKILL");
  const away = await x(site, ["helper", "ask", "action=actions"], [agent]);
  assertEquals([away.code, JSON.parse(away.stdout)], [0, { code: "connection-refused" }]);
  // The attack: another process listens at the address, with a key of its own.
  const { port } = agent;
  const rogue = await site.startAgent({ name: "rogue", port, args: ["--app-name", "shop"] });
  const refused = await x(site, ["helper", "ask", "action=actions"], [rogue]);
  assertEquals(JSON.parse(refused.stdout), { code: "identity-changed" });
});

Deno.test("keeper: a plugin that throws, hangs, sleeps or fills its memory ends alone", async () => {
  await using site = await Site.open({});
  await write(site);
  for (
    const [action, code] of [
      ["boom", /\(failed\): it threw an error/],
      ["hang", /\((?:plugin-stopped|timed-out)\)/],
      ["sleepy", /\(timed-out\): it took longer than it may/],
      ["fill", /\((?:plugin-stopped|timed-out)\)/],
    ] as const
  ) {
    const end = await x(site, ["helper", action]);
    assertEquals(end.code, 1, end.stdout + end.stderr);
    assertMatch(end.stdout, code);
    assert(!(end.stdout + end.stderr).includes(CANARY));
  }
  assertEquals((await x(site, ["helper", "escape"])).stdout, `${Array(4).fill("undefined")}\n`);
});

Deno.test("keeper: a plugin does what it is granted, and asks for no more", async () => {
  await using site = await Site.open({});
  await write(site);
  const unasked = await x(site, ["helper", "read"]);
  assertEquals([unasked.code, unasked.stdout.includes("(not-permitted)")], [1, true]);
  await write(site, { permissions: { read: ["/etc/hostname"] } });
  const refused = await x(site, ["helper", "read"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /does not let helper do what it asks for: read=\/etc\/hostname/);
  const grant = ["--plugin-permissions", "read=/etc"];
  const { code, stdout } = await x(site, ["helper", "read", ...grant]);
  assertEquals([code, stdout], [0, await Deno.readTextFile("/etc/hostname")]);
});

Deno.test("keeper: a plugin that does not start keeps nobody from saying so", async () => {
  await using site = await Site.open({ "a": "1" });
  const path = site.path("broken.fvplugin");
  await writePlugin(path, `throw new Error("${CANARY}");`, { actions: ["a"] });
  const args = ["--plugin", path, "--agent-ips=127.0.0.1:1", "--run-once", "--managed-files=a"];
  const { code, stderr } = await site.run("keeper", args);
  assertEquals(code, 2);
  assertMatch(stderr, /a plugin does not start/);
  assertMatch(stderr, /\nhint: It has to call plugin\(\) once/);
  assert(!stderr.includes(CANARY));
});

Deno.test("keeper: a plugin has requests signed by the authority, for names of the app", async () => {
  await using site = await Site.open({});
  // A key of a passphrase takes its time.
  await write(site, { limits: { callTimeoutS: 60 } });
  await site.store({ "fluxvault-passphrase": PASSPHRASE }, "credentials");
  const { text } = await runOpenssl([
    ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-subj", "/CN=any", "-keyout", site.path("key.pem")],
  ]);
  const [request] = /-----BEGIN CERTIFICATE REQUEST[^]+REQUEST-----\n/.exec(text) ?? [];
  await Deno.writeTextFile(site.path("input.json"), JSON.stringify({ request }));
  const sign = (action: string) =>
    x(site, ["helper", action, "--input", "input.json", "--key-store=file"]);
  assertMatch((await sign("sign")).stdout, /failed \(authority-missing\)/);
  const init = ["ca", "init", "--key-store=file", "--state-dir", site.path("keeper-state")];
  const variables = { CREDENTIALS_DIRECTORY: site.path("credentials") };
  const made = await site.run("keeper", init, { variables });
  assertEquals(made.code, 0, made.stderr);
  const { code, stdout, stderr } = await sign("sign");
  assertEquals(code, 0, stdout + stderr);
  const { chain, root, serial } = JSON.parse(stdout);
  assertEquals([decodePem("CERTIFICATE", chain)?.length, decodePem("CERTIFICATE", root)?.length], [
    2,
    1,
  ]);
  await Deno.writeTextFile(site.path("chain.pem"), chain);
  await Deno.writeTextFile(site.path("root.pem"), root);
  const verified = await runOpenssl([
    ...["verify", "-CAfile", site.path("root.pem")],
    ...["-untrusted", site.path("chain.pem"), site.path("chain.pem")],
  ]);
  assertMatch(verified.text, /chain\.pem: OK/);
  const log = await Deno.readTextFile(site.path("keeper-state/audit.jsonl"));
  assert(jsonLines(log).some((line) => line.event === "issued" && line.serial === serial));
  assertMatch((await sign("wrong")).stdout, /failed \(name-refused\)/);
});
