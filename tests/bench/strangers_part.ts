/** What thousands of strangers at its door cost an agent, and the keeper that comes among them. */
import { hasManyLoopbacks } from "../support/site.ts";
import { Strangers } from "../support/strangers.ts";
import {
  type BenchAgent,
  type KeeperWork,
  makeVault,
  runKeeper,
  startAgent,
  untilWarm,
} from "./bench_programs.ts";
import type { Figure, PartOptions, PartReport } from "./figures.ts";
import { HAS_PROC, readMemory, wait } from "./processes.ts";

/** How many come to each agent at least; they come for as long as the keeper does. */
const STRANGERS = 5_000;
const SESSIONS_PER_RUN = 10;
/** Between sessions the agent makes its next key, with strangers and without. */
const PAUSE_MS = 2_000;

/** What one agent and its keeper went through. */
interface Ordeal {
  /** How many strangers came. */
  readonly count: number;
  /** For how long, in seconds. */
  readonly seconds: number;
  /** What passes took without them, in milliseconds. */
  readonly calm: readonly number[];
  /** What passes took among them, in milliseconds. */
  readonly crowded: readonly number[];
  /** The agent's peak memory before they came, in MB. */
  readonly peakBefore: number;
  /** Its peak memory with them, in MB. */
  readonly peakAmong: number;
}

/** Measures passes of a keeper without strangers, then among them. */
export async function measureStrangers({ folder, runs }: PartOptions): Promise<PartReport> {
  if (!hasManyLoopbacks()) {
    return { figures: [], notes: ["strangers: left out, this machine has one loopback address."] };
  }
  const vault = `${folder}/vault`;
  const managed = await makeVault(vault, { files: 3, bytes: 1_024 });
  const ordeals: Ordeal[] = [];
  for (let i = 0; i < runs; i++) {
    const agent = await startAgent(`${folder}/agent-${i}`);
    await using _program = agent.program;
    const state = `${folder}/state-${i}`;
    ordeals.push(await goThrough(agent, { vault, managed, state, addresses: [agent.address] }));
  }
  return report(ordeals);
}

async function goThrough(agent: BenchAgent, work: KeeperWork): Promise<Ordeal> {
  // From now on the keeper's address is one that authenticated before.
  await runKeeper(work);
  await untilWarm([agent]);
  const calm = await runSessions(work);
  const peakBefore = await readPeak(agent);
  const { hostname: host, port } = new URL(`http://${agent.address}`);
  await using strangers = new Strangers({ host, port: Number(port) });
  let isOver = false;
  const startedMs = performance.now();
  const crowd = strangers.come(() => isOver && strangers.count >= STRANGERS);
  try {
    // The first are there before the keeper.
    await wait(PAUSE_MS);
    const crowded = await runSessions(work);
    const seconds = (performance.now() - startedMs) / 1_000;
    const peakAmong = await readPeak(agent);
    return { count: strangers.count, seconds, calm, crowded, peakBefore, peakAmong };
  } finally {
    isOver = true;
    await crowd;
  }
}

async function runSessions(work: KeeperWork): Promise<number[]> {
  const times: number[] = [];
  while (times.length < SESSIONS_PER_RUN) {
    times.push((await runKeeper(work)).passMs);
    await wait(PAUSE_MS);
  }
  return times;
}

/** Reads the most memory that an agent ever held, in MB. */
async function readPeak({ program }: BenchAgent): Promise<number> {
  return HAS_PROC ? (await readMemory(program.pid)).peakMb : NaN;
}

function report(ordeals: readonly Ordeal[]): PartReport {
  const passes = (of: "calm" | "crowded") => ordeals.flatMap((ordeal) => ordeal[of]);
  const worst = (of: "calm" | "crowded") => ordeals.map((ordeal) => Math.max(...ordeal[of]));
  const figures: Figure[] = [
    {
      what: "pass among strangers",
      unit: "ms",
      values: passes("crowded"),
      base: { what: "without them", values: passes("calm") },
    },
    {
      what: "the worst of ten passes",
      unit: "ms",
      values: worst("crowded"),
      base: { what: "without them", values: worst("calm") },
    },
  ];
  if (HAS_PROC) {
    figures.push({
      what: "peak memory of the agent",
      unit: "MB",
      values: ordeals.map(({ peakAmong }) => peakAmong),
      base: { what: "before they came", values: ordeals.map(({ peakBefore }) => peakBefore) },
    });
  }
  const notes = ordeals.map(({ count, seconds }) =>
    `strangers: ${count} came in ${seconds.toFixed(0)} s, from this machine, which they keep busy.`
  );
  return { figures, notes };
}
