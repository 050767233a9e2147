/**
 * What the real programs cost, from source and from their bundles.
 *
 * `deno run -A tests/bench/programs.ts` runs every part, names run only those (fleet, delivery, start,
 * large, confined, small, original, strangers, tree, many, serve), `--runs N` says how often each thing
 * is run. Reports and never judges: an aim that is missed is printed, and the status stays 0. The bundles
 * are run where their users have them, in a folder outside of the project.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BUNDLE_FOLDER } from "./bench_programs.ts";
import { measureConfined } from "./confined_part.ts";
import { measureDelivery } from "./delivery_part.ts";
import { measureFileServer } from "./file_server_part.ts";
import { formatFigures, type Part } from "./figures.ts";
import { measureFleet } from "./fleet_part.ts";
import { measureLargeFile } from "./large_file_part.ts";
import { measureMany } from "./many_part.ts";
import { measureOriginal } from "./original_part.ts";
import { measureSmall } from "./small_part.ts";
import { measureStart } from "./start_part.ts";
import { measureStrangers } from "./strangers_part.ts";
import { measureTree } from "./tree_part.ts";

const DEFAULT_RUNS = 3;
const PARTS = new Map<string, Part>([
  ["start", measureStart],
  ["fleet", measureFleet],
  ["delivery", measureDelivery],
  ["large", measureLargeFile],
  ["confined", measureConfined],
  ["small", measureSmall],
  ["original", measureOriginal],
  ["strangers", measureStrangers],
  ["tree", measureTree],
  ["many", measureMany],
  ["serve", measureFileServer],
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: `${DEFAULT_RUNS}` } },
});
const runs = Number(values.runs);
const unknown = positionals.filter((name) => !PARTS.has(name));
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  console.error(`error: the parts are ${[...PARTS.keys()].join(", ")}; --runs takes a number`);
  Deno.exit(2);
}

const { success } = await new Deno.Command(Deno.execPath(), {
  args: ["task", "--quiet", "compile", "--bundle", "--output", BUNDLE_FOLDER],
  cwd: fileURLToPath(new URL("../../", import.meta.url)),
}).spawn().status;

const chosen = positionals.length === 0 ? [...PARTS.keys()] : positionals;
try {
  if (success) {
    for (const name of chosen) await measure(name);
  } else Deno.exitCode = 1;
} finally {
  await Deno.remove(BUNDLE_FOLDER, { recursive: true });
}

async function measure(name: string): Promise<void> {
  const part = PARTS.get(name);
  if (part === undefined) return;
  const startedMs = performance.now();
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-bench-" }));
  try {
    const { figures, notes } = await part({ folder, runs });
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    console.log(`\n${name}: ${runs} runs each, ${seconds} s in all`);
    if (figures.length > 0) console.log(formatFigures(figures).trimEnd());
    for (const note of notes) console.log(`  ${note}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
