/**
 * What an agent tells of a session with a keeper when it has ended.
 *
 * @module
 */
import {
  countResults,
  type FileResult,
  FluxVaultError,
  type HookResult,
  type Logger,
  type ServiceResult,
} from "../../protocol/mod.ts";

/** How a session with a keeper went. */
export interface AgentSessionReport {
  /** Where the keeper came from. */
  readonly remoteAddress: string;
  /** What was spoken: protocol 2, or the wire of the original FluxVault. */
  readonly wire: 2 | "original";
  /** Whether it came to its regular end; a file may have failed all the same. */
  readonly isComplete: boolean;
  /** What became of each file that was touched, or in a plan would. */
  readonly files: readonly FileResult[];
  /** How the hooks stand that were due. */
  readonly hooks: readonly HookResult[];
  /** How the services stand; none where there are none. @default {[]} */
  readonly services?: readonly ServiceResult[];
  /** Whether the keeper asked for a plan, so that nothing changed. */
  readonly isPlan: boolean;
  /** Whether the keeper only called, and delivered nothing. @default {false} */
  readonly isCallsOnly?: true;
  /** How many bytes of file contents came over the wire; unknown (0) if the session broke. */
  readonly contentBytes: number;
  /** How long it took from the accepted connection on, in milliseconds. */
  readonly durationMs: number;
  /** What ended it early, or `null`. */
  readonly error: unknown;
}

/** How many failed files of one session are named in the log. */
const MAX_NAMED_FILES = 100;

/** Returns the code of a failure, or `null` where nothing failed. */
export function reportCode({ error }: AgentSessionReport): string | null {
  if (error === null || error === undefined) return null;
  return error instanceof FluxVaultError ? error.code : "failed";
}

/** Writes a report to a log: a line for the session and one for each file that is not as declared. */
export function logReport(report: AgentSessionReport, logger: Logger): void {
  const { remoteAddress: keeper, files, contentBytes, wire } = report;
  const speaker = wire === 2 ? { keeper } : { keeper, wire };
  const troubled = report.isPlan ? [] : files.filter(({ outcome }) => {
    return /^(?:missing|denied|changed|failed)$/.test(outcome);
  });
  for (const { path, outcome, code } of troubled.slice(0, MAX_NAMED_FILES)) {
    logger.warn(`a file was not delivered: ${outcome}`, {
      ...speaker,
      path,
      code: code ?? outcome,
    });
  }
  if (troubled.length > MAX_NAMED_FILES) {
    logger.warn("further files were not delivered", { count: troubled.length - MAX_NAMED_FILES });
  }
  const counts = countResults(files);
  const durationMs = Math.round(report.durationMs);
  if (report.isComplete && report.isCallsOnly === true) {
    logger.info("a keeper has called", { ...speaker, durationMs });
  } else if (report.isComplete && report.isPlan) {
    logger.info("a keeper has looked at what it would change", { ...speaker, durationMs });
  } else if (report.isComplete) {
    logger.info("a keeper has delivered", { ...speaker, ...counts, contentBytes, durationMs });
  } else {
    const reason = report.error instanceof Error ? report.error.message : String(report.error);
    const code = reportCode(report);
    logger.warn("a session broke off", { ...speaker, ...counts, durationMs, code, reason });
  }
}
