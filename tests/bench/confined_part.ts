/** A file of 4 GiB into an agent that the system gives 64 MB. */
import { RunningProgram } from "../support/running_program.ts";
import { GUARD_TIMEOUT_MS, runKeeper, startAgent, untilWarm } from "./bench_programs.ts";
import type { PartOptions, PartReport } from "./figures.ts";
import { readMemory } from "./processes.ts";
import { writeLargeFile } from "./large_file_part.ts";

const LIMIT_BYTES = 64 * 2 ** 20;
const FILE_BYTES = 2 ** 32;

/** A control group of Linux that limits memory. */
interface MemoryGroup extends AsyncDisposable {
  /** The file into which a process writes itself. */
  readonly members: string;
  /** Reads the most that was used at once, in MB. */
  readPeakMb(): Promise<number>;
}

async function makeGroup(
  folder: string,
  files: { readonly limit: string; readonly swap: string; readonly peak: string },
): Promise<MemoryGroup> {
  await Deno.mkdir(folder);
  try {
    await Deno.writeTextFile(`${folder}/${files.limit}`, `${LIMIT_BYTES}`);
  } catch (error) {
    await Deno.remove(folder);
    throw error;
  }
  // Not every kernel counts swap; where there is none, nothing is lost.
  const swap = files.swap.includes("memsw") ? `${LIMIT_BYTES}` : "0";
  await Deno.writeTextFile(`${folder}/${files.swap}`, swap).catch(() => {});
  return {
    members: `${folder}/cgroup.procs`,
    async readPeakMb(): Promise<number> {
      return Number(await Deno.readTextFile(`${folder}/${files.peak}`)) / 2 ** 20;
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder),
  };
}

/** Makes a group; returns why there is none where there is none. */
async function openGroup(name: string): Promise<MemoryGroup | string> {
  if (Deno.build.os !== "linux") return "only Linux has control groups";
  const root = "/sys/fs/cgroup";
  const attempts = [
    {
      folder: `${root}/memory/${name}`,
      limit: "memory.limit_in_bytes",
      swap: "memory.memsw.limit_in_bytes",
      peak: "memory.max_usage_in_bytes",
    },
    {
      folder: `${root}/${name}`,
      limit: "memory.max",
      swap: "memory.swap.max",
      peak: "memory.peak",
    },
  ];
  for (const { folder, ...files } of attempts) {
    try {
      return await makeGroup(folder, files);
    } catch {
      // Another version of control groups, or no right to make one.
    }
  }
  return "no control group for memory can be made here (it takes root)";
}

/** Delivers the file again and again, each time to a fresh agent. */
export async function measureConfined({ folder, runs }: PartOptions): Promise<PartReport> {
  const times: number[] = [];
  const peaks: number[] = [];
  const startPeaks: number[] = [];
  const residents: number[] = [];
  const vault = `${folder}/vault`;
  let managed: readonly string[] | null = null;
  for (let i = 0; i < runs; i++) {
    const group = await openGroup(`fluxvault-bench-${Deno.pid}-${i}`);
    if (typeof group === "string") return { figures: [], notes: [`confined: left out, ${group}.`] };
    await using _group = group;
    managed ??= [await writeLargeFile(vault, FILE_BYTES)];
    const agent = await startAgent(`${folder}/agent-${i}`, {
      start: (args) => confine(args, group),
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

/** Starts the agent as a process of the group. */
function confine(args: readonly string[], group: MemoryGroup): RunningProgram {
  return new RunningProgram("agent", {
    args,
    cwd: "/",
    guardTimeoutMs: GUARD_TIMEOUT_MS,
    script: "dist/bin/fluxvault-agent.js",
    starter: ["sh", "-c", `echo $$ > ${group.members} && exec "$0" "$@"`],
  });
}
