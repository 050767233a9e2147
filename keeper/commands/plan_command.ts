/**
 * `fluxvault-keeper plan`: what a delivery would do, agent by agent, before it does it.
 *
 * @module
 */
import {
  type CommandContext,
  EXIT_CHANGES,
  EXIT_DONE,
  EXIT_FAILURE,
} from "../../protocol/host/mod.ts";
import { type AgentPatterns, parseAgentPatterns } from "../fleet/agent_pattern.ts";
import type { PLAN_OPTIONS } from "../fleet_options.ts";
import { disclosedSecret, secretIn } from "../keys/disclosed_secret.ts";
import type { AgentPlanView } from "../plan/plan_view.ts";
import { judgePlan, type PlanVerdict } from "../plan/plan_verdict.ts";
import type { PassReport } from "../report/report.ts";
import { FleetDesk } from "./fleet_desk.ts";

/** What the commands that show a plan are given. */
export interface PlanContext extends Omit<CommandContext, "settings"> {
  /** The settings of `plan`. */
  readonly settings: CommandContext<typeof PLAN_OPTIONS>["settings"];
}

const STATUSES: Readonly<Record<PlanVerdict, number>> = {
  nothing: EXIT_DONE,
  changes: EXIT_CHANGES,
  trouble: EXIT_FAILURE,
};

/** Runs the command. */
export async function run(context: PlanContext): Promise<number> {
  const patterns = readPatterns(context.settings.only);
  const desk = await FleetDesk.open(context, { command: "plan", patterns });
  const passes = await desk.plan();
  await printPlan(context, desk, passes);
  return STATUSES[judgePlan(passes)];
}

/** Prints a plan in the form that the settings ask for; returns what it shows. */
export async function printPlan(
  { settings, stdout }: PlanContext,
  desk: FleetDesk,
  passes: readonly PassReport[],
): Promise<readonly AgentPlanView[]> {
  const views = await desk.view(passes);
  if (settings.json) {
    const { formatPlanJson } = await import("../plan/plan_json.ts");
    await stdout.write(formatPlanJson(views, passes));
    return views;
  }
  const { formatPlanText } = await import("../plan/plan_text.ts");
  await stdout.write(formatPlanText(views, passes, { isWhole: settings.all }));
  return views;
}

/**
 * Reads which agents are meant.
 *
 * @param setting Where the patterns come from.
 * @throws {ConfigError} for one that cannot be used, and for a secret, which is not repeated.
 */
export function readPatterns(items: readonly string[], setting: string = "--only"): AgentPatterns {
  const secret = items.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret, { setting });
  return parseAgentPatterns(items, setting);
}
