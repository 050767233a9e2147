/**
 * Which agents are called: `APP[/COMPONENT]`, in the place of `--only`.
 *
 * @module
 */
import { ConfigError, isAppName } from "../../../protocol/mod.ts";
import { isSameApp } from "../../app_name.ts";
import type { AgentPatterns } from "../../fleet/agent_pattern.ts";
import { readPatterns } from "../plan_command.ts";
import type { ServeContext } from "../run_context.ts";

/** The agents that are called. */
export interface MeantAgents {
  /** By their names. */
  readonly patterns: AgentPatterns;
  /** The app to look for, where the operand names one and no setting does. */
  readonly appName: string | undefined;
}

/**
 * Reads which agents are meant; all are where nothing is said.
 *
 * @throws {ConfigError} for a name that is none, and where the settings name another app.
 */
export function readMeantAgents(
  operand: string | undefined,
  { settings: { appName } }: Pick<ServeContext, "settings">,
): MeantAgents {
  if (operand === undefined) return { patterns: readPatterns([]), appName };
  const patterns = readPatterns([operand], "APP/COMPONENT");
  const app = operand.split("/")[0] ?? "";
  if (app.includes("*") || !isAppName(app)) return { patterns, appName };
  if (appName === undefined || isSameApp(appName, app)) {
    return { patterns, appName: appName ?? app };
  }
  throw new ConfigError(`the app to call is not that of --app-name, ${JSON.stringify(appName)}`, {
    setting: "--app-name",
    hint: "Leave one of them out.",
  });
}
