/**
 * Rule: the commands that a page shows exist: a task is in `deno.json`, an option or variable of a
 * program is in the `--help` of the command that is called, and Deno has one version everywhere. (The `ts` examples of the pages
 * run with `deno task test:docs`.)
 *
 * @module
 */
import { PROJECT_ROOT, readProjectConfig } from "../../dist/tasks/derived_config.ts";
import { AGENT_PROGRAM } from "../../agent/program.ts";
import { KEEPER_PROGRAM } from "../../keeper/program.ts";
import { formatHelp } from "../../protocol/host/command_line/help.ts";
import { findCommand } from "../../protocol/host/command_line/program.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type FileMap, readProjectFiles } from "./project_files.ts";

/** The version of Deno that everything here is built and tested with. */
const DENO_VERSION = "2.9.6";

const PROGRAMS = ["agent", "keeper"] as const;
type Program = typeof PROGRAMS[number];

/** What exists, to hold the pages against. */
interface Known {
  readonly tasks: ReadonlySet<string>;
  /**
   * Returns the options of a command of a program, by the name that follows the two hyphens.
   *
   * @param words The words that call it, and perhaps operands behind them.
   */
  readonly optionsOf: (program: Program, words: readonly string[]) => ReadonlySet<string>;
}

/** Yields the commands in the shell snippets of a page, continued lines joined, comments dropped. */
function commandsOf(page: string): string[] {
  const snippets = [...page.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)];
  return snippets.flatMap(([, snippet = ""]) =>
    snippet.replace(/\\\n\s*/g, " ").split("\n")
      .map((line) => line.replace(/(^|\s)#.*$/, "").replace(/^\$ /, "").trim())
      .filter((line) => line !== "")
  );
}

function programOf(command: string): Program | null {
  const match = /(?:\btask (?:-q |--quiet )?|\bfluxvault[ -])(agent|keeper)\b/.exec(command);
  return match === null ? null : match[1] as Program;
}

function checkCommand(command: string, known: Known): string[] {
  const violations: string[] = [];
  const task = /\bdeno(?:@\S+)? task (?:-q |--quiet )?([a-z][a-z:]*)/.exec(command)?.[1];
  if (task !== undefined && !known.tasks.has(task)) violations.push(`there is no task ${task}`);
  const program = programOf(command);
  if (program === null) return violations;
  const after = command.slice(command.search(/\b(?:agent|keeper)\b/));
  const options = known.optionsOf(program, wordsOf(after));
  for (const [, name = ""] of after.matchAll(/(?:^|\s)--([a-z][a-z0-9-]*)/g)) {
    if (!options.has(name)) violations.push(`${program} has no option --${name}`);
  }
  for (const [variable, name = ""] of command.matchAll(/\bFLUXVAULT_([A-Z0-9_]+)(?==)/g)) {
    const option = name.toLowerCase().replaceAll("_", "-");
    if (!options.has(option)) violations.push(`${program} reads no variable ${variable}`);
  }
  return violations;
}

/** Returns the words between the name of a program and its first option. */
function wordsOf(command: string): string[] {
  const [, ...words] = command.split(/\s+/);
  const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  return end < 0 ? words : words.slice(0, end);
}

function findViolations(files: FileMap, known: Known): string[] {
  const violations: string[] = [];
  for (const [path, page] of files) {
    if (!path.endsWith(".md")) continue;
    for (const command of commandsOf(page)) {
      for (const reason of checkCommand(command, known)) violations.push(`${path}: ${reason}`);
    }
  }
  return violations;
}

/** Finds versions of Deno in commands and workflows that are not the one of this project. */
function findVersions(files: FileMap): string[] {
  return [...files].flatMap(([path, text]) =>
    [...text.matchAll(/(?<!setup-)\b(?:deno@|deno-version: *["']?)(\w+(?:\.\w+)*)/g)]
      .filter(([, version]) => version !== DENO_VERSION)
      .map(([found]) => `${path}: ${found}`)
  );
}

/** Asks a program for its help, as an operator would. */
async function readHelp(program: Program): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", program, "--help"],
    cwd: PROJECT_ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  assert(success, `${program} --help failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const TABLES = { agent: AGENT_PROGRAM, keeper: KEEPER_PROGRAM };

/** Returns the options in the help of the command that words call; of the first where they call none. */
function optionsOf(name: Program, words: readonly string[]): Set<string> {
  const program = TABLES[name];
  const command = findCommand(program, words) ?? program.commands[0];
  assert(command !== undefined);
  return optionsIn(formatHelp(program, command));
}

function optionsIn(help: string): Set<string> {
  return new Set([...help.matchAll(/--([a-z][a-z0-9-]*)/g)].map(([, name = ""]) => name));
}

Deno.test("commands: what the pages of this project show exists", async () => {
  const tasks = new Set(Object.keys((await readProjectConfig()).tasks));
  assertEquals(findViolations(await readProjectFiles(), { tasks, optionsOf }), []);
});

for (const program of PROGRAMS) {
  Deno.test(`commands: the task ${program} has the help that the pages are held against`, async () => {
    assertEquals(optionsIn(await readHelp(program)), optionsOf(program, []));
  });
}

Deno.test("commands: Deno has one version everywhere", async () => {
  assertEquals(findVersions(await readProjectFiles()), []);
});

const KNOWN: Known = {
  tasks: new Set(["demo", "agent", "keeper"]),
  optionsOf: (program, [word]) => {
    if (program === "agent") return new Set(["bind-port"]);
    return new Set(word === "plan" ? ["vault-dir", "only"] : ["vault-dir", "run-once"]);
  },
};

Deno.test("commands: accepts tasks, options and variables that exist", () => {
  const page = [
    "```sh",
    "npx -y deno@2.9.6 task demo   # --not-an-option",
    "$ deno task keeper --vault-dir ./vault \\",
    "    --run-once",
    "FLUXVAULT_BIND_PORT=1 deno task agent",
    "podman run --read-only fluxvault-agent --bind-port=8888",
    "```",
    "deno task gone --gone",
  ];
  assertEquals(findViolations(new Map([["README.md", page.join("\n")]]), KNOWN), []);
});

Deno.test("commands: finds tasks, options and variables that do not exist", () => {
  const page = [
    "```sh",
    "npx -y deno@2.9.6 task gone",
    "deno task keeper --vault-dir ./vault \\",
    "  --bind-port 1",
    "FLUXVAULT_VAULT_DIR=1 fluxvault agent --vault-dir=2",
    "deno task keeper plan --only web --run-once",
    "```",
  ];
  assertEquals(findViolations(new Map([["README.md", page.join("\n")]]), KNOWN), [
    "README.md: there is no task gone",
    "README.md: keeper has no option --bind-port",
    "README.md: agent has no option --vault-dir",
    "README.md: agent reads no variable FLUXVAULT_VAULT_DIR",
    "README.md: keeper has no option --run-once",
  ]);
});

Deno.test("commands: finds another version of Deno", () => {
  const other = DENO_VERSION.replace(/\d+$/, "99");
  const files = new Map([
    ["README.md", `npx -y deno@${DENO_VERSION} task demo`],
    [".github/workflows/release.yml", "uses: denoland/setup-deno@v2"],
    [".ci/run", `npx -y ${"deno"}@${other} task test`],
    [".github/workflows/ci.yml", `${"deno-version"}: v2.x`],
  ]);
  assertEquals(findVersions(files), [
    `.ci/run: deno@${other}`,
    `.github/workflows/ci.yml: ${"deno-version"}: v2.x`,
  ]);
});
