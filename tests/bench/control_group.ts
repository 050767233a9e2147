/** Control groups of Linux: what the system gives to a process. */
import { RunningProgram } from "../support/running_program.ts";
import { GUARD_TIMEOUT_MS, scriptOf } from "./bench_programs.ts";

/** What the processes of a group get. */
export interface GroupLimits {
  /** The memory, page cache and all, in bytes. */
  readonly bytes: number;
  /** The share of one processor; no limit where it is not given. */
  readonly processorShare?: number;
}

/** A control group that limits what its processes get. */
export interface ControlGroup extends AsyncDisposable {
  /** The files into which a process writes itself. */
  readonly members: readonly string[];
  /** Reads the most memory that was used at once, in MB. */
  readPeakMb(): Promise<number>;
}

/** Where a version of control groups has what. */
interface GroupFiles {
  readonly memory: string;
  readonly limit: string;
  readonly swap: string;
  readonly peak: string;
  /** The folder for processor time, where it is one of its own. */
  readonly processor: string;
  /** What to write into which file for a share of a processor. */
  readonly share: (share: number) => Readonly<Record<string, string>>;
}

const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;

function versions(name: string): GroupFiles[] {
  return [
    {
      memory: `${ROOT}/memory/${name}`,
      limit: "memory.limit_in_bytes",
      swap: "memory.memsw.limit_in_bytes",
      peak: "memory.max_usage_in_bytes",
      processor: `${ROOT}/cpu/${name}`,
      share: (share) => ({
        "cpu.cfs_period_us": `${PERIOD_US}`,
        "cpu.cfs_quota_us": `${PERIOD_US * share}`,
      }),
    },
    {
      memory: `${ROOT}/${name}`,
      limit: "memory.max",
      swap: "memory.swap.max",
      peak: "memory.peak",
      processor: `${ROOT}/${name}`,
      share: (share) => ({ "cpu.max": `${PERIOD_US * share} ${PERIOD_US}` }),
    },
  ];
}

async function makeGroup(files: GroupFiles, limits: GroupLimits): Promise<ControlGroup> {
  const folders = [files.memory];
  if (limits.processorShare !== undefined && files.processor !== files.memory) {
    folders.push(files.processor);
  }
  const removeAll = async () => {
    for (const folder of folders) await Deno.remove(folder).catch(() => {});
  };
  try {
    for (const folder of folders) await Deno.mkdir(folder);
    await Deno.writeTextFile(`${files.memory}/${files.limit}`, `${limits.bytes}`);
    // Not every kernel counts swap; where there is none, nothing is lost.
    const swap = files.swap.includes("memsw") ? `${limits.bytes}` : "0";
    await Deno.writeTextFile(`${files.memory}/${files.swap}`, swap).catch(() => {});
    const shares = limits.processorShare === undefined ? {} : files.share(limits.processorShare);
    for (const [name, text] of Object.entries(shares)) {
      await Deno.writeTextFile(`${files.processor}/${name}`, text);
    }
  } catch (error) {
    await removeAll();
    throw error;
  }
  return {
    members: folders.map((folder) => `${folder}/cgroup.procs`),
    async readPeakMb(): Promise<number> {
      return Number(await Deno.readTextFile(`${files.memory}/${files.peak}`)) / 2 ** 20;
    },
    [Symbol.asyncDispose]: removeAll,
  };
}

/** Makes a group; returns why there is none where there is none. */
export async function openGroup(name: string, limits: GroupLimits): Promise<ControlGroup | string> {
  if (Deno.build.os !== "linux") return "only Linux has control groups";
  for (const files of versions(name)) {
    try {
      return await makeGroup(files, limits);
    } catch {
      // Another version of control groups, or no right to make one.
    }
  }
  return "no control group can be made here (it takes root)";
}

/** Returns the shell's command to become a process of a group. */
function joining(group: ControlGroup): string {
  return group.members.map((file) => `echo $$ > ${file}`).join(" && ");
}

/** Starts an agent from its bundle as a process of a group. */
export function startConfined(
  args: readonly string[],
  { group, deno, variables = {} }: {
    readonly group: ControlGroup;
    /** The Deno that runs it. @default this one */
    readonly deno?: string;
    readonly variables?: Readonly<Record<string, string>>;
  },
): RunningProgram {
  const start = deno === undefined ? 'exec "$0" "$@"' : `exec '${deno}' "$@"`;
  return new RunningProgram("agent", {
    args,
    cwd: "/",
    variables,
    guardTimeoutMs: GUARD_TIMEOUT_MS,
    script: scriptOf("agent", "bundle"),
    starter: ["sh", "-c", `${joining(group)} && ${start}`],
  });
}
