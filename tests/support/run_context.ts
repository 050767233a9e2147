/** What the parts of the keeper's `run` are given, as a test wants it. */
import type { ServeContext } from "../../keeper/commands/run_context.ts";
import { RUN_OPTIONS } from "../../keeper/options.ts";
import { fixedEnvironment, GLOBAL_OPTIONS, resolveSettings } from "../../protocol/host/mod.ts";
import { QUIET_PARTS } from "./command_parts.ts";
import { MemoryInput } from "./memory_input.ts";
import { MemoryLogger } from "./memory_logger.ts";
import { MemoryOutput } from "./memory_output.ts";

/** What a run is given beside its arguments. */
export interface RunSurroundings {
  /** The environment variables. @default {{}} */
  readonly variables?: Record<string, string>;
  /** The lines of standard input. @default {[]} */
  readonly lines?: readonly string[];
  /** Ends the run; never by default. */
  readonly signal?: AbortSignal;
}

/** What a run is given, with what a test looks at. */
export interface TestRunContext extends ServeContext {
  readonly stdin: MemoryInput;
  readonly stdout: MemoryOutput;
  readonly stderr: MemoryOutput;
  readonly logger: MemoryLogger;
}

/** Reads arguments and variables as the program does. */
export async function runContext(
  args: readonly string[],
  { variables = {}, lines = [], signal = new AbortController().signal }: RunSurroundings = {},
): Promise<TestRunContext> {
  const env = fixedEnvironment(variables);
  const resolved = await resolveSettings([...RUN_OPTIONS, ...GLOBAL_OPTIONS], { args, env });
  return {
    settings: resolved.values,
    resolved,
    operands: [],
    ...QUIET_PARTS,
    env,
    logger: new MemoryLogger(),
    signal,
    stdin: new MemoryInput(lines),
    stdout: new MemoryOutput(),
    stderr: new MemoryOutput(),
  };
}
