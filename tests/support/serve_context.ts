/** What the agent program's parts are given, as a test wants it. */
import { AGENT_OPTIONS } from "../../agent/options.ts";
import type { ServeContext } from "../../agent/commands/serve_context.ts";
import { fixedEnvironment, GLOBAL_OPTIONS, resolveSettings } from "../../protocol/host/mod.ts";
import { QUIET_PARTS } from "./command_parts.ts";
import { MemoryInput } from "./memory_input.ts";
import { MemoryLogger } from "./memory_logger.ts";
import { MemoryOutput } from "./memory_output.ts";

/** Reads arguments and variables as the program does. */
export async function serveContext(
  args: readonly string[],
  variables: Record<string, string> = {},
): Promise<ServeContext & { readonly logger: MemoryLogger }> {
  const env = fixedEnvironment(variables);
  const resolved = await resolveSettings([...AGENT_OPTIONS, ...GLOBAL_OPTIONS], { args, env });
  return {
    settings: {
      ...resolved.values,
      application: resolved.values,
      http: resolved.values,
      plugins: resolved.values,
      components: resolved.values,
    },
    resolved,
    operands: [],
    ...QUIET_PARTS,
    env,
    logger: new MemoryLogger(),
    signal: new AbortController().signal,
    stdin: new MemoryInput(),
    stdout: new MemoryOutput(),
    stderr: new MemoryOutput(),
  };
}
