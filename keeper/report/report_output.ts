/**
 * Where the reports of a keeper go, in the form that the settings ask for.
 *
 * @module
 */
import type { PassReport } from "./report.ts";
import type { ServeContext } from "../commands/run_context.ts";

/** Prints a report. */
export async function printReport(context: ServeContext, report: PassReport): Promise<void> {
  const { settings, stdout } = context;
  if (settings.json) {
    const { formatReportJson } = await import("./report_json.ts");
    await stdout.write(formatReportJson(report));
    return;
  }
  const { formatReportText } = await import("./report_text.ts");
  const { stateDir } = settings;
  const approveFlags = stateDir === undefined ? "" : ` --state-dir ${quoteForShell(stateDir)}`;
  await stdout.write(formatReportText(report, { approveFlags }));
}

/**
 * Prints a report unless it only repeats that some agents still fail; JSON has them all.
 *
 * @returns Whether it was printed.
 */
export async function printNews(context: ServeContext, report: PassReport): Promise<boolean> {
  const isFull = context.settings.json || report.isWhole;
  const agents = isFull ? report.agents : report.agents.filter(({ failures }) => failures <= 1);
  if (!isFull && agents.length === 0) return false;
  await printReport(context, { ...report, agents });
  return true;
}

function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
