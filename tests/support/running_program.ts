/** A program of this project, run as a process of its own with the permissions of its task. */
import config from "../../deno.json" with { type: "json" };

/** The programs. */
export type ProgramName = "agent" | "keeper";

/** How a process ended and what it said. */
export interface ProgramEnd {
  /** The exit status; 128 and more where a signal ended it. */
  readonly code: number;
  /** The signal that ended it, or `null`. */
  readonly signal: string | null;
  /** Everything that it wrote to standard output. */
  readonly stdout: string;
  /** Everything that it wrote to standard error. */
  readonly stderr: string;
}

/** How to start a process. */
export interface ProgramStart {
  /** Its arguments. */
  readonly args: readonly string[];
  /** The folder that it runs in. */
  readonly cwd: string;
  /** Variables beside those of this process, of which none that the programs read are handed on. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The script, by its path in the project. @default the program's `main.ts` */
  readonly script?: string;
  /** A program and arguments that start the process in their place. @default {[]} */
  readonly starter?: readonly string[];
}

/** Nothing that a test waits for takes this long; what does is ended, so that the test fails. */
const GUARD_TIMEOUT_MS = 120_000;
const ROOT = new URL("../../", import.meta.url);
const HIDDEN_VARIABLES = /^(?:FLUXVAULT_|FLUX_|XDG_STATE_HOME$)/;

function environment(variables: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !HIDDEN_VARIABLES.test(name));
  return { NO_COLOR: "1", ...Object.fromEntries(inherited), ...variables };
}

/** Returns the words of a task of `deno.json` between `deno run` and the script. */
function permissionsOf(program: ProgramName): string[] {
  return config.tasks[program].split(" ").slice(2, -1);
}

/** A process; `await using` ends it. */
export class RunningProgram implements AsyncDisposable {
  /** Its number. */
  readonly pid: number;
  /** How it ended, once it has. */
  readonly end: Promise<ProgramEnd>;
  /** What it wrote to standard output so far. */
  stdout = "";
  /** What it wrote to standard error so far. */
  stderr = "";
  readonly #process: Deno.ChildProcess;
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;

  /** Starts a program. */
  constructor(program: ProgramName, start: ProgramStart) {
    const script = new URL(start.script ?? `${program}/main.ts`, ROOT).href;
    const run = ["run", "--quiet", ...permissionsOf(program), script, ...start.args];
    const [command = "", ...args] = [...start.starter ?? [], Deno.execPath(), ...run];
    this.#process = new Deno.Command(command, {
      args,
      cwd: start.cwd,
      clearEnv: true,
      env: environment(start.variables ?? {}),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    this.end = this.#follow();
  }

  /** Sends a signal; a process that has ended takes none. */
  kill(signal: Deno.Signal): void {
    if (!this.#hasEnded) this.#process.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ProgramEnd> {
    this.kill(signal);
    return await this.end;
  }

  /** Waits until a line of JSON on standard output is as wanted, and returns it. */
  waitForJson(isWanted: (line: JsonLine) => boolean): Promise<JsonLine> {
    return this.#waitFor(() => jsonLines(this.stdout).find(isWanted));
  }

  /** Waits until standard error matches. */
  async waitForLog(pattern: RegExp): Promise<void> {
    await this.#waitFor(() => pattern.test(this.stderr) || undefined);
  }

  /** Ends the process, if need be the hard way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  async #waitFor<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#hasEnded) throw new Error(`the program ended too soon; it said:\n${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async #follow(): Promise<ProgramEnd> {
    const guard = setTimeout(() => this.#process.kill("SIGKILL"), GUARD_TIMEOUT_MS);
    const [{ code, signal }] = await Promise.all([
      this.#process.status,
      this.#read(this.#process.stdout, (text) => this.stdout += text),
      this.#read(this.#process.stderr, (text) => this.stderr += text),
    ]);
    clearTimeout(guard);
    this.#hasEnded = true;
    this.#wake();
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  async #read(
    output: ReadableStream<Uint8Array<ArrayBuffer>>,
    take: (text: string) => void,
  ): Promise<void> {
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      take(text);
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A line of JSON that a program wrote. */
// deno-lint-ignore no-explicit-any
export type JsonLine = Readonly<Record<string, any>>;

/** Reads the complete lines that are JSON objects. */
export function jsonLines(text: string): JsonLine[] {
  return text.split("\n").slice(0, -1).filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
}
