/** A first delivery and a pass that finds nothing to do, of few files and of many. */
import {
  type BenchAgent,
  type KeeperTimes,
  makeVault,
  runKeeper,
  startAgent,
  Started,
  untilWarm,
} from "./bench_programs.ts";
import { type Figure, type PartOptions, type PartReport, type Runs, timeRuns } from "./figures.ts";
import { isInstalled, runTool, SshServer } from "./ssh_server.ts";

const FILE_BYTES = 1_024;
const FEW_FILES = 10;
const MANY_FILES = 10_000;

interface DeliveryOptions extends PartOptions {
  readonly files: number;
  readonly ssh: SshServer | null;
  readonly rsync: readonly string[] | null;
}

/** Measures deliveries to one agent. */
export async function measureDelivery({ folder, runs }: PartOptions): Promise<PartReport> {
  const notes: string[] = [];
  const started = await SshServer.start(`${folder}/ssh`);
  const ssh = typeof started === "string" ? null : started;
  if (typeof started === "string") {
    notes.push(`delivery: no scp and no rsync beside it: ${started}`);
  }
  await using programs = new Started();
  if (ssh !== null) programs.add(ssh);
  const hasRsync = ssh !== null && await isInstalled("rsync");
  if (ssh !== null && !hasRsync) notes.push("delivery: no rsync beside it: it is not installed.");
  const rsync = hasRsync ? await findRsyncArguments() : null;
  if (rsync?.length === 0) {
    notes.push("delivery: this rsync syncs nothing to disk; the agent does.");
  }
  const figures: Figure[] = [];
  for (const [files, times] of [[FEW_FILES, runs], [MANY_FILES, Math.min(runs, 2)]] as const) {
    const part = { folder: `${folder}/${files}`, runs: times, files, ssh, rsync };
    figures.push(...await measureFiles(part));
  }
  return { figures, notes };
}

/** Asks rsync to sync each file, as the agent does, where it can. */
async function findRsyncArguments(): Promise<readonly string[]> {
  const { stdout } = await new Deno.Command("rsync", { args: ["--help"] }).output();
  return new TextDecoder().decode(stdout).includes("--fsync") ? ["--fsync"] : [];
}

async function measureFiles(options: DeliveryOptions): Promise<Figure[]> {
  const { folder, runs, files } = options;
  const vault = `${folder}/vault`;
  const managed = await makeVault(vault, { files, bytes: FILE_BYTES });
  const first: KeeperTimes[] = [];
  const idle: KeeperTimes[] = [];
  for (let i = 0; i < runs; i++) {
    const agent = await startAgent(`${folder}/agent-${i}`);
    await using _program = agent.program;
    const work = { vault, managed, addresses: [agent.address], state: `${folder}/state-${i}` };
    first.push(await runWarm(agent, work));
    // The first time that it is asked again the agent reads what it wrote; then it remembers.
    await runWarm(agent, work);
    idle.push(await runWarm(agent, work));
  }
  const tools = await measureTools(options, vault);
  const name = `${files} files of 1 KB`;
  const figure = (what: string, times: readonly KeeperTimes[], base: Runs | null): Figure => {
    const values = times.map(({ wallMs }) => wallMs);
    return { what: `${name}, ${what}`, unit: "ms", values, ...(base === null ? {} : { base }) };
  };
  return [
    figure("first delivery", first, tools.scp),
    ...(tools.rsync === null ? [] : [figure("first delivery", first, tools.rsync)]),
    figure("no change", idle, tools.rsyncAgain),
  ];
}

async function runWarm(
  agent: BenchAgent,
  work: Parameters<typeof runKeeper>[0],
): Promise<KeeperTimes> {
  await untilWarm([agent]);
  return await runKeeper(work);
}

/** What the tools took for the same files; `null` for one that is not there. */
interface ToolRuns {
  readonly scp: Runs | null;
  readonly rsync: Runs | null;
  readonly rsyncAgain: Runs | null;
}

async function measureTools(
  { folder, runs, ssh, rsync }: DeliveryOptions,
  vault: string,
): Promise<ToolRuns> {
  if (ssh === null) return { scp: null, rsync: null, rsyncAgain: null };
  let copies = 0;
  const copied = await timeRuns(runs, () => {
    const target = `${ssh.host}:${folder}/scp-${copies++}`;
    return runTool("scp", [...ssh.scpArguments, "-r", vault, target]);
  });
  const scp = { what: "scp -r, not synced", values: copied };
  if (rsync === null) return { scp, rsync: null, rsyncAgain: null };
  const send = (i: number) => {
    const target = `${ssh.host}:${folder}/rsync-${i}/`;
    return runTool("rsync", ["-a", ...rsync, "-e", ssh.rsyncShell, `${vault}/`, target]);
  };
  let sent = 0;
  const first = await timeRuns(runs, () => send(sent++));
  const again = await timeRuns(runs, () => send(0));
  const what = ["rsync", ...rsync].join(" ");
  return { scp, rsync: { what, values: first }, rsyncAgain: { what, values: again } };
}
