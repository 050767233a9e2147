/** A folder of its own with a vault, and the programs that a test runs in it. */
import { encodeHex } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { type JsonLine, jsonLines, type ProcessEnd } from "./followed_process.ts";
import { portAt } from "./free_port.ts";
import { type ProgramStart, RunningProgram } from "./running_program.ts";

/** How to start an agent. */
export interface AgentStart {
  /** Names its folder below the site's. @default "agent" */
  readonly name?: string;
  /** The address that it listens on. @default "127.0.0.1" */
  readonly host?: string;
  /** The port that it listens on. @default one that is its own, also when it is started again */
  readonly port?: number;
  /** Who may connect. @default "127.0.0.1" */
  readonly whitelist?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** A program and arguments that start it in their place. @default {[]} */
  readonly starter?: readonly string[];
  /** How else the process is started. */
  readonly process?: Omit<ProgramStart, "args" | "cwd">;
}

/** An agent that listens. */
export interface RunningAgent extends AsyncDisposable {
  /** The process. */
  readonly program: RunningProgram;
  /** Its address as the keeper is told: `host:port`. */
  readonly address: string;
  /** The host that it listens on. */
  readonly host: string;
  /** The port that it listens on. */
  readonly port: number;
  /** The fingerprint of its identity. */
  readonly fingerprint: string;
  /** Its working folder. */
  readonly files: string;
  /** Its state folder. */
  readonly state: string;
}

/** A run of the keeper that has ended. */
export interface KeeperRun extends ProcessEnd {
  /** What it reported of each agent, by address; the last report of each. */
  readonly agents: ReadonlyMap<string, JsonLine>;
  /** What it reported of its last pass. */
  readonly pass: JsonLine | undefined;
}

/** How to run the keeper. */
export interface KeeperStart {
  /** Whom to dial; `host:port` each. */
  readonly agents?: readonly string[];
  /** What to deliver; all files of the vault by default. */
  readonly managed?: readonly string[];
  /** The name of its state folder. @default "keeper-state" */
  readonly state?: string;
  /** The name of its vault. @default "vault" */
  readonly vault?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
}

/** The folder and its programs; `await using` ends and removes them. */
export class Site implements AsyncDisposable {
  /** The folder. */
  readonly folder: string;
  readonly #programs: RunningProgram[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder, and a vault with files. */
  static async open(
    vault: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> = {},
  ): Promise<Site> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-e2e-" }));
    const site = new Site(folder);
    await site.store(vault);
    return site;
  }

  /** Returns a path in the folder. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Puts files into the vault, or into another one. */
  async store(
    files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
    vault = "vault",
  ): Promise<void> {
    await Deno.mkdir(this.path(vault), { recursive: true, mode: 0o700 });
    for (const [name, contents] of Object.entries(files)) {
      const path = this.path(`${vault}/${name}`);
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
      const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
      await Deno.writeFile(path, bytes, { mode: 0o600 });
    }
  }

  /** Starts a program in the folder. */
  start(
    program: "agent" | "keeper",
    args: readonly string[],
    options: Omit<ProgramStart, "args" | "cwd"> = {},
  ): RunningProgram {
    const running = new RunningProgram(program, { args, cwd: this.folder, ...options });
    this.#programs.push(running);
    return running;
  }

  /** Runs a program to its end. */
  async run(
    program: "agent" | "keeper",
    args: readonly string[],
    options: Omit<ProgramStart, "args" | "cwd"> = {},
  ): Promise<ProcessEnd> {
    return await this.start(program, args, options).end;
  }

  /** Starts an agent and waits until it listens. */
  async startAgent(start: AgentStart = {}): Promise<RunningAgent> {
    const { name = "agent", host = "127.0.0.1", port = 0, whitelist = "127.0.0.1" } = start;
    const files = this.path(`${name}/files`);
    const state = this.path(`${name}/state`);
    await Deno.mkdir(this.path(name), { recursive: true });
    const program = this.start("agent", [
      ...["--bind-address", host, "--bind-port", `${portAt(host, port)}`, "--json"],
      ...["--whitelisted-addresses", whitelist, "--working-dir", files, "--state-dir", state],
      ...start.args ?? [],
    ], { starter: start.starter ?? [], ...start.process });
    const line = await program.waitForJson(({ event }) => event === "listening");
    return {
      program,
      host,
      port: line.port,
      address: `${host}:${line.port}`,
      fingerprint: line.fingerprint,
      files,
      state,
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  }

  /** Starts a keeper that reports in JSON. */
  async startKeeper(start: KeeperStart): Promise<RunningProgram> {
    return this.start("keeper", await this.#keeperArguments(start));
  }

  /** Runs a keeper once. */
  async deliver(start: KeeperStart): Promise<KeeperRun> {
    const args = ["--run-once", ...await this.#keeperArguments(start)];
    return readKeeperRun(await this.run("keeper", args));
  }

  /** Ends every program and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program[Symbol.asyncDispose]()));
    await Deno.remove(this.folder, { recursive: true });
  }

  async #keeperArguments(start: KeeperStart): Promise<string[]> {
    const { agents, managed, state = "keeper-state", vault = "vault", args = [] } = start;
    const names = managed ?? Object.keys(await readTree(this.path(vault)));
    return [
      ...["--json", "--vault-dir", this.path(vault), "--state-dir", this.path(state)],
      `--managed-files=${names.join(",")}`,
      ...(agents === undefined ? [] : ["--agent-ips", agents.join(",")]),
      ...args,
    ];
  }
}

/** Reads what a keeper reported. */
export function readKeeperRun(end: ProcessEnd): KeeperRun {
  const lines = jsonLines(end.stdout);
  const agents = lines.filter(({ type }) => type === "agent");
  return {
    ...end,
    agents: new Map(agents.map((agent) => [agent.address, agent])),
    pass: lines.findLast(({ type }) => type === "pass"),
  };
}

/** Returns what a keeper reported of each file that it does not call unchanged, by path. */
export function outcomesOf(report: JsonLine | undefined): Record<string, string> {
  const files: { path: string; outcome: string; code?: string }[] = report?.files ?? [];
  return Object.fromEntries(
    files.map(({ path, outcome, code }) => [
      path,
      code === undefined || code === outcome ? outcome : `${outcome} ${code}`,
    ]),
  );
}

/** Reads all that is below a folder: of files the digest, of links the target. */
export async function readTree(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  async function read(below: string): Promise<void> {
    for await (const { name, isDirectory, isSymlink, isFile } of Deno.readDir(folder + below)) {
      const path = `${below}/${name}`;
      if (isDirectory) await unlessGone(read(path));
      else if (isSymlink) {
        const target = await unlessGone(Deno.readLink(folder + path));
        if (target !== null) tree[path.slice(1)] = `link ${target}`;
      } else if (isFile) {
        const digest = await digestOf(folder + path);
        if (digest !== null) tree[path.slice(1)] = digest;
      } else tree[path.slice(1)] = "special";
    }
  }
  await read("");
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Returns the digest of a file, or `null` where somebody removed it since it was listed. */
export async function digestOf(path: string): Promise<string | null> {
  const bytes = await unlessGone(Deno.readFile(path));
  return bytes === null ? null : encodeHex(await sha256Digest(bytes));
}

/** Returns what a look gives, or `null` where what was listed before is gone. */
export async function unlessGone<T>(look: Promise<T>): Promise<T | null> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Returns the permission bits of a file or folder. */
export async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o777;
}

/** Whether this machine answers on more loopback addresses than one; macOS does not. */
export function hasManyLoopbacks(): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.2", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** Makes bytes that look random and are the same in each run. */
export function sampleBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
