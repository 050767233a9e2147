/**
 * What goes wrong elsewhere when somebody wants to know: no status of a file at an agent, a record that is
 * taken away and not missed, an output that nobody reads and that stops the service.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import { missingForMounts, withMount } from "../support/mounts.ts";
import type { RunningProgram } from "../support/running_program.ts";
import { outcomesOf, readTree, type RunningAgent, Site } from "../support/site.ts";
import { UnreadPipe } from "../support/unread_pipe.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

const LOG = "keeper-state/audit.jsonl";

async function verify(site: Site, path = site.path(LOG)): Promise<JsonLine> {
  const end = await site.run("keeper", ["audit", "verify", path, "--json"]);
  return JSON.parse(end.stdout);
}

/** Waits for the report of the next contact that is as wanted. */
function contact(
  keeper: RunningProgram,
  isWanted: (line: JsonLine) => boolean,
): Promise<JsonLine> {
  return keeper.waitForJson((line) => line.type === "agent" && isWanted(line));
}

Deno.test("keeper: says of each file at each agent whether it is there as declared, and since when", async () => {
  await using site = await Site.open({ key: "1", motd: "1" });
  const agents = [await site.startAgent(), await site.startAgent({ name: "two" })] as const;
  const [one, two] = agents;
  const addresses = agents.map(({ address }) => address);
  const status = async (...args: readonly string[]) =>
    await site.run("keeper", ["status", "--state-dir", site.path("keeper-state"), ...args]);
  const viewOf = async (agent: RunningAgent) => {
    const lines = jsonLines((await status("--json")).stdout);
    const line = lines.find(({ address }) => address === agent.address);
    return { line, files: outcomesOf(line), concerns: line?.concerns };
  };
  await Deno.mkdir(`${two.files}/key/theirs`, { recursive: true });
  await site.deliver({ agents: addresses });
  const good = await viewOf(one);
  assertEquals([good.files, good.concerns, good.line?.held.whole], [{}, [], true]);
  const bad = await viewOf(two);
  assertEquals([bad.files, bad.concerns, bad.line?.held.whole], [
    ...[{ key: "failed not-a-file" }, ["files"], false],
  ]);
  const text = await status();
  assertEquals(text.code, 1);
  assertMatch(text.stdout, new RegExp(`${two.address}: key: failed \\(not-a-file\\)`));
  // What is put right is right in the status, and the time says since when.
  await Deno.remove(`${two.files}/key`, { recursive: true });
  const before = Date.now();
  assertEquals((await site.deliver({ agents: addresses })).code, 0);
  const mended = await viewOf(two);
  assertEquals([mended.files, mended.concerns, mended.line?.held.whole], [{}, [], true]);
  assert(Date.parse(mended.line?.held.since) >= before);
  assertEquals((await status()).code, 0);
});

Deno.test("keeper: gives nothing while its audit log is gone, says so, and goes on once it is back", async () => {
  await using site = await Site.open({ key: "old" });
  const agent = await site.startAgent();
  const keeper = await site.startKeeper({
    agents: [agent.address],
    args: ["--polling-interval", "2"],
  });
  await contact(keeper, ({ wanted }) => wanted);
  await Deno.rename(site.path(LOG), site.path("aside"));
  const before = await readTree(agent.files);
  await site.store({ key: "new" });
  const refused = await contact(keeper, ({ outcome }) => outcome === "failed");
  assertEquals(refused.code, "audit-failed");
  const pass = await keeper.waitForJson(({ problems }) => problems?.length > 0);
  assertMatch(pass.problems[0].message, /it is gone since this program wrote to it/);
  assertEquals([await readTree(agent.files), await Deno.stat(site.path(LOG)).catch(() => null)], [
    before,
    null,
  ]);
  await Deno.rename(site.path("aside"), site.path(LOG));
  await contact(keeper, (line) => outcomesOf(line)["key"] === "updated");
  assertEquals((await keeper.stop()).code, 0);
  const told = keeper.stderr.split("\n").filter((line) => line.includes("cannot be written"));
  assertEquals(told.length, 1);
  const { good, fault } = await verify(site);
  assertEquals([good, fault], [true, null]);
});

Deno.test(
  `keeper: gives nothing while the disk of its audit log is full, and goes on when there is room${skipped}`,
  {
    ignore: missing !== null,
  },
  async () => {
    await using site = await Site.open({ key: "old" });
    const agent = await site.startAgent();
    const folder = site.path("log");
    const log = `${folder}/audit.jsonl`;
    await Deno.mkdir(folder);
    await withMount(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", folder], async () => {
      const keeper = await site.startKeeper({
        agents: [agent.address],
        args: ["--polling-interval", "2", "--audit-log", log],
      });
      await contact(keeper, ({ wanted }) => wanted);
      await new Deno.Command("dd", {
        args: ["if=/dev/zero", `of=${folder}/rest`, "bs=4k"],
        stderr: "null",
      }).output();
      const contacts = () => jsonLines(keeper.stdout).filter(({ type }) => type === "agent");
      const refused = () => contacts().filter(({ code }) => code === "audit-failed").length;
      // The log has the rest of its last page to itself: that is soon used up.
      for (let version = 1; refused() === 0 && version < 20; version++) {
        await site.store({ key: `${version}` });
        await keeper.waitFor(() => {
          const updates = contacts().filter((line) => outcomesOf(line)["key"] === "updated");
          return refused() > 0 || updates.length >= version || undefined;
        });
      }
      const before = [refused(), await readTree(agent.files)] as const;
      await site.store({ key: "not on record" });
      await keeper.waitFor(() => refused() > before[0] || undefined);
      assertEquals(await readTree(agent.files), before[1]);
      await Deno.remove(`${folder}/rest`);
      await contact(keeper, (line) => outcomesOf(line)["key"] === "updated");
      assertEquals((await keeper.stop()).code, 0);
      assertEquals((await verify(site, log)).good, true);
    });
  },
);

Deno.test("keeper: gives nothing and says so where something else holds its audit log for good", async () => {
  await using site = await Site.open({ key: "1" });
  const agent = await site.startAgent();
  await Deno.mkdir(site.path("keeper-state"), { recursive: true, mode: 0o700 });
  using lock = await Deno.open(site.path(`${LOG}.lock`), { write: true, create: true });
  await lock.lock(true);
  const run = await site.deliver({ agents: [agent.address] });
  assertEquals([run.code, run.agents.size, await readTree(agent.files)], [1, 0, {}]);
  assertMatch(run.stderr, /the audit log .* is not written: cannot lock/);
  await lock.unlock();
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
});

Deno.test(
  "keeper: does not wait for whoever would read an audit log that is a pipe",
  LINUX,
  async () => {
    await using site = await Site.open({ key: "1" });
    const agent = await site.startAgent();
    using pipe = await UnreadPipe.make(site.path("pipe"));
    const args = ["--audit-log", pipe.path];
    const run = await site.deliver({ agents: [agent.address], args });
    assertEquals([run.code, run.agents.size, await readTree(agent.files)], [1, 0, {}]);
    assertMatch(run.stderr, /is not a regular file/);
  },
);

/** Starts a keeper that looks often, and whose output or messages nobody reads. */
function startUnread(
  site: Site,
  { pipe, descriptor, agent }: {
    readonly pipe: UnreadPipe;
    readonly descriptor: 1 | 2;
    readonly agent: RunningAgent;
  },
): RunningProgram {
  return site.start("keeper", [
    ...["--json", "--debug", "--vault-dir", site.path("vault"), "--managed-files", "key"],
    ...["--agent-ips", agent.address, "--state-dir", site.path("keeper-state")],
    ...["--polling-interval", "1", "--log-to-file", "--logfile-path", site.path("keeper.log")],
  ], { starter: pipe.starter(descriptor) });
}

for (const [what, descriptor] of [["reports", 1], ["messages", 2]] as const) {
  Deno.test(
    `keeper: serves on though nobody reads its ${what}, says so, and ends when it is asked to`,
    LINUX,
    async () => {
      await using site = await Site.open({ key: "1" });
      const agent = await site.startAgent();
      using pipe = await UnreadPipe.make(site.path("pipe"));
      const keeper = startUnread(site, { pipe, descriptor, agent });
      const delivered = (count: number) =>
        agent.program.waitFor(() => {
          const lines = jsonLines(agent.program.stdout);
          return lines.filter(({ event }) => event === "delivery").length >= count || undefined;
        });
      await delivered(1);
      await site.store({ key: "2" });
      await agent.program.waitForJson(({ updated }) => updated === 1);
      await delivered(4);
      const end = await keeper.stop();
      assertEquals([end.code, end.signal], [0, null]);
      const log = await Deno.readTextFile(site.path("keeper.log"));
      const says = descriptor === 1 ? /standard output is not read/ : /serves its fleet/;
      assertMatch(log, says);
    },
  );
}

Deno.test("keeper: gives whoever reads late all that waited for him", LINUX, async () => {
  await using site = await Site.open({ key: "1" });
  const agent = await site.startAgent();
  using pipe = await UnreadPipe.make(site.path("pipe"));
  const keeper = startUnread(site, { pipe, descriptor: 1, agent });
  await keeper.waitForLog(/standard output is not read/);
  const text = await pipe.readUntil('"pass":3');
  const passes = jsonLines(text.slice(text.indexOf("{"))).filter(({ type }) => type === "pass");
  assertEquals(passes.slice(0, 2).map(({ pass }) => pass), [1, 2]);
  await keeper.waitForLog(/standard output is read again.*"lost":0/);
  assertEquals((await keeper.stop()).code, 0);
});

Deno.test(
  "agent: takes deliveries and ends in order though nobody reads its reports",
  LINUX,
  async () => {
    await using site = await Site.open({ key: "1" });
    const quiet = await site.startAgent();
    await quiet.program.stop();
    using pipe = await UnreadPipe.make(site.path("pipe"));
    const port = quiet.port;
    const program = site.start("agent", [
      ...["--bind-address", "127.0.0.1", "--bind-port", `${port}`, "--json"],
      ...["--whitelisted-addresses", "127.0.0.1", "--debug"],
      ...["--working-dir", quiet.files, "--state-dir", quiet.state],
    ], { starter: pipe.starter(1) });
    await program.waitForLog(/standard output is not read/);
    const address = `127.0.0.1:${port}`;
    assertEquals((await site.deliver({ agents: [address] })).code, 0);
    await site.store({ key: "2" });
    assertEquals((await site.deliver({ agents: [address] })).code, 0);
    assertEquals(await readTree(quiet.files), await readTree(site.path("vault")));
    const end = await program.stop();
    assertEquals([end.code, end.signal], [0, null]);
  },
);
