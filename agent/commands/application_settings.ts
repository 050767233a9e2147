/**
 * What an agent may run, and its application, as the operator says it.
 *
 * @module
 */
import { isGiven, settingError } from "../../protocol/host/mod.ts";
import { AllowedPrograms } from "../hooks/mod.ts";
import type { ApplicationSettings, GivenCommand } from "./application_command.ts";
import type { ServeContext } from "./serve_context.ts";

/** What an agent may run. */
export interface ProgramSettings {
  /** The programs that hooks may run; `null` in an agent that may run none at all. */
  readonly allowed: AllowedPrograms | null;
  /** Its application, or `null` where it has none. */
  readonly application: ApplicationSettings | null;
}

/** The options that are about the command behind `--`. */
const OF_COMMAND = ["wait-for", "wait-timeout", "on-change", "stop-timeout", "env", "fd", "stdin"];
const HINT = "Start the variant that may, deno task agent:run or fluxvault-agent-run.";

/**
 * Reads what the agent may run.
 *
 * @throws {ConfigError} where the settings contradict each other, cannot be read, or ask for more than
 * this process may do.
 */
export async function readPrograms(context: ServeContext): Promise<ProgramSettings> {
  const { settings: { application: settings }, resolved, env, rest } = context;
  const mayRun = context.mayRun ?? mayRunPrograms();
  if (settings === null) return { allowed: null, application: null };
  if (settings.allowRun.length > 0 && !mayRun) {
    throw settingError(resolved, {
      name: "allow-run",
      problem: "cannot be had: this agent was started without the permission to run programs",
      hint: HINT,
    });
  }
  const application = rest === null ? null : await readCommand(context, { rest, settings, mayRun });
  if (rest === null) checkWithoutCommand(context);
  try {
    const allowed = new AllowedPrograms(settings.allowRun, env.get("PATH") ?? "");
    return { allowed: mayRun ? allowed : null, application };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw settingError(resolved, {
      name: "allow-run",
      problem: `cannot be used: ${error.message}`,
      hint: "Write /usr/sbin/nginx, or nginx to have it looked up in PATH.",
    });
  }
}

function mayRunPrograms(): boolean {
  return Deno.permissions.querySync({ name: "run" }).state === "granted";
}

function checkWithoutCommand({ resolved }: ServeContext): void {
  for (const name of OF_COMMAND) {
    if (!isGiven(resolved, name)) continue;
    throw settingError(resolved, {
      name,
      problem: "has no use without a command",
      hint: "Write the command that the agent starts behind --, for example -- nginx -g ...",
    });
  }
}

/** Loads what reads a command only where there is one. */
async function readCommand(
  context: ServeContext,
  command: GivenCommand,
): Promise<ApplicationSettings> {
  const { readApplication } = await import("./application_command.ts");
  return readApplication(context, command);
}
