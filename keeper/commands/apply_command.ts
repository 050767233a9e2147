/**
 * `fluxvault-keeper apply`: shows a plan, asks, and does what was shown and nothing else.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE, EXIT_FAILURE } from "../../protocol/host/mod.ts";
import type { APPLY_OPTIONS } from "../fleet_options.ts";
import { askYesNo } from "../keys/mod.ts";
import { hasChanges } from "../plan/plan_verdict.ts";
import type { AgentPlanView } from "../plan/plan_view.ts";
import { plural } from "../report/amounts.ts";
import { isPassWanted, type PassReport } from "../report/report.ts";
import { printReport } from "../report/report_output.ts";
import { FleetDesk } from "./fleet_desk.ts";
import { printPlan, readPatterns } from "./plan_command.ts";

/** What the commands that change a fleet after a question are given. */
export type ApplyContext = CommandContext<typeof APPLY_OPTIONS>;

/** Runs the command. */
export async function run(context: ApplyContext): Promise<number> {
  requireAnswer(context, "See first what would be done: fluxvault-keeper plan.");
  const patterns = readPatterns(context.settings.only);
  const desk = await FleetDesk.open(context, { command: "apply", patterns });
  const passes = await desk.plan();
  const views = await printPlan(context, desk, passes);
  const changed = passes.flatMap(({ agents }) => agents).filter(hasChanges).length;
  if (changed > 0 && !context.settings.yes) {
    const question = `Apply this to ${plural(changed, "agent")}?`;
    if (!await askYesNo(context, question, { otherwise: false })) {
      await context.stderr.write("Nothing was changed.\n");
      return EXIT_FAILURE;
    }
  }
  return await deliverPlanned(context, desk, { passes, views });
}

/**
 * Refuses a command that changes something where nobody can be asked, and nobody said yes.
 *
 * @param hint What to do instead.
 * @throws {ConfigError}
 */
export function requireAnswer(
  { settings, stdin, stdout, stderr }: ApplyContext,
  hint: string,
): void {
  const canAsk = !settings.json && [stdin, stdout, stderr].every(({ isTerminal }) => isTerminal);
  if (settings.yes || canAsk) return;
  throw new ConfigError("nobody can be asked here, so --yes is needed", { setting: "--yes", hint });
}

/** Does what was planned, reports on it as `run --run-once` does, and returns the exit status. */
export async function deliverPlanned(
  context: ApplyContext,
  desk: FleetDesk,
  { passes, views }: {
    readonly passes: readonly PassReport[];
    readonly views: readonly AgentPlanView[];
  },
): Promise<number> {
  const reports = await desk.deliver(passes, views);
  for (const report of reports) {
    await printReport(context, report, { nameOfApp: reports.length > 1 ? report.app : null });
  }
  return reports.every(isPassWanted) ? EXIT_DONE : EXIT_FAILURE;
}
