/** A folder of state and a secret service for the tests of the commands about keys. */
import { ENROLMENT_OPTIONS } from "../../../keeper/options.ts";
import type { KeyRing } from "../../../keeper/keys/key_ring.ts";
import { openKeyRing } from "../../../keeper/keys/system_key_ring.ts";
import type { EnrolmentContext } from "../../../keeper/commands/enrolment_command.ts";
import { defineCommand, type Program } from "../../../protocol/host/mod.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { NOW_MS, playSecretTool, QUICK } from "./key_fixtures.ts";

/** A command about keys, which takes the stored keys of a test. */
export type KeysCommand = (context: EnrolmentContext, ring: KeyRing) => Promise<number>;

/** Where a test runs commands. */
export interface KeysSite {
  /** The folder of state. */
  readonly folder: string;
  /** What the secret service holds. */
  readonly secrets: Map<string, string>;
  /** Runs a command with lines on standard input. */
  run(args: readonly string[], lines?: readonly string[]): Promise<ProgramRun>;
  /** Runs a command at a terminal, where a person answers with lines. */
  ask(args: readonly string[], lines: readonly string[]): Promise<ProgramRun>;
}

/** Runs a test with commands by their words. */
export async function withKeys(
  commands: Readonly<Record<string, KeysCommand>>,
  work: (site: KeysSite) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const secrets = new Map<string, string>();
  const run = (args: readonly string[], stdin: MemoryInput): Promise<ProgramRun> => {
    const program = programOf(commands, { secrets, folder: folder.path, stdin });
    return runInProcess(program, [...args, "--state-dir", folder.path], { stdin });
  };
  await work({
    secrets,
    folder: folder.path,
    run: (args, lines = []) => run(args, new MemoryInput(lines)),
    ask: (args, lines) => run(args, new MemoryInput(lines, { isTerminal: true })),
  });
}

function programOf(
  commands: Readonly<Record<string, KeysCommand>>,
  { secrets, folder, stdin }: {
    readonly secrets: Map<string, string>;
    readonly folder: string;
    readonly stdin: MemoryInput;
  },
): Program {
  const parts = { run: playSecretTool(secrets), cost: QUICK, now: () => NOW_MS };
  return {
    name: "fluxvault-keeper",
    leadingWord: "keeper",
    version: "0",
    summary: "Keeps keys.",
    commands: Object.entries(commands).map(([word, command]) =>
      defineCommand({
        path: [word],
        summary: "Does something with a key.",
        operands: "NAME",
        options: ENROLMENT_OPTIONS,
        load: () =>
          Promise.resolve({
            run: (context) => {
              // A person sees what is written where he types.
              const stdout = stdin.isTerminal ? shownOf(context.stdout) : context.stdout;
              const ring = openKeyRing({ ...context, stateFolder: folder }, parts);
              return command({ ...context, stdout }, ring);
            },
          }),
      })
    ),
  };
}

function shownOf(output: EnrolmentContext["stdout"]): EnrolmentContext["stdout"] {
  const shown = new MemoryOutput({ isTerminal: true });
  shown.write = (text) => output.write(text);
  return shown;
}
