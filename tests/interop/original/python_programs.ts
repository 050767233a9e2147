/** The stand-ins for the original, run as processes of their own. */
import { fileURLToPath } from "node:url";
import {
  FollowedProcess,
  type JsonLine,
  jsonLines,
  type ProcessEnd,
} from "../../support/followed_process.ts";

/** The two published versions of the original, as the stand-ins call them. */
export const DIALECTS = ["poc", "class"] as const;

/** One of them. */
export type PythonDialect = typeof DIALECTS[number];

/** What a stand-in tells of a session that has ended. */
export interface PythonSession {
  /** Whether it came to its regular end. */
  readonly complete: boolean;
  /** Why not, or `null`. */
  readonly error: string | null;
  /** The status in the answer to each request, by the name of the file. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where `dist/tasks/test_original.ts` says which Python has what the stand-ins need. */
const PYTHON_VARIABLE = "ORIGINAL_PYTHON";

function findPython(): string {
  const python = Deno.env.get(PYTHON_VARIABLE);
  if (python !== undefined) return python;
  throw new Error(`${PYTHON_VARIABLE} names no Python; \`deno task test:original\` finds one`);
}

/** What runs a stand-in. */
export interface PythonRunner {
  /** The Python. @default the one that `ORIGINAL_PYTHON` names */
  readonly python?: string;
  /** When the process is ended, in milliseconds. @default that of every process */
  readonly guardTimeoutMs?: number;
}

/** A process; `await using` ends it. */
export class PythonProgram extends FollowedProcess {
  #taken = 0;

  /** Starts a script of this folder. */
  constructor(script: string, args: readonly string[], runner: PythonRunner = {}) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    super({
      command: [runner.python ?? findPython(), path, ...args],
      guardTimeoutMs: runner.guardTimeoutMs,
    });
  }

  /** Waits for the next line that was not taken yet. */
  async next(): Promise<JsonLine> {
    return (await this.take(1))[0] ?? {};
  }

  /** Waits for the next lines that were not taken yet. */
  async take(count: number): Promise<JsonLine[]> {
    const lines = await this.waitFor(() => {
      const untaken = jsonLines(this.stdout).slice(this.#taken, this.#taken + count);
      return untaken.length === count ? untaken : undefined;
    });
    this.#taken += count;
    return lines;
  }
}

/** How to start a node. */
export interface PythonNodeStart extends PythonRunner {
  /** Its folder; with `count`, the one of their folders. */
  readonly folder: string;
  /** What it asks for. */
  readonly files: readonly string[];
  /** The version that it stands for. @default {"poc"} */
  readonly dialect?: PythonDialect;
  /** The address that it listens on. @default "127.0.0.1" */
  readonly host?: string;
  /** The port that it listens on. @default {0} */
  readonly port?: number;
  /** The number of nodes in one process; `undefined` is one, without folders by number. */
  readonly count?: number;
  /** Whether it makes a key for each connection, as the original does, or one ahead. */
  readonly makesKeys?: boolean;
}

/** A node that listens, or several in one process. */
export class PythonNode implements AsyncDisposable {
  /** The port of each, in their order. */
  readonly ports: readonly number[];
  /** The host that they listen on. */
  readonly host: string;
  readonly #program: PythonProgram;

  private constructor(program: PythonProgram, host: string, ports: readonly number[]) {
    this.#program = program;
    this.host = host;
    this.ports = ports;
  }

  /** Starts a node and waits until it listens. */
  static async start(start: PythonNodeStart): Promise<PythonNode> {
    const { folder, files, dialect = "poc", host = "127.0.0.1", port = 0, count } = start;
    const program = new PythonProgram("node.py", [
      ...["--dir", folder, "--dialect", dialect, "--host", host, "--port", `${port}`],
      ...(count === undefined ? [] : ["--nodes", `${count}`]),
      ...(start.makesKeys ? [] : ["--prompt-key"]),
      ...files,
    ], start);
    try {
      const ports = (await program.take(count ?? 1)).map((line) => line.port);
      return new PythonNode(program, host, ports);
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The number of the process. */
  get pid(): number {
    return this.#program.pid;
  }

  /** The port of the first. */
  get port(): number {
    return this.ports[0] ?? 0;
  }

  /** The address of each as a keeper is told: `host:port`. */
  get addresses(): string[] {
    return this.ports.map((port) => `${this.host}:${port}`);
  }

  /** The address of the first. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Waits for the next session to end that was not told of yet. */
  async nextSession(): Promise<PythonSession> {
    return await this.#program.next() as JsonLine & PythonSession;
  }

  /** Asks the process to end and waits until it has. */
  async stop(): Promise<ProcessEnd> {
    return await this.#program.stop();
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

/** How to run a vault. */
export interface PythonVaultStart {
  /** The folder of the files. */
  readonly folder: string;
  /** Whom to dial, one after another; `host:port` each. */
  readonly nodes: readonly string[];
  /** The version that it stands for. @default {"poc"} */
  readonly dialect?: PythonDialect;
  /** How often it dials all of them. @default {1} */
  readonly sessions?: number;
}

/** A vault that has ended. */
export interface PythonVaultRun extends ProcessEnd {
  /** What it told of each session. */
  readonly sessions: readonly PythonSession[];
}

/** Runs a vault to its end. */
export async function runPythonVault(start: PythonVaultStart): Promise<PythonVaultRun> {
  const { folder, nodes, dialect = "poc", sessions = 1 } = start;
  await using program = new PythonProgram("vault.py", [
    ...["--dir", folder, "--hosts", nodes.join(","), "--dialect", dialect],
    ...["--sessions", `${sessions}`],
  ]);
  const end = await program.end;
  return { ...end, sessions: jsonLines(end.stdout) as (JsonLine & PythonSession)[] };
}
