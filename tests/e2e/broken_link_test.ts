/**
 * Links that are slow, long, lossy, dead for a while, or cut again and again: what is to be delivered
 * arrives, and what has arrived is not sent again. All with the real programs.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { LinkRelay } from "../support/link_relay.ts";
import { missingForNamespace, NetworkNamespace } from "../support/network_namespace.ts";
import type { RunningProgram } from "../support/running_program.ts";
import { readTree, type RunningAgent, sampleBytes, Site } from "../support/site.ts";

const KB = 1_024;
const MB = 1_048_576;

/** Makes files that no compression makes shorter. */
function filesOf(count: number, bytes: number): Record<string, Uint8Array<ArrayBuffer>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${i}`, sampleBytes(bytes, i + 1)]),
  );
}

/** Starts a keeper that tries again every second. */
async function startKeeper(site: Site, address: string): Promise<RunningProgram> {
  const args = ["--polling-interval", "1", "--discovery-interval", "1h"];
  return await site.startKeeper({ agents: [address], args });
}

/** Waits until the agent has what it should have; returns how many contacts broke before. */
async function untilServed(keeper: RunningProgram): Promise<number> {
  await keeper.waitForJson(({ type, wanted }) => type === "agent" && wanted === true);
  const agents = jsonLines(keeper.stdout).filter(({ type }) => type === "agent");
  return agents.findIndex(({ wanted }) => wanted === true);
}

async function assertServed(site: Site, agent: RunningAgent): Promise<void> {
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
}

Deno.test("agent and keeper: finish over a link that is cut, and send each small file about once", async () => {
  const [count, bytes, cuts] = [400, 16 * KB, 5];
  await using site = await Site.open(filesOf(count, bytes));
  const agent = await site.startAgent();
  const cutAfter = (connection: number) => connection < cuts ? MB : Infinity;
  await using relay = new LinkRelay(agent, { cutAfter });
  const keeper = await startKeeper(site, relay.address);
  assertEquals(await untilServed(keeper), cuts);
  assertEquals(relay.cuts, cuts);
  await assertServed(site, agent);
  const ratio = relay.toAgent / (count * bytes);
  // What was under way at a cut is lost.
  assert(ratio < 1.4, `${ratio} times the files were sent`);
});

Deno.test("agent and keeper: go on with a large file where a link was cut, again and again", async () => {
  const [bytes, cuts] = [64 * MB, 5];
  await using site = await Site.open({ large: sampleBytes(bytes) });
  const agent = await site.startAgent();
  const cutAfter = (connection: number) => connection < cuts ? 11 * MB : Infinity;
  await using relay = new LinkRelay(agent, { cutAfter });
  const keeper = await startKeeper(site, relay.address);
  assertEquals(await untilServed(keeper), cuts);
  assertEquals(relay.cuts, cuts);
  await assertServed(site, agent);
  const ratio = relay.toAgent / bytes;
  assert(ratio < 1.1, `${ratio} times the file was sent`);
});

Deno.test("agent and keeper: wait for a long link a few times, not once for each file", async () => {
  const [count, delayMs] = [300, 100];
  await using site = await Site.open(filesOf(count, 100));
  const agent = await site.startAgent();
  await using relay = new LinkRelay(agent, { delayMs });
  const { code, pass } = await site.deliver({ agents: [relay.address] });
  assertEquals(code, 0);
  await assertServed(site, agent);
  const roundTrips = pass?.durationMs / (2 * delayMs);
  assert(roundTrips >= 4, `${roundTrips} round trips: the link is not long`);
  assert(roundTrips < count / 5, `${roundTrips} round trips`);
});

const missing = await missingForNamespace();

/** Tests with an agent behind a link of its own. */
function testBehindLink(
  name: string,
  link: Parameters<typeof NetworkNamespace.open>[0],
  work: (scene: {
    readonly site: Site;
    readonly agent: RunningAgent;
    readonly namespace: NetworkNamespace;
  }) => Promise<void>,
): void {
  const reason = missing === null ? "" : ` (skipped: ${missing})`;
  Deno.test({
    name: `${name}${reason}`,
    ignore: missing !== null,
    async fn() {
      await using namespace = await NetworkNamespace.open(link);
      await using site = await Site.open();
      const agent = await site.startAgent({
        host: namespace.insideAddress,
        whitelist: namespace.outsideAddress,
        starter: namespace.starter,
      });
      await work({ site, agent, namespace });
    },
  });
}

testBehindLink(
  "agent and keeper: finish over a link that is slow and lossy, and cut twice",
  { rateMbit: 20, lossPerMille: 20 },
  async ({ site, agent, namespace }) => {
    const [count, bytes] = [160, 32 * KB];
    await site.store(filesOf(count, bytes));
    const cutAfter = (connection: number) => connection < 2 ? 1.5 * MB : Infinity;
    await using relay = new LinkRelay(agent, { cutAfter, delayMs: 20 });
    const startedMs = performance.now();
    const keeper = await startKeeper(site, relay.address);
    await untilServed(keeper);
    const tookMs = performance.now() - startedMs;
    assertEquals(relay.cuts, 2);
    await assertServed(site, agent);
    const lost = await namespace.countLost();
    assert(lost > 0, "nothing was lost");
    const leastMs = count * bytes * 8 / 20_000;
    assert(tookMs > leastMs, `it took ${tookMs} ms, and the link ${leastMs} ms at best`);
  },
);

testBehindLink(
  "agent and keeper: go on in the same session when a link was dead for a while",
  { rateMbit: 20 },
  async ({ site, agent, namespace }) => {
    // It takes seconds, so that the link dies before all of it has come.
    await site.store({ big: sampleBytes(16 * MB) });
    const delivery = site.deliver({ agents: [agent.address] });
    await namespace.waitFor(() => namespace.countReceived(), 2 * MB);
    await namespace.setLoss(1_000);
    // Each time that what was lost is sent again takes twice as long as before.
    await namespace.waitFor(() => namespace.countLost(), 4);
    await namespace.setLoss(0);
    const { code, stderr } = await delivery;
    assertEquals(code, 0, stderr);
    await assertServed(site, agent);
    const sessions = await agent.program.waitForReports(1, ({ event }) => event === "delivery");
    assertEquals(sessions.length, 1);
  },
);
