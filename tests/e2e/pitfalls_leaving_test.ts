/**
 * What goes wrong elsewhere when a secret should go: it stays when its entry, its lease or the trust is
 * gone, and nobody tells the application.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { deliverDemo, DEMO_AGENT, startDemoKeeper, writeLoadout } from "../support/loadout_site.ts";
import { outcomesOf, readTree, type RunningAgent, Site } from "../support/site.ts";

/** Programs of a Unix are run. */
const UNIX = { ignore: Deno.build.os === "windows" };

async function held({ files }: RunningAgent): Promise<string[]> {
  return Object.keys(await readTree(files));
}

Deno.test("keeper: a file goes from every agent once its entry is gone, and when its source is taken away from a folder", async () => {
  await using site = await Site.open({ key: "1", "tls/a": "1", "tls/b": "1", seed: "1" });
  const agents = [
    await site.startAgent({ args: DEMO_AGENT }),
    await site.startAgent({ name: "two", args: DEMO_AGENT }),
  ] as const;
  const write = (...directives: readonly string[]) =>
    writeLoadout(site, { agents: agents.map(({ address }) => address), directives });
  const seed = "{ source: seed, strategy: ENSURE_CREATED }";
  await write("{ source: key }", "{ source: tls }", seed);
  assertEquals((await deliverDemo(site)).code, 0);
  await write("{ source: tls }");
  await Deno.remove(site.path("vault/tls/b"));
  const run = await deliverDemo(site);
  for (const agent of agents) {
    assertEquals(outcomesOf(run.agents.get(agent.address)), {
      key: "removed",
      "tls/b": "removed",
    });
    // What was made once is the application's.
    assertEquals(await held(agent), ["seed", "tls/a"]);
  }
  assertEquals(run.code, 0);
});

Deno.test("keeper: a file goes from an agent that is trusted less than before, or less than it asks for by now", async () => {
  await using site = await Site.open({ key: "1", token: "1", motd: "1" });
  const agent = await site.startAgent({ args: DEMO_AGENT });
  const state = ["--state-dir", site.path("keeper-state")];
  const write = (level: string) =>
    writeLoadout(site, {
      agents: [agent.address],
      directives: [
        `{ source: key, requires: ${level} }`,
        "{ source: token, requires: approved }",
        "{ source: motd }",
      ],
    });
  await write("first-use");
  const approve = ["agents", "approve", agent.fingerprint, "--app-name", "demo", ...state];
  assertEquals((await site.run("keeper", approve)).code, 0);
  assertEquals((await deliverDemo(site)).code, 0);
  assertEquals(await held(agent), ["key", "motd", "token"]);
  // The file asks for more.
  await write("enrolled");
  const more = await deliverDemo(site);
  const line = more.agents.get(agent.address);
  assertEquals([more.code, outcomesOf(line), line?.withheld], [1, { key: "removed" }, [
    { path: "key", required: "enrolled", actual: "approved" },
  ]]);
  assertEquals(await held(agent), ["motd", "token"]);
  // The agent is forgotten, and known at first use only.
  assertEquals(
    (await site.run("keeper", ["agents", "forget", agent.fingerprint, ...state])).code,
    0,
  );
  const less = await deliverDemo(site);
  assertEquals([less.code, outcomesOf(less.agents.get(agent.address))], [1, { token: "removed" }]);
  assertEquals(await held(agent), ["motd"]);
});

Deno.test("keeper: a leased file stays while a keeper comes, and goes when none comes any more", async () => {
  await using site = await Site.open({ leased: "1", motd: "1" });
  const agent = await site.startAgent({ args: DEMO_AGENT });
  await writeLoadout(site, {
    agents: [agent.address],
    directives: ["{ source: leased, lease: 8 }", "{ source: motd }"],
    more: ["polling_interval: 1"],
  });
  const keeper = startDemoKeeper(site, { words: ["run"] });
  const deliveries = () =>
    jsonLines(agent.program.stdout).filter(({ event }) => event === "delivery");
  // For longer than the lease; nothing but its renewal keeps it.
  await agent.program.waitFor(() => deliveries().length >= 11 || undefined);
  assertEquals(
    deliveries().map(({ created }) => created).reduce((sum, count) => sum + count, 0),
    2,
  );
  assertEquals(jsonLines(agent.program.stdout).filter(({ event }) => event === "expired"), []);
  assertEquals(await held(agent), ["leased", "motd"]);
  await keeper.stop("SIGKILL");
  const expired = await agent.program.waitForJson(({ event }) => event === "expired");
  assertEquals([expired.files, await held(agent)], [["leased"], ["motd"]]);
  // A keeper that comes again brings it again.
  const run = await deliverDemo(site);
  assertEquals(outcomesOf(run.agents.get(agent.address)), { leased: "created" });
});

Deno.test(
  "keeper: a wipe takes all from an agent at once, and the application is told",
  UNIX,
  async () => {
    await using site = await Site.open({ "tls/key": "1", seed: "1" });
    const script = 'trap \'echo "left: $(ls agent/files)"\' HUP; trap "exit 0" TERM; echo ready; ' +
      'while kill -0 "$PPID" 2>/dev/null; do sleep 0.05; done';
    const agent = await site.startAgent({
      args: [...DEMO_AGENT, "--on-change", "SIGHUP"],
      process: { application: ["/bin/sh", "-c", script] },
    });
    await writeLoadout(site, {
      agents: [agent.address],
      directives: ["{ source: tls }", "{ source: seed, strategy: ENSURE_CREATED }"],
    });
    assertEquals((await deliverDemo(site)).code, 0);
    const says = (text: string) =>
      agent.program.waitFor(() => agent.program.stdout.includes(text) || undefined);
    await says("ready\n");
    const wipe = await startDemoKeeper(site, { words: ["wipe", "demo", "--yes"] }).end;
    assertEquals(wipe.code, 0, wipe.stderr);
    await says("left: \n");
    assertEquals(await held(agent), []);
    // It is no mistake of the keeper's memory that they are gone: the status says so.
    const status = await startDemoKeeper(site, { words: ["status"] }).end;
    assert(jsonLines(status.stdout)[0]?.held.wiped);
    assertEquals((await agent.program.stop()).code, 0);
  },
);

for (const end of ["SIGTERM", "the end of its application"] as const) {
  Deno.test(`agent: takes all with it at ${end}, where it is told so`, UNIX, async () => {
    await using site = await Site.open({ "tls/key": "1", motd: "1" });
    const application = end === "SIGTERM" ? undefined : ["/bin/sh", "-c", "cat agent/files/motd"];
    const agent = await site.startAgent({
      args: [...DEMO_AGENT, "--wipe-on-exit"],
      process: application === undefined ? {} : { application },
    });
    await writeLoadout(site, {
      agents: [agent.address],
      directives: ["{ source: tls, together: true }", "{ source: motd }"],
    });
    assertEquals((await deliverDemo(site)).code, 0);
    const ended = await (application === undefined ? agent.program.stop() : agent.program.end);
    assertEquals([ended.code, ended.stdout.includes("1")], [0, true]);
    assertEquals([...Deno.readDirSync(agent.files)].map(({ name }) => name), []);
  });
}
