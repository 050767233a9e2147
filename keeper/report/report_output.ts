/**
 * Where the reports of a keeper go, in the form that the settings ask for.
 *
 * @module
 */
import type { PassReport } from "./report.ts";
import type { WaitingHint } from "./report_text.ts";
import type { ServeContext } from "../commands/run_context.ts";

/** The options of {@linkcode printReport}. */
export interface PrintOptions {
  /** What a report for people says of agents that wait. @default {"commands"} */
  readonly waitingHint?: WaitingHint;
  /** The app, where it is one of several; `null` where it is the only one. @default {null} */
  readonly nameOfApp?: string | null;
}

/** The options of {@linkcode printNews}. */
export interface PrintNewsOptions extends PrintOptions {
  /** Is called, and waited for, before something is printed. */
  readonly onPrint?: () => Promise<void>;
}

/** Prints a report. */
export async function printReport(
  context: ServeContext,
  report: PassReport,
  options: PrintOptions = {},
): Promise<void> {
  const { settings, stdout } = context;
  if (settings.json) {
    const { formatReportJson } = await import("./report_json.ts");
    await stdout.write(formatReportJson(report));
    return;
  }
  const { formatReportText } = await import("./report_text.ts");
  const { stateDir } = settings;
  const approveFlags = stateDir === undefined ? "" : ` --state-dir ${quoteForShell(stateDir)}`;
  const { waitingHint = "commands", nameOfApp = null } = options;
  await stdout.write(formatReportText(report, { approveFlags, waitingHint, nameOfApp }));
}

/**
 * Prints a report unless it only repeats that some agents still fail; JSON has them all.
 *
 * @returns Whether it was printed.
 */
export async function printNews(
  context: ServeContext,
  report: PassReport,
  options: PrintNewsOptions = {},
): Promise<boolean> {
  const isFull = context.settings.json || report.isWhole;
  const agents = isFull ? report.agents : report.agents.filter(({ failures }) => failures <= 1);
  if (!isFull && agents.length === 0) return false;
  await options.onPrint?.();
  await printReport(context, { ...report, agents }, options);
  return true;
}

function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
