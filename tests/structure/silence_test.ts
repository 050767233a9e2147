/**
 * Rule: the library prints nothing and ends no process; only the programs do, in the files listed here.
 *
 * @module
 */
import { readProjectConfig } from "../../dist/tasks/derived_config.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type ModuleGraph, readModuleGraph } from "./module_graph.ts";
import { codeLines, type FileMap, isSource, readProjectFiles } from "./project_files.ts";

/** The files of the programs that print or exit. */
const PROGRAM_FILES: Readonly<Record<string, string>> = {
  "agent/commands/serve_application.ts": "ends where it is asked to a second time",
  "agent/main.ts": "exits with what the command returns",
  "keeper/main.ts": "exits with what the command returns",
  "protocol/host/command_line/command.ts": "gives commands the outputs of the process",
  "protocol/host/shutdown.ts": "ends where a program is asked to stop a second time",
};

/** Where a program hands its outputs and its end to what it runs; called by nothing but a `main.ts`. */
const PROGRAM_FOLDER = "protocol/host/";

const USE =
  /\bconsole\b|\b(?:Deno|process|globalThis\.process)\.(?:exit|stdout|stderr|abort)\b|\balert\(/;

/** Finds lines of files that are not listed which print or exit. */
function findUses(files: FileMap): string[] {
  return [...files].filter(([path]) => isSource(path) && !Object.hasOwn(PROGRAM_FILES, path))
    .flatMap(([path, text]) =>
      codeLines(text).filter(([, line]) => USE.test(line)).map(([number]) => `${path}:${number}`)
    );
}

/** Returns all files that an entry leads to. */
function reach(graph: ModuleGraph, entries: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    open.push(...graph.get(path) ?? []);
  }
  return reached;
}

Deno.test("silence: nothing but the listed files prints or exits", async () => {
  assertEquals(findUses(await readProjectFiles()), []);
});

Deno.test("silence: no entry of the library leads to a program", async () => {
  const files = await readProjectFiles();
  const { exports } = await readProjectConfig();
  const entries = Object.values(exports).map((path) => path.replace("./", ""));
  const reached = reach(await readModuleGraph(files), entries);
  assert(reached.size > entries.length);
  const programs = Object.keys(PROGRAM_FILES).filter((path) => !path.startsWith(PROGRAM_FOLDER));
  assertEquals(programs.filter((path) => reached.has(path)), []);
});

Deno.test("silence: every listed file needs its place on the list", async () => {
  const files = await readProjectFiles();
  const needless = Object.keys(PROGRAM_FILES).filter((path) =>
    !codeLines(files.get(path) ?? "").some(([, line]) => USE.test(line))
  );
  assertEquals(needless, []);
});

Deno.test("silence: finds what prints or exits, and lets comments be", () => {
  const files = new Map([
    ["agent/agent.ts", "/** Takes `console`. */\nconsole.log(1);\n"],
    ["keeper/keeper.ts", "if (failed) Deno.exit(1);\n"],
    ["flux/flux_client.ts", "await Deno.stdout.write(bytes);\n"],
    ["protocol/link.ts", "process.exit();\n"],
    ["tests/agent/agent_test.ts", "console.log(1);\n"],
  ]);
  assertEquals(findUses(files), [
    "agent/agent.ts:2",
    "keeper/keeper.ts:1",
    "flux/flux_client.ts:1",
    "protocol/link.ts:1",
  ]);
});
