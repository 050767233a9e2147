/** The real programs, from source or from their bundles, as the benches run them. */
import { jsonLines } from "../support/followed_process.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { freePort } from "../support/free_port.ts";
import { type ProgramName, RunningProgram } from "../support/running_program.ts";
import { HAS_PROC, readChildrenCpuMs, untilIdle, wait } from "./processes.ts";

/** What a program is run from. */
export type ProgramForm = "source" | "bundle";

/** Longer than anything that is measured: a first delivery of 100,000 files on a busy machine. */
export const GUARD_TIMEOUT_MS = 1_800_000;
/** Agents make the next key a second after a session. */
const RESTOCK_MS = 1_100;

/**
 * The folder of the bundles, for the one process of a bench.
 *
 * It is outside of the project, as an image has it: for a script below a `deno.json` Deno reads that and
 * its lock file at each start, which nobody pays who runs a bundle where it was put.
 */
export const BUNDLE_FOLDER = join(tmpdir(), `fluxvault-bench-bundles-${Deno.pid}`);

/** As in the images: Deno asks nobody once a day for a newer one of itself, which costs 3 MB. */
export const PROGRAM_VARIABLES = { DENO_NO_UPDATE_CHECK: "1" };

/** Returns the script of a program: a path in the project, or the address of the bundle's. */
export function scriptOf(program: ProgramName, form: ProgramForm): string {
  if (form === "source") return `${program}/main.ts`;
  return pathToFileURL(`${BUNDLE_FOLDER}/fluxvault-${program}/main.js`).href;
}

/** What a part has started, ended together and in any case. */
export class Started implements AsyncDisposable {
  readonly #started: AsyncDisposable[] = [];

  /** Takes something over and returns it. */
  add<T extends AsyncDisposable>(started: T): T {
    this.#started.push(started);
    return started;
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((started) => started[Symbol.asyncDispose]()));
  }
}

/** An agent that listens. */
export interface BenchAgent {
  /** The process. */
  readonly program: RunningProgram;
  /** Where it is, as the keeper is told. */
  readonly address: string;
  /** How long it took to listen, in milliseconds. */
  readonly startMs: number;
  /** Its working folder. */
  readonly files: string;
}

/** Starts an agent in a folder of its own and waits until it listens. */
export async function startAgent(
  folder: string,
  options: {
    readonly form?: ProgramForm;
    readonly host?: string;
    readonly args?: readonly string[];
    readonly start?: (args: readonly string[]) => RunningProgram;
  } = {},
): Promise<BenchAgent> {
  const { form = "bundle", host = "127.0.0.1" } = options;
  await Deno.mkdir(folder, { recursive: true });
  const args = [
    ...["--bind-address", host, "--bind-port", `${freePort(host)}`, "--json"],
    ...["--whitelisted-addresses", "127.0.0.0/8"],
    ...["--working-dir", `${folder}/files`, "--state-dir", `${folder}/state`],
    ...options.args ?? [],
  ];
  const startedMs = performance.now();
  const script = scriptOf("agent", form);
  const program = options.start?.(args) ??
    new RunningProgram("agent", {
      ...{ args, cwd: folder, script, variables: PROGRAM_VARIABLES },
      guardTimeoutMs: GUARD_TIMEOUT_MS,
    });
  const { port } = await program.waitForJson(({ event }) => event === "listening");
  const startMs = performance.now() - startedMs;
  return { program, address: `${host}:${port}`, startMs, files: `${folder}/files` };
}

/** Starts one process that runs so many agents, whose keys are made ahead. */
export async function startAgentHost(
  folder: string,
  count: number,
): Promise<{ readonly program: RunningProgram; readonly addresses: readonly string[] }> {
  await Deno.mkdir(folder, { recursive: true });
  const script = "tests/bench/agent_host.ts";
  const program = new RunningProgram("agent", { args: [folder, `${count}`], cwd: folder, script });
  const { ports } = await program.waitForJson(({ event }) => event === "listening");
  return { program, addresses: ports.map((port: number) => `127.0.0.1:${port}`) };
}

/** Waits until agents have made their next keys and rest. */
export async function untilWarm(agents: readonly BenchAgent[]): Promise<void> {
  await wait(RESTOCK_MS);
  await untilIdle(agents.map(({ program }) => program.pid));
}

/** What a keeper is run with. */
export interface KeeperWork {
  /** Its vault. */
  readonly vault: string;
  /** The files to deliver, or the folders where a loadout declares them. */
  readonly managed: readonly string[];
  /** Whether a loadout declares what is delivered. @default {false} */
  readonly hasLoadout?: boolean;
  /** Its state folder. */
  readonly state: string;
  /** The agents. */
  readonly addresses: readonly string[];
  /** What it is run from. @default "bundle" */
  readonly form?: ProgramForm;
}

/** What a run of the keeper took, in milliseconds. */
export interface KeeperTimes {
  /** The whole process. */
  readonly wallMs: number;
  /** The pass alone, as it says itself. */
  readonly passMs: number;
  /** What it computed; 0 where the system does not tell. */
  readonly cpuMs: number;
}

/** Returns the arguments of a keeper; what a command line cannot hold is in a file beside its state. */
export async function keeperArguments(work: KeeperWork): Promise<string[]> {
  const { vault, managed, addresses, hasLoadout = false } = work;
  const path = `${work.state}.yaml`;
  const directives = managed.map((source) => ({ source }));
  const app = { vault, agents: addresses, groups: { all: { state_directives: directives } } };
  // JSON is YAML.
  const text = JSON.stringify(
    hasLoadout ? { version: 1, apps: { bench: app } } : { "managed-files": managed },
  );
  await Deno.writeTextFile(path, text);
  const declared = hasLoadout
    ? ["--loadout", path]
    : ["--config", path, "--vault-dir", vault, `--agent-ips=${addresses.join(",")}`];
  return ["--json", "--quiet", "--state-dir", work.state, ...declared];
}

/** Runs `keeper --run-once`; throws unless every agent ends up as wanted. */
export async function runKeeper(work: KeeperWork): Promise<KeeperTimes> {
  const args = ["--run-once", ...await keeperArguments(work)];
  const cpuMs = HAS_PROC ? await readChildrenCpuMs() : 0;
  const startedMs = performance.now();
  const program = new RunningProgram("keeper", {
    args,
    cwd: work.vault,
    variables: PROGRAM_VARIABLES,
    guardTimeoutMs: GUARD_TIMEOUT_MS,
    script: scriptOf("keeper", work.form ?? "bundle"),
  });
  const { code, stdout, stderr } = await program.end;
  const wallMs = performance.now() - startedMs;
  if (code !== 0) throw new Error(`the keeper ended with ${code}: ${stderr}${stdout}`);
  const pass = jsonLines(stdout).findLast(({ type }) => type === "pass");
  return {
    wallMs,
    passMs: pass?.durationMs,
    cpuMs: HAS_PROC ? await readChildrenCpuMs() - cpuMs : 0,
  };
}

/** Makes a vault with files of random bytes, in folders where there are any, and returns their names. */
export async function makeVault(
  folder: string,
  options: { readonly files: number; readonly bytes: number; readonly folders?: number },
): Promise<string[]> {
  const { folders = 0 } = options;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  for (let i = 0; i < folders; i++) await Deno.mkdir(`${folder}/d${i}`, { mode: 0o700 });
  const names: string[] = [];
  for (let i = 0; i < options.files; i++) {
    const name = folders === 0 ? `f${i}` : `d${i % folders}/f${i}`;
    const bytes = crypto.getRandomValues(new Uint8Array(options.bytes));
    await Deno.writeFile(`${folder}/${name}`, bytes, { mode: 0o600 });
    names.push(name);
  }
  return names;
}
