/**
 * The action `report`: how an agent is, for whoever may put files there.
 *
 * @module
 */
import { type Action, countResults, defineAction, type SecretStore } from "../../protocol/mod.ts";
import { type AgentSessionReport, reportCode } from "../delivery/session_report.ts";

/** Of what an {@linkcode AgentReport} tells. */
export interface AgentReportParts {
  /** Name and version. */
  readonly software: string;
  /** The app that the agent belongs to, or `null`. */
  readonly app: string | null;
  /** The component that it is, or `null`. */
  readonly component: string | null;
  /** When it was started, in Unix milliseconds. */
  readonly startedMs: number;
  /** Where its files go. */
  readonly store: Pick<SecretStore, "heldManifest">;
  /** Tells whether all that was declared is there, as far as it is known. */
  readonly isComplete: () => boolean;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** A delivery that came to its end, or had begun to change files. */
interface LastDelivery {
  readonly atMs: number;
  readonly report: AgentSessionReport;
}

/** Follows how an agent is, and tells it: numbers and times, no names of files and no contents. */
export class AgentReport {
  readonly #parts: AgentReportParts;
  readonly #now: () => number;
  #sessions = 0;
  #brokenOff = 0;
  #last: LastDelivery | null = null;

  /** Has seen no session yet. */
  constructor(parts: AgentReportParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** Takes how a session ended; a plan is no delivery, nor are calls. */
  noteReport(report: AgentSessionReport): void {
    if (report.isPlan || report.isCallsOnly === true) return;
    this.#sessions++;
    if (!report.isComplete) this.#brokenOff++;
    // A keeper that turns away before it delivers anything is no news of the files.
    if (!report.isComplete && report.files.length === 0) return;
    this.#last = { atMs: this.#now(), report };
  }

  /** Makes the action. */
  toAction(): Action {
    return defineAction("report", {
      describe: "Tells the version, for how long it runs, what it holds in numbers, and how the " +
        "last delivery went.",
      describeOutput: "an object with Software, App, Component, Started, UptimeS, Holds, " +
        "Sessions and LastDelivery",
      run: () => this.#tell(),
    });
  }

  async #tell(): Promise<Record<string, unknown>> {
    const { software, app, component, startedMs } = this.#parts;
    return {
      Software: software,
      App: app,
      Component: component,
      Started: timeOf(startedMs),
      UptimeS: Math.max(0, Math.round((this.#now() - startedMs) / 1_000)),
      Holds: await this.#tellOfFiles(),
      Sessions: { Total: this.#sessions, BrokenOff: this.#brokenOff },
      LastDelivery: this.#tellOfLast(),
    };
  }

  async #tellOfFiles(): Promise<Record<string, unknown> | null> {
    const { store, isComplete } = this.#parts;
    const held = await store.heldManifest();
    if (held === null) return null;
    const { message: { revision }, manifest: { entries } } = held;
    const files = entries.filter((entry) => entry.kind === "file");
    return {
      Files: files.length,
      Folders: entries.filter(({ kind }) => kind === "folder").length,
      Bytes: files.reduce((sum, { size }) => sum + size, 0),
      Revision: revision,
      IsComplete: isComplete(),
    };
  }

  #tellOfLast(): Record<string, unknown> | null {
    if (this.#last === null) return null;
    const { atMs, report } = this.#last;
    const code = reportCode(report);
    return {
      Ended: timeOf(atMs),
      DurationMs: Math.round(report.durationMs),
      IsComplete: report.isComplete,
      ...(code === null ? {} : { Code: code }),
      Results: countResults(report.files),
    };
  }
}

function timeOf(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
