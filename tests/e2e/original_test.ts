/** The original's wire through the real programs: when it is spoken, when not, and what they say. */
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { ConnectionError } from "../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";
import { freePort } from "../support/free_port.ts";
import { honestNode, runVault } from "../support/original_peers.ts";
import { hasManyLoopbacks, outcomesOf, readKeeperRun, Site } from "../support/site.ts";
import { readToEnd, TcpPeer, writeAll } from "../support/tcp_peer.ts";

const SCRIPT = "dist/fluxvault.ts";

Deno.test("original wire: one port of an agent serves both wires", async () => {
  await using site = await Site.open({ "two.txt": "2" });
  const agent = await site.startAgent({
    args: ["--original-wire", "127.0.0.1", "--files", "one.txt"],
  });
  const [old, run] = await Promise.all([
    runVault(agent, { "one.txt": "1" }),
    site.deliver({ agents: [agent.address] }),
  ]);
  assertEquals(old.files, [{ path: "one.txt", outcome: "created" }]);
  assertEquals(outcomesOf(run.agents.get(agent.address)), {
    "one.txt": "denied",
    "two.txt": "created",
  });
  assertEquals(run.agents.get(agent.address)?.wire, 2);
  for (const wire of [2, "original"]) {
    const told = await agent.program.waitForJson((line) => line.wire === wire);
    assertEquals([told.event, told.complete], ["delivery", true]);
  }
});

Deno.test("original wire: an agent that is not told to speaks it with nobody, and says what to set", async () => {
  await using site = await Site.open({ a: "1" });
  const agent = await site.startAgent({ args: ["--files", "a"] });
  await assertRejects(() => runVault(agent, { a: "evil" }), ConnectionError);
  await agent.program.waitForLog(/speaks the wire of the original FluxVault.*--original-wire/);
  await assertRejects(() => Deno.lstat(`${agent.files}/a`), Deno.errors.NotFound);
  assert(!agent.program.stderr.includes("wire of the original FluxVault is on"));
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
});

Deno.test({
  name: "original wire: an agent speaks it only with the addresses of its own list",
  ignore: !hasManyLoopbacks(),
  async fn() {
    await using site = await Site.open();
    const agent = await site.startAgent({
      args: ["--original-wire", "127.0.0.2", "--files", "a"],
    });
    await assertRejects(() => runVault(agent, { a: "evil" }), ConnectionError);
    await agent.program.waitForLog(/--original-wire would let in/);
    await assertRejects(() => Deno.lstat(`${agent.files}/a`), Deno.errors.NotFound);
  },
});

Deno.test("original wire: a keeper never falls back to it, and says what to set", async () => {
  await using site = await Site.open({ a: "1" });
  const store = new MemorySecretStore();
  await using node = honestNode(store, ["a"]);
  let said = new Uint8Array();
  const key = "-----BEGIN PUBLIC KEY-----";
  await using listening = TcpPeer.listen(async (connection) => {
    const line = `${JSON.stringify({ State: "KEYSENT", PublicKey: key })}\n`;
    await writeAll(connection, new TextEncoder().encode(line));
    said = await readToEnd(connection);
  });
  const agents = [node.address, listening.address];
  const run = await site.deliver({ agents });
  assertEquals([run.code, store.paths(), said.length], [1, [], 0]);
  for (const address of agents) assertEquals(run.agents.get(address)?.code, "original-wire");
  const shown = await site.run("keeper", [
    ...["--vault-dir", "vault", "--managed-files", "a", "--state-dir", "keeper-state"],
    ...["--agent-ips", node.address, "--run-once"],
  ]);
  assertMatch(shown.stdout, /speaks the wire of the original FluxVault[^]*--wire HOST=original/);
});

Deno.test("original wire: a keeper speaks it with the agents that --wire names", async () => {
  await using site = await Site.open({ a: "1" });
  await using node = honestNode(new MemorySecretStore(), ["a"]);
  const agent = await site.startAgent();
  const agents = [node.address, agent.address];
  const run = await site.deliver({ agents, args: ["--wire", `${node.address}=original`] });
  assertEquals([run.code, run.pass?.wanted], [0, true], run.stderr);
  assertEquals(agents.map((address) => run.agents.get(address)?.wire), ["original", 2]);
  assertEquals(run.stderr.match(/wire of the original FluxVault is on/g)?.length, 1);
});

Deno.test("original wire: an agent whose key is on record gets nothing by it", async () => {
  await using site = await Site.open({ a: "1" });
  const agent = await site.startAgent({ args: ["--original-wire", "127.0.0.1", "--files", "a"] });
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
  await site.store({ a: "2" });
  const run = await site.deliver({ agents: [agent.address], args: ["--wire", "original"] });
  assertEquals([run.code, run.agents.get(agent.address)?.code], [1, "key-on-record"]);
  const args = ["--wire", "original", "--app-name", "another"];
  const other = await site.deliver({ agents: [agent.address], args });
  assertEquals(other.agents.get(agent.address)?.code, "key-on-record");
  assertEquals(await Deno.readTextFile(`${agent.files}/a`), "1");
});

Deno.test("original wire: a keeper says that an agent will not speak it", async () => {
  await using site = await Site.open({ a: "1" });
  const agent = await site.startAgent();
  const run = await site.deliver({ agents: [agent.address], args: ["--wire", "original"] });
  assertEquals([run.code, run.agents.get(agent.address)?.code], [1, "original-refused"]);
});

Deno.test("fluxvault Node and Vault: are the original's command lines, over its wire", async () => {
  await using site = await Site.open();
  await site.store({ "quotes.txt": "quotes", "readme.txt": "readme" }, "files");
  const port = `${freePort()}`;
  const args = ["Node", "--port", port, "--vault", "localhost", "--dir", "node"];
  const node = site.start("agent", [...args, "quotes.txt", "readme.txt", "--json"], {
    script: SCRIPT,
  });
  await node.waitForJson(({ event }) => event === "listening");
  const vault = [
    "VAULT",
    "--port",
    port,
    "--ip",
    "127.0.0.1",
    "--dir",
    "files",
    "--state-dir",
    "s",
  ];
  const end = await site.run("keeper", vault, { script: SCRIPT });
  assertEquals(end.code, 0, end.stderr);
  for (const name of ["quotes", "readme"]) {
    assertEquals(await Deno.readTextFile(site.path(`node/${name}.txt`)), name);
  }
  await node.waitForLog(/wire of the original FluxVault is on/i);
  for (const { stderr } of [node, end]) {
    assertEquals(stderr.match(/wire of the original FluxVault is on/gi)?.length, 1);
  }
  assertEquals((await node.stop()).code, 0);
});

Deno.test({
  name: "fluxvault Node and Vault: take the variables of the original's second version, and an app",
  ignore: !hasManyLoopbacks(),
  async fn() {
    await using site = await Site.open();
    await site.store({ "quotes.txt": "quotes" }, "files");
    await using api = FakeFluxApi.start();
    const port = `${freePort()}`;
    const hosts = ["127.0.0.1", "127.0.0.2"];
    api.setLocations("VaultDemo", hosts);
    const variables = { VAULT_NAME: "127.0.0.1", VAULT_PORT: port, VAULT_APP: "VaultDemo" };
    for (const host of hosts) {
      const node = site.start("agent", ["node", "--bind-address", host, "quotes.txt", "--json"], {
        variables: { ...variables, VAULT_FILE_DIR: site.path(host) },
      });
      await node.waitForJson(({ event }) => event === "listening");
    }
    const vault = ["vault", "--flux-api", api.url, "--state-dir", "s", "--json"];
    const run = readKeeperRun(
      await site.run("keeper", vault, { variables: { ...variables, VAULT_FILE_DIR: "files/" } }),
    );
    assertEquals([run.code, run.agents.size], [0, 2], run.stderr);
    assertMatch(run.stderr, /any node can put itself into the list/);
    for (const host of hosts) {
      assertEquals(await Deno.readTextFile(site.path(`${host}/quotes.txt`)), "quotes");
    }
  },
});

const MISTAKES: readonly (readonly ["agent" | "keeper", readonly string[], RegExp])[] = [
  ["agent", ["node", "a"], /--vault is missing/],
  ["agent", ["node", "--vault", "localhost"], /no file is named/],
  ["agent", ["node", "--vault", "a b", "x"], /--original-wire cannot be used/],
  ["agent", ["node", "--vault", "localhost", "../x"], /the file "..\/x" has the segment/],
  ["agent", ["node", "--vaults", "localhost", "x"], /no option --vaults[^]*--vault\?/],
  ["agent", ["--original-wire", "127.0.0.1"], /--original-wire needs --files/],
  ["agent", ["--files", "a"], /--whitelisted-addresses is missing/],
  ["keeper", ["vault", "--ip", "127.0.0.1"], /--dir is missing/],
  ["keeper", ["vault", "--dir", "vault"], /--ip is missing, and so is --app/],
  ["keeper", ["vault", "--dir", "nowhere", "--ip", "127.0.0.1"], /--vault-dir names no folder/],
  ["keeper", ["vault", "--dir", "vault", "--ip", "1.2.3"], /--agent-ips: "1.2.3"/],
  ["keeper", [...runArguments(), "--wire", "3"], /--wire: "3" names no wire/],
  ["keeper", [...runArguments(), "--wire", "2,original"], /--wire: "original" contradicts/],
  ["keeper", [...runArguments(), "--wire", "original", "--trust", "approve"], /--trust has no use/],
];

function runArguments(): string[] {
  return ["--vault-dir", "vault", "--managed-files", "a", "--agent-ips", "127.0.0.1"];
}

Deno.test("original wire: an operator's mistakes end with status 2 and what to change", async () => {
  await using site = await Site.open({ a: "1" });
  for (const [program, args, pattern] of MISTAKES) {
    const end = await site.run(program, args);
    assertEquals(end.code, 2, `${args.join(" ")}: ${end.stderr}`);
    assertMatch(end.stderr, pattern);
    assertMatch(end.stderr, /hint: /);
  }
});
