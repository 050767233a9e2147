/**
 * The audit log of a keeper that runs.
 *
 * @module
 */
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import type { Logger } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import type { PassReport } from "../report/report.ts";
import { openContentsFingerprint } from "./audit_key_file.ts";
import { AUDIT_FILE_NAME, AuditFile } from "./log/audit_file.ts";
import { AuditError, type AuditLog } from "./log/mod.ts";
import { AuditRecorder } from "./audit_recorder.ts";

/** Where an audit log is. */
export interface AuditPlace {
  /** The folder of state. */
  readonly stateFolder: string;
  /** What `--audit-log` says, if it does. */
  readonly auditLog: string | undefined;
}

/** Returns the path of the audit log: `--audit-log`, else `audit.jsonl` in the folder of state. */
export function findAuditLog({ stateFolder, auditLog }: AuditPlace): string {
  return auditLog ?? join(stateFolder, AUDIT_FILE_NAME);
}

/** What a run is about, for its first line. */
export interface RunDescription {
  /** The app that is served, or `null`. */
  readonly app: string | null;
  /** What happens to new agents. */
  readonly trust: string;
  /** The address whose key signs, or `null`. */
  readonly signer: string | null;
  /** Whether some agent may be served by the original's wire. */
  readonly hasOriginal: boolean;
}

/** An audit log that is open. */
export interface OpenedAudit {
  /** The log. */
  readonly log: AuditFile;
  /** Puts on record what happens to agents. */
  readonly recorder: AuditRecorder;
}

/** The audit log of a keeper that runs; its end is a line of its own, where it can be written. */
export interface RunAudit extends OpenedAudit, AsyncDisposable {}

/**
 * Opens the audit log; nothing is written yet.
 *
 * @throws {StorageError} if the key of fingerprints cannot be had.
 */
export async function openAudit(
  place: AuditPlace,
  options: { readonly logger: Logger },
): Promise<OpenedAudit> {
  const { stateFolder } = place;
  try {
    await Deno.mkdir(stateFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, `make the folder ${JSON.stringify(stateFolder)}`);
  }
  const fingerprint = await openContentsFingerprint(stateFolder);
  const log = new AuditFile(findAuditLog(place), options);
  return { log, recorder: new AuditRecorder(log, { fingerprint }) };
}

/**
 * Opens the audit log for a run, and puts on record that it starts.
 *
 * @throws {AuditError} if nothing can be put on record.
 * @throws {StorageError} if the key of fingerprints cannot be had.
 */
export async function startRunAudit(
  place: AuditPlace,
  run: RunDescription,
  options: { readonly logger: Logger },
): Promise<RunAudit> {
  return await recordRun(await openAudit(place, options), run);
}

/**
 * Puts on record that a run of one app starts.
 *
 * @throws {AuditError} if nothing can be put on record.
 */
export async function recordRun(audit: OpenedAudit, run: RunDescription): Promise<RunAudit> {
  const { log } = audit;
  const { app, trust, signer, hasOriginal } = run;
  const wires = hasOriginal ? [2, "original"] : [2];
  await log.append([{ event: "start", app, version: config.version, trust, signer, wires }]);
  return {
    ...audit,
    async [Symbol.asyncDispose](): Promise<void> {
      try {
        await log.append([{ event: "stop", app }]);
      } catch (error) {
        // The log of the program has told of it.
        if (!(error instanceof AuditError)) throw error;
      }
    },
  };
}

/** Adds to a report that the audit log cannot be written, where it is so. */
export function noteAuditFailure(report: PassReport, { failure }: AuditLog): PassReport {
  const isNoted = report.problems.some(({ code }) => code === failure?.code);
  if (failure === null || isNoted) return report;
  const { code, message } = failure;
  return { ...report, problems: [...report.problems, { code, message }] };
}
