/**
 * What is built of each program, and what each may do: the one place where that is said.
 *
 * The tasks of `deno.json` have the same permissions, which a test compares, so that a program from
 * source and its executable never differ.
 *
 * @module
 */

/** An executable that is built, and the task that starts the same from source. */
export interface ProgramBuild {
  /** The name of the executable, without version and target. */
  readonly name: string;
  /** What the program calls itself. */
  readonly program: string;
  /** The task of `deno.json`. */
  readonly task: string;
  /** The module that is bundled, by its path in the project. */
  readonly source: string;
  /** The flags of `deno run` and `deno compile`, permissions among them. */
  readonly flags: readonly string[];
}

/**
 * The flags of `deno run` alone, before those of the program.
 *
 * Left alone, Deno reads and analyses at the start whatever could be loaded later, and keeps that in
 * memory: 11 MB of an agent. An executable is analysed when it is compiled, and would lack those files.
 */
const LOAD_WHEN_NEEDED = ["--unstable-lazy-dynamic-imports"];

/**
 * Holds the agent's heap small: left alone, V8 takes 200 MB for ten thousand files before it looks for
 * garbage. No cache of code is written, where often nothing can be.
 */
const SMALL = [
  "--no-code-cache",
  "--v8-flags=--max-semi-space-size=1,--max-old-space-size=192,--optimize-for-size",
];

/** Plugins run in workers that may do less than the program. */
const WALLED_PLUGINS = "--unstable-worker-options";

/** No module from a network: without a list, Deno allows public hosts. Nothing serves this one. */
const IMPORT_NOTHING = "--allow-import=localhost:1";

/** The executables, the safest first. */
export const PROGRAMS: readonly ProgramBuild[] = [
  {
    name: "fluxvault-agent",
    program: "fluxvault-agent",
    task: "agent",
    source: "agent/main.ts",
    flags: [
      ...SMALL,
      "--no-prompt",
      WALLED_PLUGINS,
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys=hostname,uid,gid,statfs",
      IMPORT_NOTHING,
    ],
  },
  {
    // To signal processes, and to reap them as the first of a container, takes every permission: a
    // single one that is denied, and Deno shows no file of /proc, by which a process has an owner.
    name: "fluxvault-agent-run",
    program: "fluxvault-agent",
    task: "agent:run",
    source: "agent/main.ts",
    flags: [...SMALL, "--no-prompt", WALLED_PLUGINS, "--allow-all", "--no-remote"],
  },
  {
    name: "fluxvault-keeper",
    program: "fluxvault-keeper",
    task: "keeper",
    source: "keeper/main.ts",
    flags: [
      "--quiet",
      "--no-prompt",
      WALLED_PLUGINS,
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-run=secret-tool,security,powershell",
      "--allow-sys=hostname,uid,gid,statfs",
      IMPORT_NOTHING,
    ],
  },
];

/** Returns the flags of `deno run` for a program, from source or from its bundle. */
export function runFlagsOf({ flags }: ProgramBuild): readonly string[] {
  return [...LOAD_WHEN_NEEDED, ...flags];
}

/** What most processes load, in that order, by the module that is bundled. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  "agent/main.ts": ["log_setup", "health_command", "serve_command", "wire", "delivering"],
  "keeper/main.ts": ["log_setup", "run_command"],
};

/** Returns the parts of a bundle that are one file each, `main` the first of them. */
export function partsOf(source: string): readonly string[] {
  return ["main", ...PARTS[source] ?? []];
}

/** Returns the name of the folder of a program's bundle, for example `fluxvault-agent`. */
export function bundleNameOf({ program }: ProgramBuild): string {
  return program;
}
