/** How long the programs take to start, and what memory they hold when there is nothing to do. */
import { RunningProgram } from "../support/running_program.ts";
import {
  type BenchAgent,
  keeperArguments,
  type KeeperWork,
  makeVault,
  PROGRAM_VARIABLES,
  type ProgramForm,
  runKeeper,
  scriptOf,
  startAgent,
  Started,
  untilWarm,
} from "./bench_programs.ts";
import type { Figure, PartOptions, PartReport } from "./figures.ts";
import { HAS_PROC, type Memory, readMemory, wait } from "./processes.ts";

const FORMS: readonly ProgramForm[] = ["bundle", "source"];
const IDLE_AFTER_MS = 2_000;

/** Measures starts and memory. */
export async function measureStart({ folder, runs }: PartOptions): Promise<PartReport> {
  const vault = `${folder}/vault`;
  const managed = await makeVault(vault, { files: 3, bytes: 1_024 });
  const figures = await measureListening(folder, runs);
  const agent = await startAgent(`${folder}/agent`);
  await using _program = agent.program;
  const work = { vault, managed, addresses: [agent.address], state: `${folder}/state` };
  figures.push(...await measureKeeper(agent, work, runs));
  if (!HAS_PROC) return { figures, notes: ["start: this system does not tell memory."] };
  figures.push(...await measureMemory(folder, work, agent));
  return {
    figures,
    notes: [
      "start: idle is two seconds after the start, before any session; used is after some.",
      "start: most of it are pages of the Deno executable, which processes share and the system drops.",
    ],
  };
}

async function listenBare(folder: string): Promise<RunningProgram> {
  const script = "tests/bench/raw_tcp.ts";
  const start = { args: ["answer"], cwd: folder, script, variables: PROGRAM_VARIABLES };
  const bare = new RunningProgram("agent", start);
  await bare.waitForJson(({ event }) => event === "listening");
  return bare;
}

async function measureListening(folder: string, runs: number): Promise<Figure[]> {
  const times: Record<ProgramForm | "bare", number[]> = { bundle: [], source: [], bare: [] };
  // One more than is counted: the first start of each fills the runtime's caches.
  for (let i = 0; i <= runs; i++) {
    const startedMs = performance.now();
    await using _bare = await listenBare(folder);
    times.bare.push(performance.now() - startedMs);
    for (const form of FORMS) {
      const { program, startMs } = await startAgent(`${folder}/agent-start`, { form });
      await program.stop();
      times[form].push(startMs);
    }
  }
  return FORMS.map((form) => ({
    what: `agent from the ${form}, until it listens`,
    unit: "ms",
    values: times[form].slice(1),
    base: { what: "bare Deno listener", values: times.bare.slice(1) },
  }));
}

async function measureKeeper(
  agent: BenchAgent,
  work: KeeperWork,
  runs: number,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const form of FORMS) {
    const values: number[] = [];
    for (let i = 0; i <= runs; i++) {
      await untilWarm([agent]);
      values.push((await runKeeper({ ...work, form })).wallMs);
    }
    figures.push({
      what: `keeper --run-once from the ${form}, one agent, no change`,
      unit: "ms",
      values: values.slice(1),
      ...(form === "bundle" ? { aim: 150 } : {}),
    });
  }
  return figures;
}

async function measureMemory(
  folder: string,
  work: KeeperWork,
  used: BenchAgent,
): Promise<Figure[]> {
  await using programs = new Started();
  const bare = programs.add(await listenBare(folder));
  const running: [name: string, pid: number][] = [
    ["used agent from the bundle", used.program.pid],
  ];
  for (const form of FORMS) {
    const { program } = await startAgent(`${folder}/idle-agent-${form}`, { form });
    programs.add(program);
    running.push([`agent from the ${form}, idle`, program.pid]);
    const script = scriptOf("keeper", form);
    const args = await keeperArguments({ ...work, state: `${folder}/idle-keeper-${form}` });
    const start = { args, cwd: folder, script, variables: PROGRAM_VARIABLES };
    const keeper = programs.add(new RunningProgram("keeper", start));
    await keeper.waitForJson(({ type }) => type === "pass");
    running.push([`keeper from the ${form}, after a pass`, keeper.pid]);
  }
  await wait(IDLE_AFTER_MS);
  const base = await readMemory(bare.pid);
  const memories = await Promise.all(running.map(([, pid]) => readMemory(pid)));
  return running.map(([what], i) => memoryFigure(what, memories[i] ?? base, base));
}

function memoryFigure(what: string, memory: Memory, base: Memory): Figure {
  return {
    what: `${what} (peak ${memory.peakMb.toFixed(1)} MB)`,
    unit: "MB",
    values: [memory.residentMb],
    base: { what: "bare Deno listener", values: [base.residentMb] },
    ...(what.startsWith("agent from the bundle") ? { aim: 50 } : {}),
  };
}
