/** Our programs and the stand-ins for the original in numbers, in mixed company, and at odds. */
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { outcomesOf, readTree, type RunningAgent, Site } from "../../support/site.ts";
import { agentPair, keeperPair } from "./pairs.ts";
import { DIALECTS, PythonNode, runPythonVault } from "./python_programs.ts";

const FILES = { "one.txt": "1", "two.txt": "2" };
const NAMES = Object.keys(FILES);
const ORIGINAL = ["--wire", "original"];

/** Starts an agent that lets the original's vaults in. */
function startOriginalAgent(site: Site, name = "agent"): Promise<RunningAgent> {
  return site.startAgent({
    name,
    args: ["--original-wire", "127.0.0.1", "--files", NAMES.join(",")],
  });
}

Deno.test("keeper: serves 20 Python nodes in one pass", async () => {
  await using site = await Site.open(FILES);
  await using nodes = await PythonNode.start({
    folder: site.path("nodes"),
    files: NAMES,
    count: 20,
    makesKeys: true,
  });
  const vault = await readTree(site.path("vault"));
  const run = await site.deliver({ agents: nodes.addresses, args: ORIGINAL });
  assertEquals([run.code, run.agents.size, run.pass?.agentsWanted], [0, 20, 20], run.stderr);
  for (let i = 0; i < 20; i++) {
    assertEquals((await nodes.nextSession()).error, null);
    assertEquals(await readTree(site.path(`nodes/${i}`)), vault);
  }
  assertEquals((await nodes.stop()).code, 0);
});

Deno.test("agent: serves two Python vaults at once", async () => {
  await using site = await Site.open(FILES);
  const agent = await startOriginalAgent(site);
  const vault = { folder: site.path("vault"), nodes: [agent.address], sessions: 4 };
  const runs = await Promise.all(DIALECTS.map((dialect) => runPythonVault({ ...vault, dialect })));
  assertEquals(runs.map(({ code }) => code), [0, 0], agent.program.stderr);
  assertEquals(await readTree(agent.files), await readTree(vault.folder));
});

Deno.test("agent: serves a Python vault and our keeper at once, each on its wire", async () => {
  await using site = await Site.open(FILES);
  const agent = await startOriginalAgent(site);
  const vault = { folder: site.path("vault"), nodes: [agent.address], sessions: 6 };
  const [old, ...runs] = await Promise.all([
    runPythonVault(vault),
    site.deliver({ agents: [agent.address] }),
    site.deliver({ agents: [agent.address], state: "other-state" }),
  ]);
  assertEquals([old.code, ...runs.map(({ code }) => code)], [0, 0, 0], agent.program.stderr);
  for (const { agents } of runs) assertEquals(agents.get(agent.address)?.wire, 2);
  assertEquals(await readTree(agent.files), await readTree(vault.folder));
});

for (const dialect of DIALECTS) {
  Deno.test(`${dialect} node: is served by a Python vault and our keeper at once`, async () => {
    await using site = await Site.open(FILES);
    const folder = site.path("node");
    await using node = await PythonNode.start({ folder, files: NAMES, dialect });
    const [old, ...runs] = await Promise.all([
      runPythonVault({ folder: site.path("vault"), nodes: [node.address], sessions: 6, dialect }),
      site.deliver({ agents: [node.address], args: ORIGINAL }),
      site.deliver({ agents: [node.address], args: ORIGINAL, state: "other-state" }),
    ]);
    assertEquals([old.code, ...runs.map(({ code }) => code)], [0, 0, 0], runs[0]?.stderr);
    for (let i = 0; i < 8; i++) assertEquals((await node.nextSession()).error, null);
    assertEquals(await readTree(folder), await readTree(site.path("vault")));
  });
}

Deno.test("Python node: is served by two Python vaults at once", async () => {
  await using site = await Site.open(FILES);
  const folder = site.path("node");
  await using node = await PythonNode.start({ folder, files: NAMES });
  const vault = { folder: site.path("vault"), nodes: [node.address], sessions: 4 };
  const runs = await Promise.all([runPythonVault(vault), runPythonVault(vault)]);
  assertEquals(runs.map(({ code }) => code), [0, 0]);
  assertEquals(await readTree(folder), await readTree(vault.folder));
});

Deno.test("keeper: serves a Python node and two agents, each on the wire that --wire says", async () => {
  await using site = await Site.open(FILES);
  const folder = site.path("node");
  await using node = await PythonNode.start({ folder, files: NAMES });
  const old = await startOriginalAgent(site, "old");
  const recent = await site.startAgent({ name: "recent" });
  const agents = [node.address, old.address, recent.address];
  const args = ["--wire", `${node.address}=original,${old.address}=original`];
  const all = Object.fromEntries(NAMES.map((name) => [name, "created"]));
  // Our agent asks for the contents of small files each time, which the keeper takes for new ones.
  for (const expected of [[all, all, all], [{}, all, {}]]) {
    const run = await site.deliver({ agents, args });
    assertEquals([run.code, run.pass?.wanted], [0, true], run.stderr);
    const reports = agents.map((address) => run.agents.get(address));
    assertEquals(reports.map((report) => report?.wire), ["original", "original", 2]);
    assertEquals(reports.map(outcomesOf), expected);
  }
  const told = await old.program.waitForReports(2, ({ event }) => event === "delivery");
  assertEquals(told.map(outcomesOf), [all, {}]);
  const vault = await readTree(site.path("vault"));
  for (const path of [folder, old.files, recent.files]) assertEquals(await readTree(path), vault);
});

Deno.test("Python vault: serves Python nodes and our agent alike", async () => {
  await using site = await Site.open(FILES);
  const folder = site.path("nodes");
  await using nodes = await PythonNode.start({ folder, files: NAMES, count: 2 });
  const agent = await startOriginalAgent(site);
  const run = await runPythonVault({
    folder: site.path("vault"),
    nodes: [...nodes.addresses, agent.address],
  });
  assertEquals([run.code, run.sessions.length], [0, 3], run.stdout);
  const vault = await readTree(site.path("vault"));
  const folders = [`${folder}/0`, `${folder}/1`, agent.files];
  for (const path of folders) assertEquals(await readTree(path), vault);
});

for (const dialect of DIALECTS) {
  Deno.test(`agent: closes the door on a ${dialect} vault where --original-wire is not given`, async () => {
    await using site = await Site.open(FILES);
    const agent = await site.startAgent({ args: ["--files", NAMES.join(",")] });
    const run = await runPythonVault({
      folder: site.path("vault"),
      nodes: [agent.address],
      dialect,
    });
    assertEquals([run.code, run.sessions[0]?.files], [1, {}]);
    assertEquals(run.sessions[0]?.error, "the node closed the connection");
    await agent.program.waitForLog(
      /it speaks the wire of the original FluxVault, which --original-wire would let in/,
    );
    assertEquals(await readTree(agent.files), {});
  });

  Deno.test(`keeper: sends nothing to a ${dialect} node where --wire is not given`, async () => {
    await using site = await Site.open(FILES);
    const folder = site.path("node");
    await using node = await PythonNode.start({ folder, files: NAMES, dialect });
    const run = await site.deliver({ agents: [node.address] });
    const report = run.agents.get(node.address);
    assertEquals([run.code, report?.outcome, report?.code], [1, "failed", "original-wire"]);
    const { complete, error, files } = await node.nextSession();
    // Anything that was sent would have been read, and found to be no message.
    assertEquals([complete, error, files], [false, "the vault closed the connection", {}]);
    assertEquals(await readTree(folder), {});
  });
}

Deno.test("keeper: says which file a node does not ask for", async () => {
  await using site = await Site.open(FILES);
  await using node = await PythonNode.start({ folder: site.path("node"), files: ["one.txt"] });
  const run = await site.deliver({ agents: [node.address], args: ORIGINAL });
  assertEquals([run.code, outcomesOf(run.agents.get(node.address))], [1, {
    "one.txt": "created",
    "two.txt": "failed not-requested",
  }]);
});

Deno.test("keeper: says which file its vault should have and does not", async () => {
  await using site = await Site.open({ "one.txt": "1" });
  const folder = site.path("node");
  await using node = await PythonNode.start({ folder, files: NAMES });
  await Deno.writeTextFile(`${folder}/two.txt`, "kept");
  const agents = [node.address];
  const keeper = await site.startKeeper({ agents, managed: NAMES, args: ORIGINAL });
  const report = await keeper.waitForJson(({ type }) => type === "agent");
  assertEquals(outcomesOf(report), { "one.txt": "created", "two.txt": "missing file-missing" });
  assertEquals(await Deno.readTextFile(`${folder}/two.txt`), "kept");
});

const NOT_TEXT = { "one.txt": "1", "two.txt": new Uint8Array([0xff]), "three.txt": "3" };

Deno.test("keeper: fails with a file that is no text, and brings the others", async () => {
  const files = Object.keys(NOT_TEXT);
  await using pair = await keeperPair("poc").open(files);
  await pair.site.store(NOT_TEXT);
  const { ours } = await pair.deliver();
  assertEquals(ours, {
    "one.txt": "created",
    "two.txt": "failed not-text",
    "three.txt": "created",
  });
  assertEquals(Object.keys(await readTree(pair.node)), ["one.txt", "three.txt"]);
});

Deno.test("agent: replaces a file that is no text by the vault's", async () => {
  await using pair = await agentPair("poc").open(["one.txt"]);
  await pair.site.store(FILES);
  await Deno.writeFile(`${pair.node}/one.txt`, new Uint8Array([0xff]));
  assertEquals((await pair.deliver()).ours, { "one.txt": "updated" });
  assertEquals(await Deno.readTextFile(`${pair.node}/one.txt`), "1");
});

Deno.test("agent: keeps what came before a Python vault breaks off over a file that is no text", async () => {
  await using site = await Site.open(NOT_TEXT);
  const files = Object.keys(NOT_TEXT);
  const agent = await site.startAgent({
    args: ["--original-wire", "127.0.0.1", "--files", files.join(",")],
  });
  const run = await runPythonVault({ folder: site.path("vault"), nodes: [agent.address] });
  assertEquals([run.code, run.sessions[0]?.error], [1, "the file is not UTF-8"]);
  const report = await agent.program.waitForJson(({ event }) => event === "delivery");
  assertEquals([report.complete, outcomesOf(report)], [false, { "one.txt": "created" }]);
  assertEquals(Object.keys(await readTree(agent.files)), ["one.txt"]);
});

Deno.test("agent: is given what --files names, and nothing else that a Python vault has", async () => {
  await using site = await Site.open({ ...FILES, "three.txt": "3" });
  const agent = await startOriginalAgent(site);
  const run = await runPythonVault({ folder: site.path("vault"), nodes: [agent.address] });
  assertEquals(run.code, 0);
  assertEquals(Object.keys(await readTree(agent.files)), NAMES);
});

Deno.test("agent: has a line for each session with a Python vault in its reports and its log", async () => {
  await using site = await Site.open(FILES);
  const agent = await startOriginalAgent(site);
  const run = await runPythonVault({
    folder: site.path("vault"),
    nodes: [agent.address],
    sessions: 3,
  });
  assertEquals(run.code, 0);
  const { code, stdout, stderr } = await agent.program.stop();
  assertEquals(code, 0);
  const reports = jsonLines(stdout).filter(({ event }) => event === "delivery");
  assertEquals(
    reports.map(({ wire, complete }) => [wire, complete]),
    Array(3).fill(["original", true]),
  );
  assertEquals(stderr.match(/a keeper has delivered/g)?.length, 3);
  assertEquals(stderr.match(/wire of the original FluxVault is on/g)?.length, 1);
  assert(!stderr.includes("broke off"));
  assertMatch(stdout, /"keeper":"127\.0\.0\.1"/);
});
