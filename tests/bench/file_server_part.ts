/** Small files served to the neighbours of an agent, beside nginx: the time, what it computes, memory. */
import { fileURLToPath } from "node:url";
import { runKeeper, startAgent, untilWarm } from "./bench_programs.ts";
import type { Figure, PartOptions, PartReport } from "./figures.ts";
import { NginxServer } from "./nginx_server.ts";
import { HAS_PROC, readCpuMs, readMemory } from "./processes.ts";

const CONNECTIONS = 200;
const REQUESTS = 20_000;
const SIZES = { "1 KB": 1_024, "4 KB": 4_096 } as const;
/** At most twice what nginx takes. */
const AIM_RATIO = 2;
const AIM_MB = 90;
const LOAD = fileURLToPath(new URL("http_load.ts", import.meta.url));

/** A server that is measured. */
interface Served {
  readonly name: "agent" | "nginx";
  readonly address: string;
  readonly pid: number;
}

/** What runs gave, by size, server, and what was measured. */
class Results {
  readonly #values = new Map<string, number[]>();

  add(key: readonly string[], value: number): void {
    this.#values.set(key.join(), [...this.of(...key), value]);
  }

  of(...key: readonly string[]): readonly number[] {
    return this.#values.get(key.join()) ?? [];
  }
}

/** Has many ask the agent, and nginx, for files that both have. */
export async function measureFileServer({ folder, runs }: PartOptions): Promise<PartReport> {
  if (!HAS_PROC) return { figures: [], notes: ["serve: left out, this machine has no /proc."] };
  const vault = `${folder}/vault`;
  await Deno.mkdir(vault);
  const managed = Object.keys(SIZES).map((name) => name.replace(" ", "-"));
  for (const [name, size] of Object.entries(SIZES)) {
    const bytes = crypto.getRandomValues(new Uint8Array(size));
    await Deno.writeFile(`${vault}/${name.replace(" ", "-")}`, bytes, { mode: 0o600 });
  }
  const started = await NginxServer.start(`${folder}/nginx`, vault);
  if (typeof started === "string") {
    return { figures: [], notes: [`serve: left out, ${started} (Debian: nginx-light).`] };
  }
  await using nginx = started;
  const serving = ["--fileserver", "--fileserver-address", "127.0.0.1", "--fileserver-port", "0"];
  const agent = await startAgent(`${folder}/agent`, { args: serving });
  await using _program = agent.program;
  const { port } = await agent.program.waitForJson(({ event }) => event === "file-server");
  await runKeeper({ vault, managed, state: `${folder}/state`, addresses: [agent.address] });
  await untilWarm([agent]);
  const { residentMb } = await readMemory(agent.program.pid);
  const servers: readonly Served[] = [
    { name: "agent", address: `127.0.0.1:${port}`, pid: agent.program.pid },
    { name: "nginx", address: nginx.address, pid: nginx.pid },
  ];
  const results = new Results();
  for (let i = 0; i < runs; i++) {
    for (const size of Object.keys(SIZES)) {
      for (const server of servers) await measure(server, { size, vault, results });
    }
  }
  return report(results, residentMb);
}

async function measure(
  { name, address, pid }: Served,
  { size, vault, results }: {
    readonly size: string;
    readonly vault: string;
    readonly results: Results;
  },
): Promise<void> {
  const file = size.replace(" ", "-");
  const before = await readCpuMs(pid);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-config", "--allow-net", "--allow-read", LOAD, address],
      ...[`/files/${file}`, `${vault}/${file}`, `${CONNECTIONS}`, `${REQUESTS}`],
    ],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
  results.add([size, name, "wall"], JSON.parse(new TextDecoder().decode(stdout)).ms);
  results.add([size, name, "computed"], await readCpuMs(pid) - before);
  results.add([name, "memory"], (await readMemory(pid)).residentMb);
}

function report(results: Results, idleMb: number): PartReport {
  const figures = Object.keys(SIZES).flatMap((size): Figure[] => [
    {
      what: `${REQUESTS} requests for ${size}`,
      unit: "ms",
      values: results.of(size, "agent", "wall"),
      base: { what: "nginx", values: results.of(size, "nginx", "wall") },
      aimRatio: AIM_RATIO,
    },
    {
      what: "what they compute for that",
      unit: "ms",
      values: results.of(size, "agent", "computed"),
      base: { what: "nginx", values: results.of(size, "nginx", "computed") },
      aimRatio: AIM_RATIO,
    },
  ]);
  figures.push({
    what: "memory of the agent under that load",
    unit: "MB",
    values: results.of("agent", "memory"),
    base: { what: "nginx, its worker", values: results.of("nginx", "memory") },
    aim: AIM_MB,
  });
  const notes = [
    `serve: ${CONNECTIONS} connections that are kept; the agent had ${
      idleMb.toFixed(1)
    } MB before.`,
    "serve: who asks runs beside the servers and takes more than nginx does; what both compute is " +
    "the better measure.",
  ];
  return { figures, notes };
}
