/**
 * Five thousand strangers at the door of an agent that lets their addresses in, while a keeper works.
 *
 * @module
 */
import { MAX_FAILED_ADDRESSES, MAX_LOG_SUBJECTS } from "../../agent/limits.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import { HAS_PROC, readMemory } from "../support/process_memory.ts";
import { hasManyLoopbacks, readTree, Site } from "../support/site.ts";
import { STRANGE_WORDS, Strangers } from "../support/strangers.ts";

/** How many come with each crowd. */
const STRANGERS = 2_500;
/** How many stay at once: more than there are places, and so few that all of them are heard. */
const CROWDS: readonly number[] = [300, 50];
/** From how many addresses they come: more than the agent tells apart. */
const ADDRESSES = Math.max(MAX_FAILED_ADDRESSES, MAX_LOG_SUBJECTS) + 226;
/** How many times as much memory the agent may need among them as before. */
const MAX_GROWTH = 2.5;
const INTERVAL_MS = 60_000;

/** Reads what the agent's log says of connections that came to no session. */
function readFailures(log: string): JsonLine[] {
  return jsonLines(log).filter(({ message }) => message === "connections came to no session");
}

/** Asserts that no address is named twice within a minute. */
function assertThrottled(lines: readonly JsonLine[]): void {
  const toldMs = new Map<string, number>();
  for (const { time, address } of lines) {
    const sinceMs = Date.parse(time) - (toldMs.get(address) ?? -Infinity);
    // The time of a line is that of another clock than the one that counts the minute.
    assert(sinceMs > INTERVAL_MS - 1_000, `${address} is named twice within ${sinceMs} ms`);
    toldMs.set(address, Date.parse(time));
  }
}

Deno.test({
  name: "agent: serves its keeper among five thousand strangers, and stays small",
  // With one address for all, the keeper would be one of the crowd.
  ignore: !hasManyLoopbacks(),
  fn: async () => {
    await using site = await Site.open({ "db.password": "0" });
    const agent = await site.startAgent({ whitelist: "127.0.0.0/8" });
    const deliver = async (version: number) => {
      await site.store({ "db.password": `${version}` });
      const run = await site.deliver({ agents: [agent.address] });
      const { created, updated } = run.agents.get(agent.address)?.counts ?? {};
      assertEquals([run.code, created + updated], [0, 1], run.stdout + run.stderr);
    };
    await deliver(1);
    const peakBytes = async () => HAS_PROC ? (await readMemory(agent.program.pid)).peakBytes : NaN;
    const peakBefore = await peakBytes();
    let version = 1;
    let count = 0;
    for (const atOnce of CROWDS) {
      await using strangers = new Strangers(agent, { atOnce, addresses: ADDRESSES });
      let hasFailed = false;
      const crowd = strangers.come(() => hasFailed || strangers.count >= STRANGERS);
      try {
        while (strangers.count < STRANGERS) await deliver(++version);
      } catch (error) {
        hasFailed = true;
        throw error;
      } finally {
        await crowd;
      }
      // Those who came last are still there.
      await deliver(++version);
      count += strangers.count;
    }
    await deliver(++version);
    const growth = await peakBytes() / peakBefore;
    if (HAS_PROC) assert(growth < MAX_GROWTH, `the agent needed ${growth} times as much memory`);
    assertEquals(await readTree(agent.files), await readTree(site.path("vault")));

    const before = readFailures(agent.program.stderr);
    const named = new Set(before.map(({ address }) => address));
    // One of them stands for all others.
    assert(named.size > MAX_LOG_SUBJECTS, `the log names ${named.size}`);
    assertThrottled(before);
    const { code, stderr } = await agent.program.stop();
    assertEquals(code, 0);
    const told = readFailures(stderr).reduce((sum, line) => sum + line.count, 0);
    assertEquals(told, count, "each is counted, the last when the agent stops");
    assert(!stderr.includes(STRANGE_WORDS), "the log repeats what a stranger says");
  },
});
