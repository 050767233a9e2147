/**
 * Agent and keeper killed at random moments while whole trees are delivered, wiped, and expire: after each
 * kill everything is old or new, and the next delivery leaves exactly what is declared.
 *
 * What is declared has folders of every strategy, a set, files that are large, written over, leased and
 * taken back; it all changes from round to round, at the agent as well. Everything that can be drawn is
 * drawn from a seed, which is in the name of the test; `CRASH_SEED` sets another.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { generatePrivateKey } from "../../flux/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { CrashCounts } from "../support/crash_counts.ts";
import { CrashLane } from "../support/crash_lane.ts";
import { CrashRounds } from "../support/crash_rounds.ts";
import { makeRandom } from "../support/seeded_random.ts";

/** A sample with all tests; `CRASH_SESSIONS` asks for more. */
const ROUNDS = Number(Deno.env.get("CRASH_SESSIONS") ?? 4);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_261_203);
const LANES = 2;

/** What must have been met in many rounds: else they do not hit what they are for. */
const KINDS = [
  "a part of the large file was kept",
  "a left-over generation",
  "a left-over stage",
];

Deno.test(
  `agent and keeper: leave whole trees in ${ROUNDS} rounds in which they are killed, seed ${SEED}`,
  { ignore: Deno.build.os === "windows" },
  async () => {
    const counts = new CrashCounts();
    let started = 0;
    try {
      await Promise.all(Array.from({ length: LANES }, async (_, index) => {
        // One keeper signs and one does not.
        const key = index === 0 ? generatePrivateKey() : null;
        await using lane = await CrashLane.open(makeRandom(SEED + index), key);
        const rounds = new CrashRounds(lane, counts);
        await rounds.begin();
        while (started++ < ROUNDS) await rounds.round();
        await lane.stop("SIGTERM");
        await lane.checkKeeperState();
      }));
      assertEquals(counts.rounds, ROUNDS);
    } finally {
      console.log(`${counts}`);
    }
    if (ROUNDS >= 100) counts.check(KINDS);
  },
);
