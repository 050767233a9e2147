/**
 * Agent and keeper killed at random moments of many sessions: after each, every managed file is whole,
 * old or new, and the next pass repairs the rest.
 *
 * The moments are drawn from a seed, which is in the name of the test; `CRASH_SEED` sets
 * another.
 *
 * @module
 */
import { STAGE_PREFIX } from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readTree, type RunningAgent, sampleBytes, Site } from "../support/site.ts";
import { makeRandom } from "../support/seeded_random.ts";
import { WireTap, type WireUnit } from "../support/wire_tap.ts";

/** A sample with all tests; `CRASH_SESSIONS` asks for more, as `deno task test:crash` does. */
const SESSIONS = Number(Deno.env.get("CRASH_SESSIONS") ?? 24);
/** How many run side by side, each with a vault, an agent and a keeper of its own. */
const LANES = 4;
/** More than the most frames that a session has before its last words, in either direction. */
const MAX_MOMENT = 56;
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_261_122);

/** The files of one version: some small, some of several frames, one below a folder. */
function version(number: number): Record<string, Uint8Array<ArrayBuffer>> {
  const sizes = [10, 1_000, 65_536, 200_000, 1_100_000, 0];
  const names = ["a", "b", "c/d", "c/e", "big", "empty"];
  return Object.fromEntries(
    names.map((name, i) => [name, sampleBytes(sizes[i] ?? 0, number * 10 + i)]),
  );
}

interface Lane {
  readonly site: Site;
  readonly random: (below: number) => number;
  agent: RunningAgent;
}

/** What one crash did. */
interface Crash {
  /** Whose process was killed. */
  readonly victim: "agent" | "keeper";
  /** How many files of the old version were left. */
  readonly old: number;
  /** How many half-written files were left on the disk. */
  readonly staged: number;
}

/** Delivers a new version and kills one side at a random unit on the wire, or after the session. */
async function crashOnce(lane: Lane): Promise<Crash> {
  const { site, random } = lane;
  const before = await readTree(lane.agent.files);
  await site.store(version(1 + random(1_000_000)));
  const wanted = await readTree(site.path("vault"));
  const victim = random(2) === 0 ? "agent" : "keeper";
  const moment = random(MAX_MOMENT);
  let seen = 0;
  let kill = () => {};
  await using tap = new WireTap(lane.agent, {
    meddle: ({ bytes }: WireUnit) => {
      if (seen++ === moment) kill();
      return [bytes];
    },
  });
  const keeper = await site.startKeeper({
    agents: [tap.address],
    args: ["--run-once", "--first-use-limit", "9999"],
  });
  kill = () => (victim === "agent" ? lane.agent.program : keeper).kill("SIGKILL");
  await keeper.end;
  kill();
  await (victim === "agent" ? lane.agent.program : keeper).end;

  const after = Object.entries(await readTree(lane.agent.files));
  const files = after.filter(([path]) => !path.includes(STAGE_PREFIX));
  for (const [path, digest] of files) {
    assert(digest === before[path] || digest === wanted[path], `${path} is neither old nor new`);
  }
  for (const path of Object.keys(before)) assert(files.some(([other]) => other === path), path);
  return {
    victim,
    old: files.filter(([path, digest]) => digest !== wanted[path]).length,
    staged: after.length - files.length,
  };
}

async function repair(lane: Lane, { victim }: Crash): Promise<void> {
  const { site } = lane;
  if (victim === "agent") {
    const { port, fingerprint } = lane.agent;
    lane.agent = await site.startAgent({ port });
    assertEquals(lane.agent.fingerprint, fingerprint);
  }
  const run = await site.deliver({ agents: [lane.agent.address] });
  assertEquals(run.code, 0, run.stdout + run.stderr);
  // Nothing but the files: what was staged by a process that is gone is gone too.
  assertEquals(await readTree(lane.agent.files), await readTree(site.path("vault")));
}

Deno.test(`agent and keeper: leave whole files in ${SESSIONS} sessions that are killed, seed ${SEED}`, async () => {
  const crashes: Crash[] = [];
  let started = 0;
  await Promise.all(Array.from({ length: LANES }, async (_, index) => {
    await using site = await Site.open(version(0));
    const lane: Lane = { site, random: makeRandom(SEED + index), agent: await site.startAgent() };
    assertEquals((await site.deliver({ agents: [lane.agent.address] })).code, 0);
    while (started++ < SESSIONS) {
      const crash = await crashOnce(lane);
      crashes.push(crash);
      await repair(lane, crash);
    }
    assertEquals((await lane.agent.program.stop()).code, 0);
  }));
  assertEquals(crashes.length, SESSIONS);
  if (SESSIONS < 150) return;
  // The moments are spread: some before anything was written, some in the middle, some behind it.
  for (const victim of ["agent", "keeper"]) {
    const ofVictim = crashes.filter((crash) => crash.victim === victim);
    assert(ofVictim.some(({ old }) => old === 5), `no early end of the ${victim}`);
    assert(ofVictim.some(({ old }) => old > 0 && old < 5), `no end of the ${victim} between`);
    assert(ofVictim.some(({ old }) => old === 0), `no late end of the ${victim}`);
  }
  assert(crashes.some(({ staged }) => staged > 0), "no file was half-written");
});
