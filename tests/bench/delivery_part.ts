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
import { type Figure, type PartOptions, type PartReport, timeRuns } from "./figures.ts";
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
  const { scp, rsyncFirst, rsyncIdle } = await measureTools(options, vault);
  const wall = (times: readonly KeeperTimes[]) => times.map(({ wallMs }) => wallMs);
  const name = `${files} files of 1 KB`;
  return [
    { what: `${name}, first delivery`, unit: "ms", values: wall(first), ...scp },
    { what: `${name}, first delivery`, unit: "ms", values: wall(first), ...rsyncFirst },
    { what: `${name}, no change`, unit: "ms", values: wall(idle), ...rsyncIdle },
  ].filter(({ what }, i, all) =>
    i === 0 || what !== all[0]?.what || "base" in (all[i] ?? {})
  ) as Figure[];
}

async function runWarm(
  agent: BenchAgent,
  work: Parameters<typeof runKeeper>[0],
): Promise<KeeperTimes> {
  await untilWarm([agent]);
  return await runKeeper(work);
}

type Base = Pick<Figure, "base"> | Record<never, never>;

async function measureTools(
  { folder, runs, ssh, rsync }: DeliveryOptions,
  vault: string,
): Promise<{ readonly scp: Base; readonly rsyncFirst: Base; readonly rsyncIdle: Base }> {
  if (ssh === null) return { scp: {}, rsyncFirst: {}, rsyncIdle: {} };
  let copies = 0;
  const copied = await timeRuns(runs, () => {
    const target = `${ssh.host}:${folder}/scp-${copies++}`;
    return runTool("scp", [...ssh.scpArguments, "-r", vault, target]);
  });
  const scp = { base: { what: "scp -r, not synced", values: copied } };
  if (rsync === null) return { scp, rsyncFirst: {}, rsyncIdle: {} };
  const send = (i: number) => {
    const target = `${ssh.host}:${folder}/rsync-${i}/`;
    return runTool("rsync", ["-a", ...rsync, "-e", ssh.rsyncShell, `${vault}/`, target]);
  };
  let sent = 0;
  const rsyncFirst = await timeRuns(runs, () => send(sent++));
  const rsyncIdle = await timeRuns(runs, () => send(0));
  const what = ["rsync", ...rsync].join(" ");
  return {
    scp,
    rsyncFirst: { base: { what, values: rsyncFirst } },
    rsyncIdle: { base: { what, values: rsyncIdle } },
  };
}
