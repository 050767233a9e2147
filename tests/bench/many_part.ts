/** A tree of 100,000 small files: how long it takes, and what both ends hold in memory. */
import {
  GUARD_TIMEOUT_MS,
  keeperArguments,
  type KeeperWork,
  makeVault,
  scriptOf,
  startAgent,
  untilWarm,
} from "./bench_programs.ts";
import { jsonLines } from "../support/followed_process.ts";
import { RunningProgram } from "../support/running_program.ts";
import type { Figure, PartOptions, PartReport } from "./figures.ts";
import { HAS_PROC, readCpuMs, readMemory } from "./processes.ts";

const TREE = { files: 100_000, folders: 1_000, bytes: 100 } as const;
/** The keeper is looked at while it rests between two passes. */
const POLLING_S = 3_600;

/** What a delivery took, and what the keeper held at most. */
interface Times {
  readonly passS: number;
  readonly keeperMb: number;
}

/** Delivers the tree once, and once more. */
export async function measureMany({ folder }: PartOptions): Promise<PartReport> {
  if (!HAS_PROC) return { figures: [], notes: ["many: left out, only Linux tells of memory."] };
  const vault = `${folder}/vault`;
  await makeVault(`${vault}/tree`, TREE);
  const agent = await startAgent(`${folder}/agent`);
  await using program = agent.program;
  const state = `${folder}/state`;
  const addresses = [agent.address];
  const work = { vault, managed: ["tree"], hasLoadout: true, addresses, state };
  await untilWarm([agent]);
  const first = await deliver(work);
  const firstMb = (await readMemory(program.pid)).peakMb;
  const firstMs = await readCpuMs(program.pid);
  await deliver(work);
  const before = await readCpuMs(program.pid);
  const idle = await deliver(work);
  const idleMs = await readCpuMs(program.pid) - before;
  const name = `${TREE.files} files of ${TREE.bytes} bytes`;
  const figures: readonly (readonly [string, Figure["unit"], number])[] = [
    ["first delivery, the pass", "s", first.passS],
    ["first delivery, computed by the agent", "s", firstMs / 1_000],
    ["no change, the pass", "s", idle.passS],
    ["no change, computed by the agent", "s", idleMs / 1_000],
    ["the most that the agent held, first delivery", "MB", firstMb],
    ["the most that the agent ever held", "MB", (await readMemory(program.pid)).peakMb],
    ["the most that the keeper held, first delivery", "MB", first.keeperMb],
    ["the most that the keeper held, no change", "MB", idle.keeperMb],
  ];
  return {
    figures: figures.map(([what, unit, value]) => ({
      what: `${name}: ${what}`,
      unit,
      values: [value],
    })),
    notes: ["many: one run each."],
  };
}

async function deliver(work: KeeperWork): Promise<Times> {
  const args = [...await keeperArguments(work), "--polling-interval", `${POLLING_S}`];
  await using keeper = new RunningProgram("keeper", {
    args,
    cwd: work.vault,
    script: scriptOf("keeper", "bundle"),
    guardTimeoutMs: GUARD_TIMEOUT_MS,
  });
  const { durationMs } = await keeper.waitForJson(({ type }) => type === "pass");
  const agent = jsonLines(keeper.stdout).find(({ type }) => type === "agent");
  if (agent?.["wanted"] !== true) {
    throw new Error(`not as wanted: ${keeper.stdout.slice(0, 2_000)}`);
  }
  return { passS: durationMs / 1_000, keeperMb: (await readMemory(keeper.pid)).peakMb };
}
