/** An agent in the smallest container: 48 MB, a tenth of a processor, and its first delivery. */
import {
  makeVault,
  PROGRAM_VARIABLES,
  runKeeper,
  startAgent,
  untilWarm,
} from "./bench_programs.ts";
import { openGroup, startConfined } from "./control_group.ts";
import { openDenoDisk } from "./deno_disk.ts";
import type { PartOptions, PartReport } from "./figures.ts";
import { readMemory } from "./processes.ts";

const LIMITS = { bytes: 48 * 2 ** 20, processorShare: 0.1 };
const AIM_S = 10;

/** Delivers to a fresh agent, again and again: no identity, no key, nothing cached, nothing ahead. */
export async function measureSmall({ folder, runs }: PartOptions): Promise<PartReport> {
  const times = { listening: [] as number[], delivered: [] as number[], again: [] as number[] };
  const residents: number[] = [];
  const peaks: number[] = [];
  const vault = `${folder}/vault`;
  const managed = await makeVault(vault, { files: 3, bytes: 1_024 });
  const disk = await openDenoDisk(`${folder}/disk`);
  await using _disk = disk;
  for (let i = 0; i < runs; i++) {
    const group = await openGroup(`fluxvault-small-${Deno.pid}-${i}`, LIMITS);
    if (typeof group === "string") return { figures: [], notes: [`small: left out, ${group}.`] };
    await using _group = group;
    await disk?.forget();
    const variables = { DENO_DIR: `${folder}/cache-${i}`, ...PROGRAM_VARIABLES };
    const startedMs = performance.now();
    const agent = await startAgent(`${folder}/agent-${i}`, {
      start: (args) =>
        startConfined(args, { group, variables, ...disk === null ? {} : { deno: disk.deno } }),
    });
    await using program = agent.program;
    times.listening.push(agent.startMs / 1_000);
    const work = { vault, managed, addresses: [agent.address], state: `${folder}/state-${i}` };
    await runKeeper(work);
    times.delivered.push((performance.now() - startedMs) / 1_000);
    await untilWarm([agent]);
    times.again.push((await runKeeper(work)).wallMs / 1_000);
    residents.push((await readMemory(program.pid)).residentMb);
    peaks.push(await group.readPeakMb());
    await program.stop();
  }
  const what = "agent in 48 MB with 0.1 processor";
  return {
    figures: [
      { what: `${what}: until it listens`, unit: "s", values: times.listening },
      {
        what: `${what}: first delivery, from start`,
        unit: "s",
        values: times.delivered,
        aim: AIM_S,
      },
      { what: `${what}: keeper, no change`, unit: "s", values: times.again },
      { what: `${what}: what it holds then`, unit: "MB", values: residents },
    ],
    notes: [
      `small: ${residents.length} of ${runs} survived; the group's peak, page cache and all: ` +
      `${peaks.map((peak) => peak.toFixed(0)).join(", ")} MB.`,
      disk === null
        ? "small: the pages of Deno itself do not count here, since others have read them."
        : "small: the pages of Deno itself count, read from a disk with the usual 128 KiB ahead.",
    ],
  };
}
