/** A program at a terminal of its own, where a test types and sees what is shown. */
import { type ProgramName, RunningProgram } from "./running_program.ts";
import type { Site } from "./site.ts";

/** Runs the words behind it at a terminal that echoes; says the status and the modes at the end. */
const STARTER = [
  "bash",
  "-c",
  'exec script -E always -qefc "$(printf "%q " "$@"); echo status=\\$?; stty -a" /dev/null',
  "bash",
];

/** What is missing for a terminal on this machine; `null` where nothing is. */
export function missingForTerminal(): string | null {
  if (Deno.build.os !== "linux") return "the script of util-linux";
  const has = (command: string) => {
    try {
      return new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" })
        .outputSync().success;
    } catch {
      return false;
    }
  };
  return ["script", "bash", "stty"].find((command) => !has(command)) ?? null;
}

/** What is started at a terminal. */
export interface TerminalStart {
  /** The program. @default "keeper" */
  readonly program?: ProgramName;
  /** The command that an agent starts, behind `--`. */
  readonly application?: readonly string[];
  /** What the terminal is, as `TERM` says; a dumb one cannot move the cursor. @default "dumb" */
  readonly kind?: "dumb" | "xterm";
}

/** Starts a program at a terminal; what it shows is the program's standard output. */
export function startAtTerminal(
  site: Site,
  args: readonly string[],
  { program = "keeper", kind = "dumb", ...start }: TerminalStart = {},
): RunningProgram {
  return new RunningProgram(program, {
    ...start,
    args,
    cwd: site.folder,
    starter: STARTER,
    isTyped: true,
    variables: { SHELL: "/bin/bash", TERM: kind },
  });
}

/** Waits until a text is shown, and types the answer. */
export async function answer(
  program: RunningProgram,
  shown: string,
  typed: string,
): Promise<void> {
  await program.waitFor(() => program.stdout.includes(shown) || undefined);
  await program.type(typed);
}
