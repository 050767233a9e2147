/** Runs a program in this process, with arguments, variables and signals of the test's own. */
import {
  fixedEnvironment,
  type Program,
  runProgram,
  type TextInput,
} from "../../protocol/host/mod.ts";
import { MemoryInput } from "./memory_input.ts";
import { MemoryOutput } from "./memory_output.ts";

/** What came of a run. */
export interface ProgramRun {
  /** The exit status. */
  readonly code: number;
  /** What was written to standard output. */
  readonly stdout: string;
  /** What was written to standard error. */
  readonly stderr: string;
}

/** Runs a program to its end; `stop` is sent as SIGTERM as soon as it listens. */
export async function runInProcess(
  program: Program,
  args: readonly string[],
  options: {
    readonly variables?: Record<string, string>;
    readonly stop?: boolean;
    readonly stdin?: TextInput;
    /** Whether a person reads along. @default {false} */
    readonly isTerminal?: boolean;
  } = {},
): Promise<ProgramRun> {
  const { isTerminal = false } = options;
  const stdout = new MemoryOutput({ isTerminal });
  const stderr = new MemoryOutput({ isTerminal });
  const signals = {
    add(name: string, listener: () => void): void {
      if (options.stop && name === "SIGTERM") listener();
    },
    remove(): void {},
  };
  const env = fixedEnvironment(options.variables);
  const shutdown = { signals, os: "linux" };
  const stdin = options.stdin ?? new MemoryInput();
  const code = await runProgram(program, { args, env, stdin, stdout, stderr, shutdown });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
