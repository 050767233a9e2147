/** The original's wire: our programs beside the stand-ins for the original, which are in Python. */
import { dialTcp } from "../../protocol/host/mod.ts";
import { MemorySecretSource } from "../../protocol/mod.ts";
import { deliverOriginalAsKeeper, openOriginalAsKeeper } from "../../protocol/original/mod.ts";
import type { PythonNode } from "../interop/original/python_programs.ts";
import { Started, untilWarm } from "./bench_programs.ts";
import type { Figure, PartOptions, PartReport } from "./figures.ts";
import {
  findPython,
  readCpuMs,
  runOriginalKeeper,
  runVault,
  type Spent,
  startNodes,
  startOriginalAgent,
} from "./original_programs.ts";
import { HAS_PROC, readMemory } from "./processes.ts";

/** The files of the original's demo are as long as these. */
const FILES: Readonly<Record<string, number>> = { "quotes.txt": 157, "readme.txt": 179 };
const NAMES = Object.keys(FILES);
const SESSIONS = 50;
const NODES = 20;
const LARGE_NAME = "large.txt";
const LARGE_MIB = [10, 50];
const LARGE_RUNS = 2;
const MIB = 2 ** 20;
const LINE_BYTES = 64;
/** What makes so many keys takes too long to be repeated. */
const KEY_MAKING_PASSES = 1;

interface OriginalOptions extends PartOptions {
  readonly python: string;
  readonly vault: string;
}

/** Measures the original's wire, in all pairs of who may be at either end. */
export async function measureOriginal({ folder, runs }: PartOptions): Promise<PartReport> {
  const leaveOut = (why: string) => ({ figures: [], notes: [`original: left out, ${why}.`] });
  if (!HAS_PROC) return leaveOut("this system does not tell what processes use");
  const python = await findPython();
  if (python === null) return leaveOut("no python3 has the module Cryptodome");
  const vault = `${folder}/vault`;
  await Deno.mkdir(vault, { mode: 0o700 });
  for (const [name, bytes] of Object.entries(FILES)) await writeText(`${vault}/${name}`, bytes);
  const options = { folder, runs, python, vault };
  return {
    figures: [
      ...await measureProcesses(options),
      ...await measureSessions(options),
      ...await measurePasses(options),
      ...await measureLargeTexts(options),
    ],
    notes: [
      "original: the base line is a Python vault with a Python node; both stand in for the original.",
      "original: a Python node makes an RSA key in each session: 90 % of it, and a matter of chance.",
      "original: keyed nodes make one ahead, so that the rest shows. Our agent does so in any case;",
      "          where sessions follow each other without a pause it makes one for each, too.",
      `original: ${SESSIONS} sessions, and passes over nodes that make keys, are run once.`,
      `original: ${NODES} nodes are a process each, keyed ones share one. They make their keys on`,
      "          this machine; where each has one of its own, a keeper waits for the slowest alone.",
      "original: our agent fetches small files whole even where nothing has changed.",
      "original: the original itself, recorded elsewhere, held more than its stand-in: of 10 and 50 MiB",
      "          its vault 122 and 493 MB, its node 123 and 454 MB.",
    ],
  };
}

/** Writes lines of random letters. */
async function writeText(path: string, bytes: number): Promise<void> {
  const block = new Uint8Array(Math.min(bytes, MIB));
  for (let i = 0; i < block.length; i++) {
    block[i] = i % LINE_BYTES === LINE_BYTES - 1 ? 0x0a : 0x61 + Math.floor(Math.random() * 26);
  }
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  for (let written = 0; written < bytes;) {
    written += await file.write(block.subarray(0, Math.min(block.length, bytes - written)));
  }
}

async function checkFiles(folder: string, files: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const { size } = await Deno.stat(`${folder}/${name}`);
    if (size !== bytes) throw new Error(`${folder}/${name} has ${size} bytes`);
  }
}

/** Collects what was measured by name; a figure is made of two of the lists. */
class Lists<Name extends string> {
  readonly #lists = new Map<Name, number[]>();

  add(name: Name, ...values: readonly number[]): void {
    this.#lists.set(name, [...this.#lists.get(name) ?? [], ...values]);
  }

  figure(what: string, of: Name, [baseWhat, baseOf]: readonly [string, Name]): Figure {
    const values = this.#lists.get(of) ?? [];
    const baseValues = this.#lists.get(baseOf) ?? [];
    return { what, unit: "ms", values, base: { what: baseWhat, values: baseValues } };
  }
}

const WHENS = ["first", "again"] as const;
const WHEN_TEXTS = { first: "first delivery", again: "no change" } as const;

/** One delivery, one process. */
async function measureProcesses(options: OriginalOptions): Promise<Figure[]> {
  const { folder, runs, python, vault } = options;
  const ends = ["python", "keeper", "agent", "python-keyed", "keeper-keyed"] as const;
  const lists = new Lists<`${typeof ends[number]} ${typeof WHENS[number] | "CPU"}`>();
  for (let i = 0; i < 2 * runs - 1; i++) {
    await using programs = new Started();
    const place = (name: string) => `${folder}/one-${i}/${name}`;
    const start = async (name: string, makesKeys: boolean) =>
      programs.add(await startNodes(python, { folder: place(name), files: NAMES, makesKeys }));
    const nodes = {
      python: await start("python", true),
      keeper: await start("keeper", true),
      "python-keyed": await start("python-keyed", false),
      "keeper-keyed": await start("keeper-keyed", false),
    };
    const agent = await startOriginalAgent(place("agent"), NAMES);
    programs.add(agent.program);
    for (const when of WHENS) {
      // It would make its keys beside the others.
      await untilWarm([agent]);
      for (const end of ["python", "python-keyed"] as const) {
        const { addresses } = nodes[end];
        const { wallMs, cpuMs } = await runVault(python, { folder: vault, addresses });
        lists.add(`${end} ${when}`, wallMs);
        lists.add(`${end} CPU`, cpuMs);
        await checkFiles(place(end), FILES);
      }
      for (const end of ["keeper", "keeper-keyed"] as const) {
        const work = { vault, managed: NAMES, state: place(`${end}-state`) };
        const { addresses } = nodes[end];
        const { wallMs, cpuMs } = await runOriginalKeeper({ ...work, addresses });
        lists.add(`${end} ${when}`, wallMs);
        lists.add(`${end} CPU`, cpuMs);
        await checkFiles(place(end), FILES);
      }
      const addresses = [agent.address];
      lists.add(`agent ${when}`, (await runVault(python, { folder: vault, addresses })).wallMs);
      await checkFiles(agent.files, FILES);
    }
  }
  const figures = WHENS.flatMap((when) => {
    const name = `one process, ${WHEN_TEXTS[when]}`;
    return [
      lists.figure(`${name}: keeper`, `keeper ${when}`, ["Python", `python ${when}`]),
      lists.figure(`${name}: keeper, keyed node`, `keeper-keyed ${when}`, [
        "Python, keyed node",
        `python-keyed ${when}`,
      ]),
      lists.figure(`${name}: agent`, `agent ${when}`, ["Python", `python ${when}`]),
    ];
  });
  const cpu = "one process: CPU of the keeper";
  return [...figures, lists.figure(cpu, "keeper CPU", ["Python vault", "python CPU"])];
}

/** Many sessions of one process with one node, one after another. */
async function measureSessions(options: OriginalOptions): Promise<Figure[]> {
  const { folder, runs, python, vault } = options;
  await using programs = new Started();
  const start = async (name: string, makesKeys: boolean) =>
    programs.add(
      await startNodes(python, { folder: `${folder}/${name}`, files: NAMES, makesKeys }),
    );
  const node = await start("many-node", true);
  const keyed = await start("many-keyed", false);
  const lists = new Lists<`${"wall" | "session" | "CPU"} ${Pair}`>();
  type Pair = "python" | "keeper" | "agent" | "both" | "python-keyed" | "keeper-keyed";
  type Peer = { readonly pid: number; readonly addresses: readonly string[] };
  const python50 = async ({ addresses }: Peer) =>
    (await runVault(python, { folder: vault, addresses, sessions: SESSIONS })).sessionsMs;
  const library50 = (peer: Peer) => deliverMany(vault, peer.addresses[0] ?? "");
  async function measure(
    pair: Pair,
    peer: Peer,
    run: (peer: Peer) => Promise<readonly number[]>,
    rest: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await rest();
    const cpuMs = await readCpuMs(peer.pid);
    const startedMs = performance.now();
    const sessionsMs = await run(peer);
    lists.add(`wall ${pair}`, performance.now() - startedMs);
    lists.add(`session ${pair}`, ...sessionsMs);
    await rest();
    lists.add(`CPU ${pair}`, (await readCpuMs(peer.pid) - cpuMs) / SESSIONS);
  }
  await measure("python", node, python50);
  await measure("keeper", node, library50);
  const agent = await startOriginalAgent(`${folder}/many-agent`, NAMES);
  programs.add(agent.program);
  const agentPeer = { pid: agent.program.pid, addresses: [agent.address] };
  const restAgent = () => untilWarm([agent]);
  await measure("agent", agentPeer, python50, restAgent);
  await measure("both", agentPeer, library50, restAgent);
  for (let i = 0; i < runs; i++) {
    await measure("python-keyed", keyed, python50);
    await measure("keeper-keyed", keyed, library50);
  }
  const rows = [
    ["keeper's library", "keeper", "Python", "python"],
    ["keeper's library, keyed node", "keeper-keyed", "Python, keyed node", "python-keyed"],
    ["agent", "agent", "Python", "python"],
    ["keeper's library and agent", "both", "Python", "python"],
  ] as const;
  return [
    ...rows.map(([who, of, baseWho, base]) =>
      lists.figure(`${SESSIONS} sessions: ${who}`, `wall ${of}`, [baseWho, `wall ${base}`])
    ),
    ...rows.map(([who, of, baseWho, base]) =>
      lists.figure(`one of them: ${who}`, `session ${of}`, [baseWho, `session ${base}`])
    ),
    lists.figure("CPU of the agent for each", "CPU agent", ["Python node", "CPU python"]),
  ];
}

/** Serves a node again and again, as a keeper that remembers what it has delivered. */
async function deliverMany(vault: string, address: string): Promise<number[]> {
  const [host = "", port] = address.split(":");
  const contents: Record<string, Uint8Array> = {};
  for (const name of NAMES) contents[name] = await Deno.readFile(`${vault}/${name}`);
  const source = await MemorySecretSource.from(contents);
  const delivered = new Map<string, string>();
  const times: number[] = [];
  for (let i = 0; i < SESSIONS; i++) {
    const startedMs = performance.now();
    using connection = await dialTcp({ host, port: Number(port) });
    const session = await openOriginalAsKeeper(connection.duplex);
    const { files } = await deliverOriginalAsKeeper(session, source, {
      lastDelivered: (path) => delivered.get(path) ?? null,
      onDelivered: (path, digest) => delivered.set(path, digest),
    });
    times.push(performance.now() - startedMs);
    if (files.length !== NAMES.length) throw new Error(`the node asked for ${files.length} files`);
  }
  return times;
}

/**
 * Starts many nodes: in one process if they need not make keys, else each in its own, since threads of
 * Python make keys no faster than one after another, and slower if they try to at once.
 */
async function startFleet(
  python: string,
  { folder, isKeyed }: { readonly folder: string; readonly isKeyed: boolean },
): Promise<PythonNode[]> {
  const start = { files: NAMES, makesKeys: !isKeyed };
  if (isKeyed) return [await startNodes(python, { ...start, folder, count: NODES })];
  const folders = Array.from({ length: NODES }, (_, number) => `${folder}/${number}`);
  return await Promise.all(folders.map((folder) => startNodes(python, { ...start, folder })));
}

/** Many nodes in one pass: the original's vault serves one after another, our keeper all at once. */
async function measurePasses(options: OriginalOptions): Promise<Figure[]> {
  const { folder, runs, python, vault } = options;
  type Node = "node" | "keyed";
  const lists = new Lists<`${"python" | "keeper"} ${Node} ${typeof WHENS[number] | "CPU"}`>();
  for (const node of ["node", "keyed"] as const) {
    for (let i = 0; i < (node === "keyed" ? runs : KEY_MAKING_PASSES); i++) {
      await using programs = new Started();
      const place = (name: string) => `${folder}/pass-${node}-${i}/${name}`;
      const start = async (name: string) => {
        const started = await startFleet(python, {
          folder: place(name),
          isKeyed: node === "keyed",
        });
        for (const nodes of started) programs.add(nodes);
        return started.flatMap(({ addresses }) => addresses);
      };
      const [theirs, ours] = [await start("python"), await start("keeper")];
      const work = { vault, managed: NAMES, state: place("state"), addresses: ours };
      for (const when of WHENS) {
        const spent = await runVault(python, { folder: vault, addresses: theirs });
        lists.add(`python ${node} ${when}`, spent.wallMs);
        lists.add(`python ${node} CPU`, spent.cpuMs);
        const { wallMs, cpuMs } = await runOriginalKeeper(work);
        lists.add(`keeper ${node} ${when}`, wallMs);
        lists.add(`keeper ${node} CPU`, cpuMs);
      }
      for (let number = 0; number < NODES; number++) {
        await checkFiles(place(`python/${number}`), FILES);
        await checkFiles(place(`keeper/${number}`), FILES);
      }
    }
  }
  const figures = WHENS.flatMap((when) =>
    (["node", "keyed"] as const).map((node) => {
      const suffix = node === "keyed" ? ", keyed nodes" : "";
      const what = `${NODES} nodes, ${WHEN_TEXTS[when]}: keeper${suffix}`;
      const base = [`Python${suffix}`, `python ${node} ${when}`] as const;
      return lists.figure(what, `keeper ${node} ${when}`, base);
    })
  );
  const cpu = `${NODES} nodes: CPU of the keeper, keyed nodes`;
  return [
    ...figures,
    lists.figure(cpu, "keeper keyed CPU", ["Python vault, keyed nodes", "python keyed CPU"]),
  ];
}

/** A large text, whose keys were made ahead. */
async function measureLargeTexts(options: OriginalOptions): Promise<Figure[]> {
  const { folder, runs, python } = options;
  const figures: Figure[] = [];
  for (const mib of LARGE_MIB) {
    const vault = `${folder}/vault-${mib}`;
    await Deno.mkdir(vault, { mode: 0o700 });
    await writeText(`${vault}/${LARGE_NAME}`, mib * MIB);
    const runsOf: LargeRuns[] = [];
    for (let i = 0; i < Math.min(runs, LARGE_RUNS); i++) {
      const place = `${folder}/large-${mib}-${i}`;
      runsOf.push(await deliverLarge({ python, vault, folder: place, bytes: mib * MIB }));
      await Deno.remove(place, { recursive: true });
    }
    figures.push(...describeLarge(`${mib} MiB`, runsOf));
  }
  return figures;
}

/** What the end that dials took, and what the end that listens did. */
interface LargeRun extends Spent {
  readonly nodeCpuMs: number;
  readonly nodeMb: number;
}

type LargeRuns = Readonly<Record<"python" | "keeper" | "agent", LargeRun>>;

/** Runs a delivery and looks at who listens, before and after. */
async function watchNode(pid: number, run: () => Promise<Spent>): Promise<LargeRun> {
  const cpuMs = await readCpuMs(pid);
  const spent = await run();
  const nodeCpuMs = await readCpuMs(pid) - cpuMs;
  return { ...spent, nodeCpuMs, nodeMb: (await readMemory(pid)).peakMb };
}

async function deliverLarge({ python, vault, folder, bytes }: {
  readonly python: string;
  readonly vault: string;
  readonly folder: string;
  readonly bytes: number;
}): Promise<LargeRuns> {
  const files = [LARGE_NAME];
  const wanted = { [LARGE_NAME]: bytes };
  type Run = (addresses: readonly string[]) => Promise<Spent>;
  const runPython: Run = (addresses) => runVault(python, { folder: vault, addresses });
  const runOurs: Run = (addresses) =>
    runOriginalKeeper({ vault, managed: files, state: `${folder}/state`, addresses });
  async function withNode(place: string, run: Run): Promise<LargeRun> {
    await using node = await startNodes(python, { folder: place, files, makesKeys: false });
    const found = await watchNode(node.pid, () => run(node.addresses));
    await checkFiles(place, wanted);
    return found;
  }
  async function withAgent(place: string, run: Run): Promise<LargeRun> {
    const agent = await startOriginalAgent(place, files);
    await using program = agent.program;
    await untilWarm([agent]);
    const found = await watchNode(program.pid, () => run([agent.address]));
    await checkFiles(agent.files, wanted);
    return found;
  }
  return {
    python: await withNode(`${folder}/python`, runPython),
    keeper: await withNode(`${folder}/keeper`, runOurs),
    agent: await withAgent(`${folder}/agent`, runPython),
  };
}

function describeLarge(size: string, runs: readonly LargeRuns[]): Figure[] {
  type Field = keyof LargeRun;
  const figure = (
    what: string,
    end: "keeper" | "agent",
    [base, of]: readonly [what: string, of: Field],
  ): Figure => ({
    what: `${size}: ${what}`,
    unit: of.endsWith("Mb") ? "MB" : "ms",
    values: runs.map((run) => run[end][of]),
    base: { what: base, values: runs.map((run) => run.python[of]) },
  });
  return [
    figure("keeper, keyed node", "keeper", ["Python, keyed node", "wallMs"]),
    figure("CPU of the keeper", "keeper", ["Python vault", "cpuMs"]),
    figure("peak of the keeper", "keeper", ["Python vault", "peakMb"]),
    figure("agent", "agent", ["Python, keyed node", "wallMs"]),
    figure("CPU of the agent", "agent", ["Python node", "nodeCpuMs"]),
    figure("peak of the agent", "agent", ["Python node", "nodeMb"]),
  ];
}
