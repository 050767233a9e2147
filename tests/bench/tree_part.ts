/** A tree of many small files beside rsync over ssh: the time, what both ends compute, and the wire. */
import { LinkRelay } from "../support/link_relay.ts";
import { jsonLines } from "../support/followed_process.ts";
import { RunningProgram } from "../support/running_program.ts";
import {
  type BenchAgent,
  keeperArguments,
  type KeeperWork,
  makeVault,
  runKeeper,
  scriptOf,
  startAgent,
  Started,
  untilWarm,
} from "./bench_programs.ts";
import type { Figure, PartOptions, PartReport, Unit } from "./figures.ts";
import { readChildrenCpuMs, readCpuMs, untilChildless } from "./processes.ts";
import { isInstalled, runTool, SshServer } from "./ssh_server.ts";

const TREE = { files: 10_000, folders: 100, bytes: 1_024 } as const;
const FOLDER = "tree";
const CHANGED_FILE = `${FOLDER}/d50/f5050`;
/** What is copied: all, then nothing twice, then one file. */
const STAGES = ["first copy", "no change, first time", "no change", "one change"] as const;
const POLLING_S = 5;
const RESIDENT_TURNS = 3;

type Stage = typeof STAGES[number];
type Measure = "wall" | "computed" | "wire";

/** What a copy cost. */
interface Cost {
  readonly wall: number;
  readonly computed: number;
}

/** Brings a tree to the other end. */
interface Copier {
  copy(): Promise<Cost>;
}

/** What was measured, in the order of the runs. */
class Costs {
  readonly #values = new Map<string, number[]>();

  add(stage: Stage, measure: Measure, value: number): void {
    const key = `${stage} ${measure}`;
    this.#values.set(key, [...this.#values.get(key) ?? [], value]);
  }

  of(stage: Stage, measure: Measure): readonly number[] {
    return this.#values.get(`${stage} ${measure}`) ?? [];
  }
}

/** The keeper, run once, and an agent. */
class OurCopier implements Copier {
  readonly #agent: BenchAgent;
  readonly #work: KeeperWork;

  constructor(agent: BenchAgent, work: KeeperWork) {
    this.#agent = agent;
    this.#work = work;
  }

  async copy(): Promise<Cost> {
    await untilWarm([this.#agent]);
    const before = await readCpuMs(this.#agent.program.pid);
    const { wallMs, cpuMs } = await runKeeper(this.#work);
    // The agent makes its next key a second later, which is the cost of a connection too.
    await untilWarm([this.#agent]);
    const agentMs = await readCpuMs(this.#agent.program.pid) - before;
    return { wall: wallMs, computed: cpuMs + agentMs };
  }
}

/** The way of rsync to a folder. */
interface RsyncTarget {
  readonly vault: string;
  readonly folder: string;
  readonly shell: string;
}

class RsyncCopier implements Copier {
  readonly #ssh: SshServer;
  readonly #args: readonly string[];

  constructor(ssh: SshServer, { vault, folder, shell }: RsyncTarget) {
    this.#ssh = ssh;
    this.#args = ["-a", "--delete", "--fsync", "-e", shell, `${vault}/`, `${ssh.host}:${folder}/`];
  }

  async copy(): Promise<Cost> {
    const { pid } = this.#ssh;
    const before = await readCpuMs(pid) + await readChildrenCpuMs();
    const startedMs = performance.now();
    await runTool("rsync", this.#args);
    const wall = performance.now() - startedMs;
    await untilChildless(pid);
    return { wall, computed: await readCpuMs(pid) + await readChildrenCpuMs() - before };
  }
}

/** One of the two beside each other, and the relay by which its bytes are counted. */
interface Pair {
  readonly copier: Copier;
  readonly costs: Costs;
  readonly relay: LinkRelay;
}

/** Measures the tree. */
export async function measureTree({ folder, runs }: PartOptions): Promise<PartReport> {
  await using programs = new Started();
  const started = await startRsync(`${folder}/ssh`);
  const ssh = typeof started === "string" ? null : programs.add(started);
  const vault = `${folder}/vault`;
  await makeVault(`${vault}/${FOLDER}`, TREE);
  const ours = new Costs();
  const theirs = new Costs();
  // The bytes are counted in a run of their own: a relay takes time, and computes.
  for (let i = 0; i <= runs; i++) {
    const isCounted = i === runs;
    await using ends = new Started();
    const agent = await startAgent(`${folder}/agent-${i}`);
    ends.add(agent.program);
    const agentRelay = ends.add(new LinkRelay(targetOf(agent.address)));
    const addresses = [isCounted ? agentRelay.address : agent.address];
    const work = { ...declared(vault), addresses, state: `${folder}/state-${i}` };
    const pairs: Pair[] = [{ copier: new OurCopier(agent, work), costs: ours, relay: agentRelay }];
    if (ssh !== null) {
      const relay = ends.add(new LinkRelay({ host: "127.0.0.1", port: ssh.port }));
      const shell = ssh.rsyncShellBy(isCounted ? relay.port : ssh.port);
      const target = { vault, folder: `${folder}/rsync-${i}`, shell };
      pairs.push({ copier: new RsyncCopier(ssh, target), costs: theirs, relay });
    }
    for (const stage of STAGES) {
      if (stage === "one change") await changeOne(vault);
      for (const { copier, costs, relay } of pairs) {
        const before = relay.toAgent + relay.toKeeper;
        const { wall, computed } = await copier.copy();
        const bytes = relay.toAgent + relay.toKeeper - before;
        if (isCounted) costs.add(stage, "wire", bytes / 1_000);
        else {
          costs.add(stage, "wall", wall);
          costs.add(stage, "computed", computed);
        }
      }
    }
  }
  const resident = await measureResident(`${folder}/resident`, vault);
  return {
    figures: [...figuresOf(ours, ssh === null ? null : theirs), ...resident],
    notes: [
      "tree: computed is user and system time of both ends; the keeper is run once each time, and " +
      "its agent makes a new key after each connection. The wire is counted in one more run.",
      ...(typeof started === "string" ? [`tree: no rsync beside it: ${started}`] : []),
    ],
  };
}

/** Declares the tree as one folder: what is in it and not in the vault goes. */
function declared(vault: string): Pick<KeeperWork, "vault" | "managed" | "hasLoadout"> {
  return { vault, managed: [FOLDER], hasLoadout: true };
}

async function startRsync(folder: string): Promise<SshServer | string> {
  if (!await isInstalled("rsync")) return "it is not installed.";
  const { stdout } = await new Deno.Command("rsync", { args: ["--help"] }).output();
  if (!new TextDecoder().decode(stdout).includes("--fsync")) {
    return "this one syncs nothing to disk; the agent does.";
  }
  return await SshServer.start(folder);
}

function targetOf(address: string): { readonly host: string; readonly port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}

async function changeOne(vault: string): Promise<void> {
  const bytes = crypto.getRandomValues(new Uint8Array(TREE.bytes));
  await Deno.writeFile(`${vault}/${CHANGED_FILE}`, bytes);
}

function figuresOf(ours: Costs, theirs: Costs | null): Figure[] {
  const measures: readonly (readonly [Measure, Unit, readonly number[]])[] = [
    ["wall", "ms", [1, 1, 1, 1]],
    ["computed", "ms", [1, 1, 1, 1]],
    ["wire", "KB", [1, 1, 1, 2]],
  ];
  const { files } = TREE;
  return measures.flatMap(([measure, unit, aims]) =>
    STAGES.map((stage, i): Figure => {
      const what = `${files} files of 1 KB, ${stage}: ${measure}`;
      const values = ours.of(stage, measure);
      if (theirs === null) return { what, unit, values };
      const base = { what: "rsync --fsync", values: theirs.of(stage, measure) };
      return { what, unit, values, base, aimRatio: aims[i] ?? 1 };
    })
  );
}

/** A keeper that goes on: what it read of the vault before, it knows. */
async function measureResident(folder: string, vault: string): Promise<Figure[]> {
  const agent = await startAgent(`${folder}/agent`);
  await using _agent = agent.program;
  const work = { ...declared(vault), addresses: [agent.address], state: `${folder}/state` };
  const args = [...await keeperArguments(work), "--polling-interval", `${POLLING_S}`];
  const script = scriptOf("keeper", "bundle");
  await using keeper = new RunningProgram("keeper", { args, cwd: vault, script });
  // A pass that finds the agent in the hands of another has nothing to tell.
  const turns = () => jsonLines(keeper.stdout).filter(({ type }) => type === "agent");
  const wait = async (count: number): Promise<readonly number[]> => {
    const times = await keeper.waitFor(() => turns().length < count ? undefined : turns());
    return times.map(({ durationMs }) => durationMs);
  };
  const computed = async () => await readCpuMs(keeper.pid) + await readCpuMs(agent.program.pid);
  // The first brings the tree, and the second finds files that are too young to be known by heart.
  const settled = 3;
  await wait(settled);
  const before = await computed();
  const idle = (await wait(settled + RESIDENT_TURNS)).slice(settled);
  const idleMs = (await computed() - before) / RESIDENT_TURNS;
  await changeOne(vault);
  const changed = await keeper.waitFor(() => turns().find(({ counts }) => counts?.updated === 1));
  const name = `${TREE.files} files of 1 KB, a keeper that goes on`;
  return [
    { what: `${name}: no change, the agent's turn`, unit: "ms", values: idle },
    { what: `${name}: no change, computed in a turn`, unit: "ms", values: [idleMs] },
    { what: `${name}: one change, the agent's turn`, unit: "ms", values: [changed["durationMs"]] },
  ];
}
