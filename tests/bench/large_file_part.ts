/** A file of 1 GiB from disk to disk: hashed at both ends and synced, beside tools that do less. */
import { RunningProgram } from "../support/running_program.ts";
import { type KeeperTimes, runKeeper, startAgent, Started, untilWarm } from "./bench_programs.ts";
import type { Figure, PartOptions, PartReport } from "./figures.ts";
import { runTool, SshServer } from "./ssh_server.ts";

/** The size of the file: 1 GiB. */
export const LARGE_BYTES = 2 ** 30;
const PIECE_BYTES = 2 ** 20;
const RANDOM_BYTES = 65_536;

/** Writes a file of some GiB that does not compress, and returns its name. */
export async function writeLargeFile(vault: string, size: number = LARGE_BYTES): Promise<string> {
  await Deno.mkdir(vault, { recursive: true, mode: 0o700 });
  using file = await Deno.open(`${vault}/large.bin`, { write: true, createNew: true, mode: 0o600 });
  const piece = new Uint8Array(PIECE_BYTES);
  for (let i = 0; i < size / PIECE_BYTES; i++) {
    for (let at = 0; at < PIECE_BYTES; at += RANDOM_BYTES) {
      crypto.getRandomValues(piece.subarray(at, at + RANDOM_BYTES));
    }
    for (let at = 0; at < PIECE_BYTES;) at += await file.write(piece.subarray(at));
  }
  await file.sync();
  return "large.bin";
}

/** Measures the file on four ways, in turns. */
export async function measureLargeFile({ folder, runs }: PartOptions): Promise<PartReport> {
  const vault = `${folder}/vault`;
  const name = await writeLargeFile(vault);
  const started = await SshServer.start(`${folder}/ssh`);
  const ssh = typeof started === "string" ? null : started;
  await using programs = new Started();
  if (ssh !== null) programs.add(ssh);
  const ours: KeeperTimes[] = [];
  const others: Record<"raw" | "scp" | "cp", number[]> = { raw: [], scp: [], cp: [] };
  const target = `${folder}/copy`;
  async function time(list: number[], run: () => Promise<unknown>): Promise<void> {
    const startedMs = performance.now();
    await run();
    list.push(performance.now() - startedMs);
    await checkSize(target);
    await Deno.remove(target);
  }
  for (let i = 0; i < runs; i++) {
    const work = { vault, managed: [name], state: `${folder}/state-${i}` };
    ours.push(await deliver(`${folder}/agent-${i}`, work));
    await time(others.raw, () => copyOverTcp(`${vault}/${name}`, target));
    if (ssh !== null) {
      await time(others.scp, async () => {
        await runTool("scp", [...ssh.scpArguments, `${vault}/${name}`, `${ssh.host}:${target}`]);
        await runTool("sync", [target]);
      });
    }
    await time(others.cp, async () => {
      await runTool("cp", [`${vault}/${name}`, target]);
      await runTool("sha256sum", [target]);
      await runTool("sync", [target]);
    });
  }
  return report({ ours, others, missing: typeof started === "string" ? started : null });
}

async function deliver(
  folder: string,
  work: Omit<Parameters<typeof runKeeper>[0], "addresses">,
): Promise<KeeperTimes> {
  const agent = await startAgent(folder);
  await using _program = agent.program;
  await untilWarm([agent]);
  const times = await runKeeper({ ...work, addresses: [agent.address] });
  for (const name of work.managed) await checkSize(`${agent.files}/${name}`);
  await Deno.remove(agent.files, { recursive: true });
  return times;
}

async function checkSize(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  if (size !== LARGE_BYTES) throw new Error(`${path} has ${size} bytes`);
}

async function copyOverTcp(source: string, target: string): Promise<void> {
  const script = "tests/bench/raw_tcp.ts";
  await using receiver = new RunningProgram("agent", {
    args: ["receive", target],
    cwd: "/",
    script,
  });
  const { port } = await receiver.waitForJson(({ event }) => event === "listening");
  await using sender = new RunningProgram("agent", {
    args: ["send", source, `${port}`],
    cwd: "/",
    script,
  });
  const ends = await Promise.all([sender.end, receiver.end]);
  if (ends.some(({ code }) => code !== 0)) {
    throw new Error(`the raw copy failed: ${ends[0].stderr}`);
  }
}

function report(
  { ours, others, missing }: {
    readonly ours: readonly KeeperTimes[];
    readonly others: Readonly<Record<"raw" | "scp" | "cp", readonly number[]>>;
    readonly missing: string | null;
  },
): PartReport {
  const inSeconds = (values: readonly number[]) => values.map((value) => value / 1_000);
  const whole = inSeconds(ours.map(({ wallMs }) => wallMs));
  const figure = (what: string, values: readonly number[], base: [string, readonly number[]]) => {
    return {
      what,
      unit: "s",
      values,
      base: { what: base[0], values: inSeconds(base[1]) },
    } as const;
  };
  const name = "1 GiB, whole keeper process";
  const figures: Figure[] = [
    ...(missing === null
      ? [{ ...figure(name, whole, ["scp and sync", others.scp]), aimRatio: 1 }]
      : []),
    figure(name, whole, ["raw TCP copy, synced, unhashed", others.raw]),
    figure(name, whole, ["cp, sha256sum, sync", others.cp]),
    {
      what: "1 GiB, the pass: the vault's hash is known",
      unit: "s",
      values: inSeconds(ours.map(({ passMs }) => passMs)),
    },
  ];
  const notes = missing === null ? [] : [`large: no scp beside it: ${missing}.`];
  return { figures, notes };
}
