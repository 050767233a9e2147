/** A file of 4 GiB into an agent that the system gives 64 MB. */
import { runKeeper, startAgent, untilWarm } from "./bench_programs.ts";
import { openGroup, startConfined } from "./control_group.ts";
import type { PartOptions, PartReport } from "./figures.ts";
import { readMemory } from "./processes.ts";
import { writeLargeFile } from "./large_file_part.ts";

const LIMIT_BYTES = 64 * 2 ** 20;
const FILE_BYTES = 2 ** 32;

/** Delivers the file again and again, each time to a fresh agent. */
export async function measureConfined({ folder, runs }: PartOptions): Promise<PartReport> {
  const times: number[] = [];
  const peaks: number[] = [];
  const startPeaks: number[] = [];
  const residents: number[] = [];
  const vault = `${folder}/vault`;
  let managed: readonly string[] | null = null;
  for (let i = 0; i < runs; i++) {
    const group = await openGroup(`fluxvault-bench-${Deno.pid}-${i}`, { bytes: LIMIT_BYTES });
    if (typeof group === "string") return { figures: [], notes: [`confined: left out, ${group}.`] };
    await using _group = group;
    managed ??= [await writeLargeFile(vault, FILE_BYTES)];
    const agent = await startAgent(`${folder}/agent-${i}`, {
      start: (args) => startConfined(args, { group }),
    });
    await using _program = agent.program;
    await untilWarm([agent]);
    startPeaks.push(await group.readPeakMb());
    const work = { vault, managed, addresses: [agent.address], state: `${folder}/state-${i}` };
    times.push((await runKeeper(work)).wallMs / 1_000);
    peaks.push(await group.readPeakMb());
    residents.push((await readMemory(agent.program.pid)).peakMb);
    const { size } = await Deno.stat(`${agent.files}/${managed[0]}`);
    if (size !== FILE_BYTES) throw new Error(`the agent has ${size} bytes`);
    await agent.program.stop();
    await Deno.remove(agent.files, { recursive: true });
  }
  const list = (values: readonly number[]) => values.map((value) => value.toFixed(0)).join(", ");
  return {
    figures: [
      { what: "4 GiB into an agent in a 64 MB cgroup", unit: "s", values: times },
      { what: "the most that the agent itself held", unit: "MB", values: residents },
    ],
    notes: [
      `confined: ${times.length} of ${runs} survived; the group's peak, page cache and all: ` +
      `${list(peaks)} MB, before the delivery ${list(startPeaks)} MB.`,
    ],
  };
}
