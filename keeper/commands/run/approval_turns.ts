/**
 * Whose question a person at the terminal is asked, where a keeper serves several apps: one at a time.
 *
 * @module
 */
import type { PassReport } from "../../report/report.ts";
import type { WaitingHint } from "../../report/report_text.ts";
import type { ApprovalQuestion } from "../approval_question.ts";

/** Lets the questions of several apps take turns. */
export class ApprovalTurns {
  #standing: ApprovalQuestion | null = null;

  /** Returns what a report is to say of agents that wait: whoever can be asked is not shown commands. */
  hintFor(question: ApprovalQuestion | null, report: PassReport): WaitingHint {
    if (question === null) return "commands";
    return this.#isFree(question) && question.willAsk(report) ? "none" : "list";
  }

  /**
   * Asks about a report; takes it in alone while another question stands.
   *
   * @returns How many were approved.
   */
  async ask(question: ApprovalQuestion, report: PassReport): Promise<number> {
    if (!this.#isFree(question)) {
      question.notice(report);
      return 0;
    }
    if (this.#standing === question) return await question.ask(report);
    this.#standing = question;
    try {
      return await question.ask(report);
    } finally {
      this.#standing = null;
    }
  }

  /** Ends the line of the question that stands, before something is printed below it. */
  async makeRoom(): Promise<void> {
    await this.#standing?.makeRoom();
  }

  /** Shows the question that stands again, whatever report was printed below it. */
  async remind(question: ApprovalQuestion | null, report: PassReport): Promise<void> {
    question?.notice(report);
    await this.#standing?.showAgain();
  }

  #isFree(question: ApprovalQuestion): boolean {
    return this.#standing === null || this.#standing === question;
  }
}
