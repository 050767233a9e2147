/**
 * Serving one app: its passes, their reports, and the question about those who wait.
 *
 * @module
 */
import { noteAuditFailure } from "../../audit/run_audit.ts";
import { type PassReport, updatePass } from "../../report/report.ts";
import { printNews, printReport } from "../../report/report_output.ts";
import { ApprovalQuestion } from "../approval_question.ts";
import type { ServeContext } from "../run_context.ts";
import type { ApprovalTurns } from "./approval_turns.ts";
import type { ServedApp } from "./served_app.ts";

/** Serves one app, and tells of it. */
export class AppRun {
  readonly #context: ServeContext;
  readonly #app: ServedApp;
  readonly #turns: ApprovalTurns;
  readonly #question: ApprovalQuestion | null;

  /** Takes the app; `context.signal` ends it. */
  constructor(context: ServeContext, app: ServedApp, turns: ApprovalTurns) {
    this.#context = context;
    this.#app = app;
    this.#turns = turns;
    this.#question = canAsk(context) ? makeQuestion(context, app) : null;
  }

  /** Serves the fleet once, and then those whom the operator lets in. */
  async once(): Promise<PassReport> {
    const { keeper, log, name: nameOfApp, status } = this.#app;
    const { signal } = this.#context;
    const question = this.#question;
    const report = noteAuditFailure(await keeper.pass({ signal }), log);
    status.notePass(report);
    const waitingHint = this.#turns.hintFor(question, report);
    await printReport(this.#context, report, { waitingHint, nameOfApp });
    if (question === null || await this.#turns.ask(question, report) === 0) return report;
    const later = noteAuditFailure(await keeper.passDue({ signal }), log);
    await printReport(this.#context, later, { waitingHint: "list", nameOfApp });
    return updatePass(report, later);
  }

  /**
   * Serves the fleet until it is stopped.
   *
   * @throws The reason of the signal.
   */
  async forever(): Promise<never> {
    const { keeper, log, name: nameOfApp, prepared, status, progress } = this.#app;
    const { settings, signal, logger } = this.#context;
    const question = this.#question;
    logger.info("The keeper serves its fleet until it is stopped.", {
      app: prepared.run.app,
      files: prepared.declared,
      trust: prepared.run.trust,
      state: prepared.knownAgents.path,
    });
    const watching = settings.watch ? this.#watch() : null;
    try {
      return await keeper.run({
        signal,
        onReport: async (pass) => {
          status.notePass(pass);
          const report = noteAuditFailure(pass, log);
          // Who serves a fleet for days watches the first pass at most.
          if (report.isWhole) progress.leaveTerminal();
          const wasPrinted = await printNews(this.#context, report, {
            waitingHint: this.#turns.hintFor(question, report),
            nameOfApp,
            onPrint: () => this.#turns.makeRoom(),
          });
          // What is asked already is shown again below a report.
          if (wasPrinted) await this.#turns.remind(question, report);
          if (question !== null) this.#askAside(question, report);
        },
      });
    } finally {
      await watching;
    }
  }

  /** Looks at what is declared and at the vault: who is to hold something else now gets it at once. */
  async notice(): Promise<void> {
    const { signal, logger } = this.#context;
    try {
      await this.#app.keeper.noticeVault({ signal });
    } catch (error) {
      // The next pass reports it.
      if (!signal.aborted) logger.debug("The vault cannot be read.", { error: String(error) });
    }
  }

  async #watch(): Promise<void> {
    const { watchPaths } = await import("../../watch/path_watch.ts");
    const { signal, logger } = this.#context;
    await watchPaths([{ path: this.#app.vaultFolder, isFile: false }], {
      signal,
      logger,
      onChange: () => this.notice(),
    });
  }

  /** Asks without holding up the passes. */
  #askAside(question: ApprovalQuestion, report: PassReport): void {
    const { signal, logger } = this.#context;
    void this.#turns.ask(question, report).catch((error) => {
      if (signal.aborted) return;
      logger.error("What was answered cannot be kept.", { error: String(error) });
    });
  }
}

/** A person can be asked where he reads what is printed and types what is read. */
function canAsk({ settings, stdin, stdout, stderr }: ServeContext): boolean {
  return !settings.json && !settings.quiet &&
    [stdin, stdout, stderr].every(({ isTerminal }) => isTerminal);
}

function makeQuestion(
  { stdin, stderr, signal }: ServeContext,
  { keeper, decisions, name }: ServedApp,
): ApprovalQuestion {
  return new ApprovalQuestion({
    stdin,
    stderr,
    signal,
    knownAgents: decisions,
    onApproved: () => keeper.noticeDecisions(),
    ...(name === null ? {} : { nameOfApp: name }),
  });
}
