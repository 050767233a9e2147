/**
 * Deliveries of the real programs over TCP: what arrives, what is reported, how they exit.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { modeOf, outcomesOf, readTree, sampleBytes, Site } from "../support/site.ts";

Deno.test("keeper: delivers first, has nothing to do then, and brings a change", async () => {
  await using site = await Site.open({ "db.password": "correct horse", "tls/key.pem": "pem" });
  const agent = await site.startAgent();
  const first = await site.deliver({ agents: [agent.address] });
  assertEquals(outcomesOf(first.agents.get(agent.address)), {
    "db.password": "created",
    "tls/key.pem": "created",
  });
  assertEquals([first.code, first.pass?.wanted, first.pass?.agentsWanted], [0, true, 1]);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals(await modeOf(`${agent.files}/tls/key.pem`), 0o600);
  assertEquals(await modeOf(`${agent.files}/tls`), 0o700);

  const { ino } = await Deno.lstat(`${agent.files}/db.password`);
  const second = await site.deliver({ agents: [agent.address] });
  assertEquals([second.code, outcomesOf(second.agents.get(agent.address))], [0, {}]);
  assertEquals(second.agents.get(agent.address)?.contentBytes, 0);
  assertEquals((await Deno.lstat(`${agent.files}/db.password`)).ino, ino);

  await site.store({ "db.password": "Tr0ub4dor" });
  const third = await site.deliver({ agents: [agent.address] });
  assertEquals([third.code, outcomesOf(third.agents.get(agent.address))], [0, {
    "db.password": "updated",
  }]);
  assertEquals(third.agents.get(agent.address)?.contentBytes, 9);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals((await agent.program.stop()).code, 0);
});

Deno.test("keeper: repairs a file that the agent lost, damaged or opened to others", async () => {
  await using site = await Site.open({ lost: "1", damaged: "2", opened: "3", whole: "4" });
  const agent = await site.startAgent();
  await site.deliver({ agents: [agent.address] });
  await Deno.remove(`${agent.files}/lost`);
  await Deno.writeTextFile(`${agent.files}/damaged`, "x");
  await Deno.chmod(`${agent.files}/opened`, 0o644);
  const run = await site.deliver({ agents: [agent.address] });
  assertEquals([run.code, outcomesOf(run.agents.get(agent.address))], [0, {
    damaged: "updated",
    lost: "created",
    opened: "reowned",
  }]);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals(await modeOf(`${agent.files}/opened`), 0o600);
});

Deno.test("keeper: delivers binary, empty and large files, and names of other scripts", async () => {
  const names = [
    "Schl\u00fcssel/\u5bc6\u7801.txt",
    "\u{1f511}",
    "with space",
    "-dash",
    "a'b\"c$(d)",
    ".hidden",
    "e\u0301",
    "\u00e9",
  ];
  await using site = await Site.open({
    ...Object.fromEntries(names.map((name, i) => [name, `contents ${i}`])),
    "binary": new Uint8Array(256).map((_, i) => i),
    "empty": "",
    "exactly-a-chunk": sampleBytes(65_536, 2),
    "large": sampleBytes(9 * 1_048_576 + 1, 3),
  });
  const agent = await site.startAgent();
  const run = await site.deliver({ agents: [agent.address] });
  assertEquals(run.code, 0, run.stderr);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals(run.agents.get(agent.address)?.counts.created, names.length + 4);
});

Deno.test("keeper: delivers 500 files, and says of each agent how long it took", async () => {
  const files = Array.from({ length: 500 }, (_, i) => [`d${i % 7}/f${i}`, `file ${i}`]);
  await using site = await Site.open(Object.fromEntries(files));
  const agent = await site.startAgent();
  const run = await site.deliver({ agents: [agent.address] });
  assertEquals([run.code, run.agents.get(agent.address)?.counts.created], [0, 500]);
  assert(Number.isInteger(run.agents.get(agent.address)?.durationMs));
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
});

Deno.test("keeper: puts a file under its remote name, and keeps the name behind a slash", async () => {
  await using site = await Site.open({ "a.key": "1", "b.key": "2", "script": "3" });
  await Deno.chmod(site.path("vault/script"), 0o700);
  const agent = await site.startAgent();
  const managed = ["a.key:deep/er/renamed", "b.key:certs/", "script"];
  const run = await site.deliver({ agents: [agent.address], managed });
  assertEquals(run.code, 0);
  assertEquals(Object.keys(await readTree(agent.files)), [
    "certs/b.key",
    "deep/er/renamed",
    "script",
  ]);
  assertEquals(await modeOf(`${agent.files}/script`), 0o700);
});

Deno.test("keeper: delivers to an absolute path only where the agent allows it", async () => {
  await using site = await Site.open({ key: "1", plain: "2" });
  const elsewhere = site.path("elsewhere");
  const managed = [`key:${elsewhere}/tls/`, "plain"];
  const strict = await site.startAgent({ name: "strict" });
  const refused = await site.deliver({ agents: [strict.address], managed });
  assertEquals([refused.code, outcomesOf(refused.agents.get(strict.address))], [1, {
    [`${elsewhere}/tls/key`]: "failed path-refused",
    plain: "created",
  }]);
  assertEquals(await Deno.stat(elsewhere).catch(() => null), null);
  await strict.program.waitForJson(({ event }) => event === "delivery");

  const args = ["--allow-absolute", elsewhere];
  const lenient = await site.startAgent({ name: "lenient", args });
  const taken = await site.deliver({ agents: [lenient.address], managed, state: "other" });
  assertEquals(taken.code, 0);
  assertEquals(Object.keys(await readTree(elsewhere)), ["tls/key"]);

  // The attack: a folder whose name only begins like the one that is allowed.
  const beside = [`key:${elsewhere}-not/key`];
  const sly = await site.deliver({ agents: [lenient.address], managed: beside, state: "other" });
  assertEquals(sly.code, 1);
  assertEquals(await Deno.stat(`${elsewhere}-not`).catch(() => null), null);
});

Deno.test("keeper: reports a file that the vault lost while it serves", async () => {
  await using site = await Site.open({ stays: "1", goes: "2" });
  const agent = await site.startAgent();
  const missing = await site.deliver({ agents: [agent.address], managed: ["stays", "never"] });
  assertEquals(missing.code, 2);
  assertMatch(missing.stderr, /--managed-files|managed-files/);
  assertMatch(missing.stderr, /never/);
  assertEquals(await readTree(agent.files), {});

  await using keeper = await site.startKeeper({
    agents: [agent.address],
    args: ["--polling-interval", "1"],
  });
  await keeper.waitForJson((line) => line.type === "agent" && line.wanted);
  await Deno.remove(site.path("vault/goes"));
  const report = await keeper.waitForJson((line) => line.type === "agent" && !line.wanted);
  assertEquals(outcomesOf(report), { goes: "missing file-missing" });
  assertEquals(Object.keys(await readTree(agent.files)), ["goes", "stays"]);
});

Deno.test("keeper: denies what an agent asks for and is not its own, wherever it lies", async () => {
  await using site = await Site.open({ mine: "1", "others.key": "the crown jewels" });
  const allowed = site.path("allowed");
  const asked = ["mine", "others.key", "absent", `${allowed}/others.key`];
  const elsewhere = await site.run("agent", [
    ...["--whitelisted-addresses", "127.0.0.1", "--allow-absolute", allowed],
    ...["--files", "/etc/hostname"],
  ]);
  assertEquals(elsewhere.code, 2);
  assertMatch(elsewhere.stderr, /"\/etc\/hostname", which is below no folder/);
  const args = ["--files", asked.join(","), "--allow-absolute", allowed];
  const agent = await site.startAgent({ args });
  const run = await site.deliver({ agents: [agent.address], managed: ["mine"] });
  assertEquals([run.code, outcomesOf(run.agents.get(agent.address))], [1, {
    [`${allowed}/others.key`]: "denied",
    absent: "denied",
    mine: "created",
    "others.key": "denied",
  }]);
  assertEquals(Object.keys(await readTree(agent.files)), ["mine"]);
  const told = await agent.program.waitForJson(({ event }) => event === "delivery");
  assertEquals([told.complete, told.created, told.missing], [true, 1, 3]);
  assertEquals(await readTree(allowed), {});
});

Deno.test("keeper: two at once on one agent both end well", async () => {
  await using site = await Site.open({ big: sampleBytes(4 * 1_048_576), small: "1" });
  const agent = await site.startAgent();
  const runs = await Promise.all(
    [1, 2, 3].map((i) => site.deliver({ agents: [agent.address], state: `keeper-${i}` })),
  );
  assertEquals(runs.map(({ code }) => code), [0, 0, 0]);
  const created = runs.map((run) => run.agents.get(agent.address)?.counts.created);
  assertEquals(created.sort(), [0, 0, 2]);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
});

Deno.test("agent: keeps its identity and what it holds over a restart", async () => {
  await using site = await Site.open({ a: "1", b: "2" });
  const before = await site.startAgent();
  await site.deliver({ agents: [before.address] });
  assertEquals((await before.program.stop()).code, 0);
  const after = await site.startAgent({ port: before.port });
  assertEquals(after.fingerprint, before.fingerprint);
  assertEquals(await modeOf(after.state), 0o700);
  for (const name of Object.keys(await readTree(after.state))) {
    assertEquals(await modeOf(`${after.state}/${name}`), 0o600, name);
  }
  const run = await site.deliver({ agents: [after.address] });
  assertEquals([run.code, run.agents.get(after.address)?.counts.unchanged], [0, 2]);

  // The attack: somebody turned a file into a link that leads out.
  await Deno.writeTextFile(site.path("outside"), "mine");
  await Deno.remove(`${after.files}/a`);
  await Deno.symlink(site.path("outside"), `${after.files}/a`);
  const linked = await site.deliver({ agents: [after.address] });
  assertEquals([linked.code, outcomesOf(linked.agents.get(after.address))], [1, {
    a: "failed symlink-refused",
  }]);
  assertEquals(await Deno.readTextFile(site.path("outside")), "mine");
});
