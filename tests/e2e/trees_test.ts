/**
 * Folders of the vault, and what agents end up with: the real programs.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { makeRandom } from "../support/seeded_random.ts";
import { modeOf, outcomesOf, readTree, Site } from "../support/site.ts";
import { listTree } from "../support/temporary_folder.ts";

/** Lists what an agent holds below its working folder, as it was asked to hold it. */
async function listed(folder: string): Promise<string[]> {
  return await listTree(folder);
}

Deno.test("keeper: a folder ends up exactly as in the vault, whatever was beside it", async () => {
  await using site = await Site.open({ "t/a": "1", "t/sub/b": "2", "t/sub/run": "#!/bin/sh\n" });
  await Deno.chmod(site.path("vault/t/sub/run"), 0o755);
  await Deno.mkdir(site.path("vault/t/empty/er"), { recursive: true });
  await Deno.symlink("a", site.path("vault/t/link"));
  const agent = await site.startAgent();
  const deliver = () =>
    site.deliver({ agents: [agent.address], managed: ["t:conf"], args: ["--no-watch"] });
  // A link is a fault of its own: it is told of, and holds up nothing else.
  const refused = await deliver();
  assertEquals([refused.code, /t\/link.*symlink-refused/.test(refused.stderr)], [2, true]);
  await Deno.remove(site.path("vault/t/link"));
  assertEquals((await deliver()).code, 0);
  const whole = [
    "a 600 1",
    "empty/ 700",
    "empty/er/ 700",
    "sub/ 700",
    "sub/b 600 2",
    "sub/run 700 #!/bin/sh\n",
  ];
  assertEquals(await listed(`${agent.files}/conf`), whole);
  await Deno.writeTextFile(`${agent.files}/conf/stranger`, "x");
  await Deno.mkdir(`${agent.files}/conf/sub/strange/deep`, { recursive: true });
  await Deno.remove(`${agent.files}/conf/a`);
  await Deno.writeTextFile(`${agent.files}/beside`, "mine");
  const repaired = await deliver();
  assertEquals([repaired.code, outcomesOf(repaired.agents.get(agent.address))], [0, {
    "conf/a": "created",
    "conf/stranger": "removed",
    "conf/sub/strange": "removed",
  }]);
  assertEquals(await listed(`${agent.files}/conf`), whole);
  assertEquals(await Deno.readTextFile(`${agent.files}/beside`), "mine");
});

Deno.test("keeper: what cannot be read in the vault stays at the agent, and what is taken away goes", async () => {
  await using site = await Site.open({ "t/a": "1", "t/sub/b": "2", "t/sub/c": "3", "key": "4" });
  const agent = await site.startAgent();
  const keeper = await site.startKeeper({
    agents: [agent.address],
    managed: ["t", "key"],
    args: ["--polling-interval", "3600"],
  });
  const told = (path: string, outcome: string) =>
    keeper.waitForJson((line) => line.type === "agent" && outcomesOf(line)[path] === outcome);
  await told("key", "created");
  // A link in the place of a folder is no reason to take from an agent what was in it.
  await Deno.rename(site.path("vault/t/sub"), site.path("vault/aside"));
  await Deno.symlink("../aside", site.path("vault/t/sub"));
  await told("t/sub", "failed symlink-refused");
  await Deno.remove(site.path("vault/key"));
  await told("key", "missing file-missing");
  assertEquals(Object.keys(await readTree(agent.files)), ["key", "t/a", "t/sub/b", "t/sub/c"]);
  await Deno.remove(site.path("vault/t/sub"));
  await told("t/sub", "removed");
  assertEquals(Object.keys(await readTree(agent.files)), ["key", "t/a"]);
  assertEquals((await keeper.stop()).code, 0);
});

const NAMES = ["a", "b", "caf\u00e9", "cafe\u0301", "x y", ".hidden"];

/** Makes, changes or removes something below a folder. */
async function edit(folder: string, random: () => number): Promise<void> {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  const depth = 1 + Math.floor(random() * 3);
  const path = `${folder}/${Array.from({ length: depth }, () => pick(NAMES)).join("/")}`;
  const parent = path.slice(0, path.lastIndexOf("/"));
  const remove = () => Deno.remove(path, { recursive: true }).catch(() => {});
  const isInTheWay = await Deno.mkdir(parent, { recursive: true }).then(() => false, () => true);
  if (isInTheWay) return;
  const deed = random();
  await remove();
  if (deed < 0.25) return;
  if (deed < 0.4) return await Deno.mkdir(path);
  await Deno.writeTextFile(path, `${random()}`, { mode: deed < 0.5 ? 0o700 : 0o600 });
}

Deno.test("keeper: random trees end up identical, whatever both sides did before", async () => {
  await using site = await Site.open({ "t/a": "1", "u/a": "1" });
  const loadout = (address: string) =>
    `version: 1
apps:
  demo:
    agents: ["${address}"]
    vault: vault
    groups:
      all:
        state_directives:
          - { source: t }
          - { source: u, strategy: ALLOW_ADDS }
`;
  const agent = await site.startAgent({ args: ["--app-name", "demo"] });
  await Deno.writeTextFile(site.path("all.yaml"), loadout(agent.address));
  const below = makeRandom(20_300_101);
  const random = () => below(1_000_000) / 1_000_000;
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 8; i++) {
      await edit(site.path("vault/t"), random);
      if (round > 0) await edit(`${agent.files}/t`, random);
    }
    const stranger = `stranger${round}`;
    await Deno.mkdir(`${agent.files}/u`, { recursive: true });
    await Deno.writeTextFile(`${agent.files}/u/${stranger}`, "mine");
    const end = await site.run("keeper", [
      ...["run", "--loadout", site.path("all.yaml"), "--run-once", "--json"],
      ...["--state-dir", site.path("keeper-state")],
    ]);
    assertEquals(end.code, 0, end.stdout + end.stderr);
    const ours = (await listed(site.path("vault/t"))).map(withoutGroup);
    assertEquals((await listed(`${agent.files}/t`)).map(withoutGroup), ours, `round ${round}`);
    const strangers = Object.keys(await readTree(`${agent.files}/u`));
    assertEquals(strangers.length, round + 2, "what is beside ours stays");
  }
});

/** The agent gives a folder to its owner alone, whatever it is like in the vault. */
function withoutGroup(line: string): string {
  return line.replace(/ ([0-7])[0-7]{2}(?= |$)/, " $100");
}

Deno.test("keeper: a file is made once and then the application's, and an owner is set where the agent may", async () => {
  await using site = await Site.open({ "seed": "1", "own": "2" });
  const agent = await site.startAgent({ args: ["--app-name", "demo"] });
  const uid = Deno.uid() === 0 ? 65_534 : Deno.uid();
  await Deno.writeTextFile(
    site.path("all.yaml"),
    `version: 1
apps:
  demo:
    agents: ["${agent.address}"]
    vault: vault
    groups:
      all:
        state_directives:
          - { source: seed, strategy: ENSURE_CREATED }
          - { source: own, target: keys/own, mode: 0640, uid: ${uid} }
`,
  );
  const deliver = async () => {
    const end = await site.run("keeper", [
      ...["run", "--loadout", site.path("all.yaml"), "--run-once", "--json"],
      ...["--state-dir", site.path("keeper-state")],
    ]);
    assertEquals(end.code, 0, end.stdout + end.stderr);
  };
  await deliver();
  await Deno.writeTextFile(`${agent.files}/seed`, "changed by the application");
  await site.store({ seed: "other" });
  await deliver();
  assertEquals(await Deno.readTextFile(`${agent.files}/seed`), "changed by the application");
  const { uid: owner } = await Deno.lstat(`${agent.files}/keys/own`);
  assertEquals([await modeOf(`${agent.files}/keys/own`), owner], [0o640, uid]);
  assert(await modeOf(`${agent.files}/keys`) === 0o700);
});
