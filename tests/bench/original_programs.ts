/** Both ends of the original's wire as the bench runs them: ours, and the stand-ins in Python. */
import { PythonNode, PythonProgram } from "../interop/original/python_programs.ts";
import { jsonLines } from "../support/followed_process.ts";
import { RunningProgram } from "../support/running_program.ts";
import {
  type BenchAgent,
  keeperArguments,
  type KeeperWork,
  scriptOf,
  startAgent,
} from "./bench_programs.ts";
import { readChildrenCpuMs, readMemory, wait } from "./processes.ts";

/** Debian's module is for Debian's Python alone, so that one comes first. */
const PYTHONS = ["/usr/bin/python3", "python3"];
/** What takes this long hangs, and is ended; a node outlives many sessions. */
const GUARD_TIMEOUT_MS = 300_000;
const MEMORY_INTERVAL_MS = 20;
/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10;

/** Returns a Python that can run the stand-ins, or `null`. */
export async function findPython(): Promise<string | null> {
  for (const python of [Deno.env.get("ORIGINAL_PYTHON") ?? "", ...PYTHONS]) {
    if (python === "") continue;
    const args = ["-c", "import Cryptodome"];
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    try {
      if ((await new Deno.Command(python, { args, ...quiet }).spawn().status).success) {
        return python;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** Starts Python nodes and waits until they listen. */
export async function startNodes(python: string, start: {
  /** The folder of one, or that of the folders of many, which are called by number. */
  readonly folder: string;
  /** What they ask for. */
  readonly files: readonly string[];
  /** How many there are; `undefined` is one. */
  readonly count?: number;
  /** Whether a key is made for each session, as the original does, or one ahead. */
  readonly makesKeys: boolean;
}): Promise<PythonNode> {
  return await PythonNode.start({ ...start, python, guardTimeoutMs: GUARD_TIMEOUT_MS });
}

/** What a program that runs to its end took. */
export interface Spent {
  /** The whole process, in milliseconds. */
  readonly wallMs: number;
  /** What it computed, in milliseconds. */
  readonly cpuMs: number;
  /** The most memory that it held, in MB. */
  readonly peakMb: number;
}

/** Reads what memory a process has held at most, again and again until it has ended. */
async function watchPeak(pid: number, end: Promise<unknown>): Promise<number> {
  let peakMb = 0;
  let hasEnded = false;
  const stop = () => hasEnded = true;
  end.then(stop, stop);
  while (!hasEnded) {
    try {
      // One that is gone but not yet waited for tells no memory.
      peakMb = Math.max(peakMb, (await readMemory(pid)).peakMb || 0);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      break;
    }
    await wait(MEMORY_INTERVAL_MS);
  }
  return peakMb;
}

/** Returns how long a process has computed, in milliseconds. */
export async function readCpuMs(pid: number): Promise<number> {
  const line = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The second field is a name in brackets, which may hold anything; these are the 14th and 15th.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Runs a process to its end, which has to be a success; no other may end meanwhile. */
async function spend(
  start: () => {
    readonly pid: number;
    readonly end: Promise<{ readonly code: number; readonly stderr: string }>;
    readonly stdout: string;
  },
): Promise<Spent & { readonly stdout: string }> {
  const cpuMs = await readChildrenCpuMs();
  const startedMs = performance.now();
  const program = start();
  const peak = watchPeak(program.pid, program.end);
  const { code, stderr } = await program.end;
  const wallMs = performance.now() - startedMs;
  if (code !== 0) throw new Error(`a program ended with ${code}: ${stderr}${program.stdout}`);
  const peakMb = await peak;
  return { wallMs, cpuMs: await readChildrenCpuMs() - cpuMs, peakMb, stdout: program.stdout };
}

/** Runs a Python vault; throws unless every session is complete. */
export async function runVault(python: string, work: {
  /** The folder of the files. */
  readonly folder: string;
  /** Whom to dial, one after another. */
  readonly addresses: readonly string[];
  /** How often. @default {1} */
  readonly sessions?: number;
}): Promise<Spent & { readonly sessionsMs: readonly number[] }> {
  const { folder, addresses, sessions = 1 } = work;
  const args = ["--dir", folder, "--hosts", addresses.join(","), "--sessions", `${sessions}`];
  const runner = { python, guardTimeoutMs: GUARD_TIMEOUT_MS };
  const spent = await spend(() => new PythonProgram("vault.py", args, runner));
  return { ...spent, sessionsMs: jsonLines(spent.stdout).map(({ seconds }) => seconds * 1_000) };
}

/** Runs our keeper once over the original's wire; throws unless every node has its files. */
export async function runOriginalKeeper(work: KeeperWork): Promise<Spent> {
  const args = ["--run-once", "--wire=original", ...await keeperArguments(work)];
  return await spend(() =>
    new RunningProgram("keeper", {
      args,
      cwd: work.vault,
      script: scriptOf("keeper", work.form ?? "bundle"),
    })
  );
}

/** Starts our agent, which lets in a vault of the original from this machine. */
export async function startOriginalAgent(
  folder: string,
  files: readonly string[],
): Promise<BenchAgent> {
  return await startAgent(folder, {
    start: (args) =>
      new RunningProgram("agent", {
        args: [...args, "--original-wire=127.0.0.1", `--files=${files.join(",")}`],
        cwd: folder,
        script: scriptOf("agent", "bundle"),
      }),
  });
}
