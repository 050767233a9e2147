/** A pass over 20 and over 200 agents that have nothing to do, with their keys made ahead. */
import { hasManyLoopbacks } from "../support/site.ts";
import { RunningProgram } from "../support/running_program.ts";
import {
  type KeeperTimes,
  makeVault,
  runKeeper,
  startAgent,
  startAgentHost,
  Started,
  untilWarm,
} from "./bench_programs.ts";
import { type Figure, type PartOptions, type PartReport, timeRuns } from "./figures.ts";
import { HAS_PROC } from "./processes.ts";

const SMALL_FLEET = 20;
const HOSTS = 4;
const AGENTS_PER_HOST = 50;
/** What a pass of the original took over 20 agents: measured once, elsewhere, one after the other. */
const ORIGINAL_PASS = { what: "original, recorded", values: [8_000] };

/** Connects to a bare listener so many times at once, and takes a byte from each connection. */
async function connectAll(port: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.read(new Uint8Array(1));
  }));
}

/** Measures passes. */
export async function measureFleet({ folder, runs }: PartOptions): Promise<PartReport> {
  const vault = `${folder}/vault`;
  const managed = await makeVault(vault, { files: 3, bytes: 1_024 });
  await using bare = new RunningProgram("agent", {
    args: ["answer"],
    cwd: folder,
    script: "tests/bench/raw_tcp.ts",
  });
  const { port } = await bare.waitForJson(({ event }) => event === "listening");
  const figures = [
    ...await measureRealAgents({ folder, runs, vault, managed, port }),
    ...await measureHostedAgents({ folder, runs, vault, managed, port }),
  ];
  return {
    figures,
    notes: [
      "fleet: the original's 8 s for 20 agents is a recorded figure, not run here.",
      `fleet: the ${
        HOSTS * AGENTS_PER_HOST
      } agents live in ${HOSTS} processes, on this machine too.`,
      ...(HAS_PROC ? [] : ["fleet: this system does not tell what a process computed."]),
    ],
  };
}

interface FleetOptions extends PartOptions {
  readonly vault: string;
  readonly managed: readonly string[];
  /** The port of the bare listener. */
  readonly port: number;
}

/** Twenty agent programs, each a process with an address of its own. */
async function measureRealAgents(options: FleetOptions): Promise<Figure[]> {
  const { folder, runs, vault, managed, port } = options;
  await using programs = new Started();
  const hasMany = hasManyLoopbacks();
  const agents = await Promise.all(Array.from({ length: SMALL_FLEET }, async (_, i) => {
    const host = hasMany ? `127.0.0.${i + 2}` : "127.0.0.1";
    const agent = await startAgent(`${folder}/agent-${i}`, { host });
    programs.add(agent.program);
    return agent;
  }));
  const addresses = agents.map(({ address }) => address);
  const work = { vault, managed, addresses, state: `${folder}/state-real` };
  await untilWarm(agents);
  await runKeeper(work);
  const times: KeeperTimes[] = [];
  for (let i = 0; i < runs; i++) {
    await untilWarm(agents);
    times.push(await runKeeper(work));
  }
  const connects = await timeRuns(runs, () => connectAll(port, SMALL_FLEET));
  const passes = times.map(({ passMs }) => passMs);
  return [
    {
      what: "pass over 20 agent processes",
      unit: "ms",
      values: passes,
      base: ORIGINAL_PASS,
      aim: 400,
    },
    {
      what: "the same, with the keeper's start and end",
      unit: "ms",
      values: times.map(({ wallMs }) => wallMs),
      base: ORIGINAL_PASS,
      aim: 400,
    },
    {
      what: "the same pass",
      unit: "ms",
      values: passes,
      base: { what: "20 raw TCP connections", values: connects },
    },
  ];
}

/** Two hundred agents, and twenty of them, so that the difference is what an agent costs. */
async function measureHostedAgents(options: FleetOptions): Promise<Figure[]> {
  const { folder, runs, vault, managed, port } = options;
  await using programs = new Started();
  const hosts = await Promise.all(Array.from({ length: HOSTS }, async (_, i) => {
    const host = await startAgentHost(`${folder}/host-${i}`, AGENTS_PER_HOST);
    programs.add(host.program);
    return host;
  }));
  const all = hosts.flatMap(({ addresses }) => addresses);
  const large = { vault, managed, addresses: all, state: `${folder}/state-hosted` };
  const small = { ...large, addresses: all.slice(0, SMALL_FLEET) };
  await runKeeper(large);
  const pairs: { readonly few: KeeperTimes; readonly many: KeeperTimes }[] = [];
  for (let i = 0; i < runs; i++) {
    pairs.push({ few: await runKeeper(small), many: await runKeeper(large) });
  }
  const connects = await timeRuns(runs, () => connectAll(port, all.length));
  const figures: Figure[] = [{
    what: `pass over ${all.length} agents`,
    unit: "ms",
    values: pairs.map(({ many }) => many.passMs),
    base: { what: `${all.length} raw TCP connections`, values: connects },
  }];
  if (HAS_PROC) {
    figures.push({
      what: "keeper CPU per unchanged agent",
      unit: "ms",
      values: pairs.map(({ few, many }) => (many.cpuMs - few.cpuMs) / (all.length - SMALL_FLEET)),
      aim: 3,
    });
  }
  return figures;
}
