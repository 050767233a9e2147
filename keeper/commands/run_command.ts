/**
 * `fluxvault-keeper run`: serves a fleet, once or until it is stopped.
 *
 * @module
 */
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  StopRequested,
} from "../../protocol/host/mod.ts";
import { ApprovalQuestion } from "./approval_question.ts";
import { AuditedKnownAgents, type AuditLog } from "../audit/mod.ts";
import { noteAuditFailure, startRunAudit } from "../audit/run_audit.ts";
import { makeProgress } from "./command_progress.ts";
import { Keeper } from "../keeper.ts";
import type { RUN_OPTIONS } from "../options.ts";
import { onRecord, prepareFleet } from "./prepared_fleet.ts";
import type { ProgressDisplay } from "../progress/progress_display.ts";
import { isPassWanted, type PassReport, updatePass } from "../report/report.ts";
import { printNews, printReport } from "../report/report_output.ts";
import type { WaitingHint } from "../report/report_text.ts";
import type { ServeContext } from "./run_context.ts";
import { StatusFile } from "../status/status_file.ts";
import { StatusRecorder } from "../status/status_recorder.ts";
import type { KnownAgentsStore } from "../trust/mod.ts";

/** What `--managed-files` says instead of names where every file of the vault is offered. */
export interface ServeOptions {
  /** Whether every file of the vault folder is offered, as the original did. @default {false} */
  readonly wholeFolder?: boolean;
}

/** Runs the command. */
export function run(context: CommandContext<typeof RUN_OPTIONS>): Promise<number> {
  return serve(context);
}

/** Serves a fleet, once or until it is stopped. */
export async function serve(context: ServeContext, options: ServeOptions = {}): Promise<number> {
  try {
    return await serveFleet(context, options);
  } catch (error) {
    if (!context.settings.runOnce || !(error instanceof StopRequested)) throw error;
    // Unlike a service, what was to be done once is not done where it was stopped.
    context.logger.warn("The keeper was stopped before its one pass had ended.");
    return error.exitCode;
  }
}

async function serveFleet(context: ServeContext, options: ServeOptions): Promise<number> {
  const { settings, logger, signal } = context;
  const prepared = await prepareFleet(context, options);
  const { stateFolder, knownAgents, run } = prepared;
  const { app } = run;
  await using audit = await startRunAudit(
    { stateFolder, auditLog: settings.auditLog },
    run,
    { logger },
  );
  const { log } = audit;
  const intervalMs = settings.runOnce ? null : settings.pollingIntervalMs;
  await using status = new StatusRecorder(new StatusFile(stateFolder), { app, intervalMs, logger });
  await using progress = makeProgress(context);
  const keeper = new Keeper({
    ...prepared.options,
    ...onRecord(prepared, audit),
    task: { watch: progress },
    onContact: (report) => status.noteContact(report),
  });
  const decided = new AuditedKnownAgents(knownAgents, log, { by: "operator" });
  const question = canAsk(context) ? makeQuestion(context, decided, keeper) : null;
  if (settings.runOnce) {
    const report = await passOnce(context, { keeper, question, log, status, progress });
    return isPassWanted(report) ? EXIT_DONE : EXIT_FAILURE;
  }
  logger.info("The keeper serves its fleet until it is stopped.", {
    app,
    files: prepared.declared,
    trust: run.trust,
    state: knownAgents.path,
  });
  const watching = settings.watch ? watchVault(context, keeper) : null;
  try {
    return await keeper.run({
      signal,
      onReport: async (pass) => {
        status.notePass(pass);
        const report = noteAuditFailure(pass, log);
        // Who serves a fleet for days watches the first pass at most.
        if (report.isWhole) await progress.leaveTerminal();
        const wasPrinted = await printNews(context, report, {
          waitingHint: hintFor(question, report),
          onPrint: async () => await question?.makeRoom(),
        });
        // What is asked already is shown again below a report.
        if (wasPrinted) await question?.remind(report);
        if (question !== null) askAside(context, report, question);
      },
    });
  } finally {
    await watching;
  }
}

/** Brings changes of the vault at once. */
async function watchVault(
  { settings, signal, logger }: ServeContext,
  keeper: Keeper,
): Promise<void> {
  const { watchPaths } = await import("../watch/path_watch.ts");
  await watchPaths([{ path: settings.vaultDir, isFile: false }], {
    signal,
    logger,
    onChange: async () => {
      try {
        await keeper.noticeVault({ signal });
      } catch (error) {
        // The next pass reports it.
        logger.debug("The vault cannot be looked at.", { error: String(error) });
      }
    },
  });
}

/** A person can be asked where he reads what is printed and types what is read. */
function canAsk({ settings, stdin, stdout, stderr }: ServeContext): boolean {
  return !settings.json && !settings.quiet &&
    [stdin, stdout, stderr].every(({ isTerminal }) => isTerminal);
}

function makeQuestion(
  { stdin, stderr, signal }: ServeContext,
  knownAgents: KnownAgentsStore,
  keeper: Keeper,
): ApprovalQuestion {
  const onApproved = () => keeper.noticeDecisions();
  return new ApprovalQuestion({ stdin, stderr, signal, knownAgents, onApproved });
}

/** Whoever can be asked is not shown commands as well. */
function hintFor(question: ApprovalQuestion | null, report: PassReport): WaitingHint {
  if (question === null) return "commands";
  return question.willAsk(report) ? "none" : "list";
}

/** Serves the fleet once, and then those whom the operator lets in. */
async function passOnce(
  context: ServeContext,
  { keeper, question, log, status, progress }: {
    readonly keeper: Keeper;
    readonly question: ApprovalQuestion | null;
    readonly log: AuditLog;
    readonly status: StatusRecorder;
    readonly progress: ProgressDisplay;
  },
): Promise<PassReport> {
  const { signal } = context;
  const report = noteAuditFailure(await keeper.pass({ signal }), log);
  status.notePass(report);
  await progress.leaveTerminal();
  await printReport(context, report, { waitingHint: hintFor(question, report) });
  if (question === null || await question.ask(report) === 0) return report;
  const later = noteAuditFailure(await keeper.passDue({ signal }), log);
  await printReport(context, later, { waitingHint: "list" });
  return updatePass(report, later);
}

/** Asks without holding up the passes. */
function askAside(
  { logger, signal }: ServeContext,
  report: PassReport,
  question: ApprovalQuestion,
): void {
  void question.ask(report).catch((error) => {
    if (signal.aborted) return;
    logger.error("What was answered cannot be kept.", { error: String(error) });
  });
}
