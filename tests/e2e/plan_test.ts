/**
 * What a plan says, what is done, and what the status says of it, with the real programs.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FleetTranscript } from "../support/fleet_transcript.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import { freePort } from "../support/free_port.ts";
import { assertGolden } from "../support/golden.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { readTree, Site } from "../support/site.ts";

function deliveryOf(
  site: Site,
  agents: readonly { readonly address: string }[],
  managed: string,
): string[] {
  return [
    ...["--vault-dir", site.path("vault"), "--state-dir", site.path("keeper-state")],
    ...["--managed-files", managed, "--agent-ips", agents.map(({ address }) => address).join(",")],
  ];
}

/** Returns what lines of a plan, or of a report, say of each path that is not as declared. */
function changesIn(line: JsonLine | undefined): string[] {
  const actions: Record<string, string> = {
    create: "created",
    update: "updated",
    reown: "reowned",
    remove: "removed",
  };
  const changes: { path: string; action?: string; outcome?: string }[] = line?.changes ??
    line?.files ?? [];
  return changes.map(({ path, action, outcome }) => `${path} ${outcome ?? actions[action ?? ""]}`)
    .sort();
}

/** Makes numbers that look random and are the same in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Changes a tree of files and folders somewhere. */
async function edit(root: string, random: (below: number) => number): Promise<void> {
  const name = () => ["a", "b", "c", "\u00fc"][random(4)] ?? "a";
  const folder = [root, ...Array.from({ length: random(3) }, name)].join("/");
  const path = `${folder}/${name()}`;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    switch (random(6)) {
      case 0:
        return await Deno.remove(path, { recursive: true });
      case 1:
        return await Deno.mkdir(path, { recursive: true });
      case 2:
        return await Deno.chmod(path, [0o600, 0o640, 0o700][random(3)] ?? 0o600);
      default:
        return await Deno.writeTextFile(path, "x".repeat(random(5)));
    }
  } catch {
    // There is a folder where a file was to be, or nothing to remove: another edit will do.
  }
}

Deno.test("keeper: does what the plan says, tree after tree, and then has nothing to do", async () => {
  const random = numbers(20_300_131);
  await using site = await Site.open({ "tree/a": "1", "one": "2" });
  const agent = await site.startAgent();
  const args = deliveryOf(site, [agent], "tree:etc/tree,one");
  const run = (...words: readonly string[]) => site.run("keeper", [...words, "--json", ...args]);
  assertEquals((await run("--run-once")).code, 0);
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 12; i++) await edit(site.path("vault/tree"), random);
    for (let i = 0; i < 8; i++) await edit(`${agent.files}/etc/tree`, random);
    const before = await readTree(agent.files);
    const plan = await run("plan");
    assertEquals(await readTree(agent.files), before, "a plan changed something");
    const [planned] = jsonLines(plan.stdout);
    const apply = await run("apply", "--yes");
    const applied = jsonLines(apply.stdout).find(({ type }) => type === "agent");
    assertEquals(changesIn(applied), changesIn(planned), `round ${round}`);
    assertEquals([plan.code, apply.code], [changesIn(planned).length === 0 ? 0 : 3, 0]);
    const after = await run("plan");
    assertEquals([after.code, changesIn(jsonLines(after.stdout)[0])], [0, []], after.stdout);
    assertEquals(
      await readTree(`${agent.files}/etc/tree`),
      await readTree(site.path("vault/tree")),
    );
  }
});

Deno.test("keeper: plans the removals of what it has signed for", async () => {
  const key = generatePrivateKey();
  await using site = await Site.open({ a: "1", b: "2" });
  const agent = await startSignedAgent(site, { zelids: [zelIdOfKey(key)] });
  const signing = ["--sign-connections", "--zelid", zelIdOfKey(key), "--json"];
  const run = (managed: string, ...words: readonly string[]) =>
    site.run("keeper", [...words, ...signing, ...deliveryOf(site, [agent], managed)], {
      input: `${encodeWif(key)}\n`,
    });
  assertEquals((await run("a,b", "--run-once")).code, 0);
  const plan = await run("a", "plan");
  assertEquals([plan.code, changesIn(jsonLines(plan.stdout)[0])], [3, ["b removed"]], plan.stderr);
  const apply = await run("a", "apply", "--yes");
  assertEquals([apply.code, Object.keys(await readTree(agent.files))], [0, ["a"]], apply.stderr);
  const wipe = await run("a", "wipe", "-", "--yes");
  assertEquals([wipe.code, Object.keys(await readTree(agent.files))], [0, []], wipe.stderr);
});

Deno.test("keeper: shows a plan, what was done, and the status, word for word", async () => {
  await using site = await Site.open({
    "db.password": "correct horse",
    "tls/key.pem": "a key",
    "tls/ca.pem": "a certificate",
  });
  const ports = [freePort(), freePort()].sort((a, b) => a - b);
  const agents = [
    await site.startAgent({ port: ports[0] ?? 0, args: ["--component-name", "web"] }),
    await site.startAgent({ port: ports[1] ?? 0, name: "two", args: ["--component-name", "db"] }),
  ] as const;
  const transcript = new FleetTranscript(
    site,
    agents,
    deliveryOf(site, agents, "db.password,tls:etc/tls"),
  );
  await transcript.run("plan", "--concurrency", "1");
  await transcript.run("apply");
  await transcript.run("status");
  await transcript.run("apply", "--yes", "--quiet", "--concurrency", "1");
  await transcript.run("plan");
  await transcript.run("status");
  transcript.note("tls/ca.pem is gone from the vault, and an agent is edited and then ended");
  await Deno.remove(site.path("vault/tls/ca.pem"));
  await site.store({ "db.password": "battery staple" });
  const [first, last] = agents;
  await Deno.writeTextFile(`${first.files}/etc/tls/stranger`, "1");
  await Deno.writeTextFile(`${first.files}/etc/tls/key.pem`, "damaged");
  await last.program.stop();
  await transcript.run("plan");
  await transcript.run("apply", "--yes");
  await transcript.run("status");
  await transcript.run("plan", "--only", "shop/web");
  await transcript.run("wipe");
  await transcript.run("wipe", "--only=-/nobody", "--yes");
  await transcript.run("wipe", "-", "--yes");
  await transcript.run("status");
  await assertGolden("plan_apply_status_wipe", transcript.toString());
});

Deno.test("keeper: says in the status what drifted under a keeper that runs, and that it put it right", async () => {
  await using site = await Site.open({ "db.password": "correct horse", "other": "1" });
  const agent = await site.startAgent();
  const args = deliveryOf(site, [agent], "db.password,other");
  const keeper = site.start("keeper", ["--json", "--polling-interval", "1", ...args]);
  const status = async () => {
    const state = ["--json", "--state-dir", site.path("keeper-state")];
    const { code, stdout } = await site.run("keeper", ["status", ...state]);
    return { code, line: jsonLines(stdout)[0] };
  };
  await keeper.waitForJson(({ type, wanted }) => type === "pass" && wanted);
  const first = await status();
  assertEquals([first.code, first.line?.drift, first.line?.wanted], [0, [], true]);
  assert(first.line?.due !== null);
  // Meanwhile the vault changes another file: neither is taken for the other, in one pass or in two.
  await Deno.writeTextFile(`${agent.files}/db.password`, "damaged");
  await site.store({ other: "2" });
  await keeper.waitForJson(({ type, drifted }) => type === "agent" && drifted?.length === 1);
  await keeper.waitForJson(({ type, files }) => {
    return type === "agent" && files?.some(({ path }: { path: string }) => path === "other") &&
      files.every(({ outcome }: { outcome: string }) => outcome === "updated");
  });
  await keeper.stop();
  const { line } = await status();
  assertEquals(line?.drift.map(({ path, found }: Record<string, string>) => [path, found]), [
    ["db.password", "changed"],
  ]);
  assertEquals(typeof line?.drift[0].repaired, "string");
  // Whoever is stopped is not missed.
  assertEquals([line?.due, await readTree(agent.files)], [
    null,
    await readTree(site.path("vault")),
  ]);
});
