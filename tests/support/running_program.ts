/** A program of this project, run as a process of its own with the permissions of its task. */
import config from "../../deno.json" with { type: "json" };
import { FollowedProcess, type JsonLine, jsonLines } from "./followed_process.ts";

/** The programs. */
export type ProgramName = "agent" | "keeper";

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
  /** What it reads from standard input; nothing where it is not given. */
  readonly input?: string;
  /** Whether more is typed while it runs, so that its input does not end. @default {false} */
  readonly isTyped?: boolean;
  /** Whether it is an agent that may run programs. @default {false} */
  readonly mayRun?: boolean;
  /** The command that such an agent starts, behind `--`; its reports go to standard error then. */
  readonly application?: readonly string[];
  /** A program and arguments that start the process in their place. @default {[]} */
  readonly starter?: readonly string[];
  /** When it is ended, in milliseconds. @default {600_000} */
  readonly guardTimeoutMs?: number;
}

const ROOT = new URL("../../", import.meta.url);
const HIDDEN_VARIABLES = /^(?:FLUXVAULT_|FLUX_|XDG_STATE_HOME$)/;

function environment(variables: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !HIDDEN_VARIABLES.test(name));
  return { NO_COLOR: "1", ...Object.fromEntries(inherited), ...variables };
}

/** Returns the words of a task of `deno.json` between `deno run` and the script. */
function permissionsOf(program: ProgramName, mayRun: boolean): string[] {
  const task = mayRun ? "agent:run" : program;
  return config.tasks[task].split(" ").slice(2, -1);
}

/** A process; `await using` ends it. */
export class RunningProgram extends FollowedProcess {
  readonly #hasApplication: boolean;

  /** Starts a program. */
  constructor(program: ProgramName, start: ProgramStart) {
    const script = new URL(start.script ?? `${program}/main.ts`, ROOT).href;
    const { application, mayRun = application !== undefined } = start;
    const run = ["run", "--quiet", ...permissionsOf(program, mayRun), script, ...start.args];
    const behind = application === undefined ? [] : ["--", ...application];
    super({
      command: [...start.starter ?? [], Deno.execPath(), ...run, ...behind],
      input: start.input,
      isTyped: start.isTyped,
      guardTimeoutMs: start.guardTimeoutMs,
      place: { cwd: start.cwd, env: environment(start.variables ?? {}) },
    });
    this.#hasApplication = application !== undefined;
  }

  /** What it reported so far. */
  get reports(): JsonLine[] {
    return jsonLines(this.#hasApplication ? this.stderr : this.stdout);
  }

  /** Waits until a line of JSON among its reports is as wanted, and returns it. */
  waitForJson(isWanted: (line: JsonLine) => boolean): Promise<JsonLine> {
    return this.waitFor(() => this.reports.find(isWanted));
  }

  /** Waits until so many lines of JSON among its reports are as wanted, and returns all of them. */
  waitForReports(count: number, isWanted: (line: JsonLine) => boolean): Promise<JsonLine[]> {
    return this.waitFor(() => {
      const wanted = this.reports.filter(isWanted);
      return wanted.length >= count ? wanted : undefined;
    });
  }

  /** Waits until standard error matches. */
  async waitForLog(pattern: RegExp): Promise<void> {
    await this.waitFor(() => pattern.test(this.stderr) || undefined);
  }
}
