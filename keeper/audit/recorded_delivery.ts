/**
 * A delivery of which nothing leaves before it is on record.
 *
 * @module
 */
import {
  type Bytes,
  countResults,
  decodeHex,
  type DeliveryReport,
  DIGEST_BYTES,
  type FileEntry,
  type FileResult,
  FluxVaultError,
  type HookResult,
  type SecretSource,
  type Session,
} from "../../protocol/mod.ts";
import type { ResultCounts } from "../../protocol/mod.ts";
import { isFileDone, isServiceWanted } from "../report/report.ts";
import { isServiceChanged } from "../report/service_standing.ts";
import type { AuditEvent } from "./log/mod.ts";
import type { AuditedAgent, AuditRecorder } from "./audit_recorder.ts";
import { MAX_FILES_PER_LINE } from "./limits.ts";
import { encodeReceipt } from "./receipt.ts";

/** What an agent said of a delivery at its end. */
export interface AgentResults {
  /** The SHA-256 of the lines of its results; 32 bytes. */
  readonly digest: Bytes;
  /** How many files ended how. */
  readonly counts: ResultCounts;
  /** Its signature over both and the transcript, or `null` where it signs nothing; 64 bytes. */
  readonly signature: Bytes | null;
}

/** The options of {@linkcode recordDelivery}. */
export interface RecordDeliveryOptions {
  /** To whom it goes. */
  readonly agent: AuditedAgent;
  /** The session that it goes over. */
  readonly session: Pick<Session, "origin">;
  /** The revision of its manifest. */
  readonly revision: number;
  /** What is delivered. */
  readonly source: SecretSource;
}

/** What a delivery that is recorded works with. */
export interface RecordedDelivery {
  /** The source to read from. */
  readonly source: SecretSource;
  /** Takes what the agent says at the end. */
  takeResults(results: AgentResults): void;
}

/**
 * Delivers, and puts on record each file before its contents leave, and then what came of it.
 *
 * A delivery that changed nothing is recorded where some file or hook failed, once for each time that
 * this changes.
 *
 * @param deliver Delivers from the source that it is given.
 * @throws {AuditError} if something cannot be written; what `deliver` throws.
 */
export async function recordDelivery(
  recorder: AuditRecorder,
  options: RecordDeliveryOptions,
  deliver: (parts: RecordedDelivery) => Promise<DeliveryReport>,
): Promise<DeliveryReport> {
  const record = new DeliveryRecord(recorder, options);
  try {
    const report = await deliver({
      source: record.source,
      takeResults: (results) => record.takeResults(results),
    });
    await record.end(report);
    return report;
  } catch (error) {
    if (!record.isEnded) await record.breakOff(error);
    throw error;
  }
}

/** What is kept in mind of one delivery. */
class DeliveryRecord {
  readonly source: SecretSource;
  isEnded = false;
  readonly #recorder: AuditRecorder;
  readonly #options: RecordDeliveryOptions;
  #given = 0;
  #results: AgentResults | null = null;

  constructor(recorder: AuditRecorder, options: RecordDeliveryOptions) {
    this.#recorder = recorder;
    this.#options = options;
    const { source } = options;
    this.source = {
      entries: source.entries,
      hooks: source.hooks ?? [],
      certificates: source.certificates ?? [],
      services: source.services ?? [],
      missing: source.missing,
      open: async (entry, from) => {
        const content = await source.open(entry, from);
        if (content !== null) await this.#give(entry, content.offset);
        return content;
      },
    };
  }

  takeResults(results: AgentResults): void {
    this.#results = results;
  }

  async #give(entry: FileEntry, offset: number): Promise<void> {
    const { agent, revision } = this.#options;
    const digest = decodeHex(entry.digest, DIGEST_BYTES) ?? new Uint8Array(0);
    this.#given++;
    await this.#recorder.append([{
      event: "given",
      ...agent,
      revision,
      path: entry.path,
      size: entry.size,
      mode: entry.mode.toString(8).padStart(4, "0"),
      ...(offset === 0 ? {} : { offset }),
      contents: await this.#recorder.fingerprint(digest),
    }]);
  }

  async end({ files, hooks, services = [], contentBytes }: DeliveryReport): Promise<void> {
    this.isEnded = true;
    const told = files.filter(({ outcome }) => outcome !== "unchanged");
    const { agent, revision } = this.#options;
    const trouble = [
      ...told.filter((file) => !isFileDone(file)),
      ...hooks.filter(({ outcome }) => outcome !== "ran").map(({ hook, outcome, code }) => {
        return { hook, outcome, code };
      }),
      ...services.filter((service) => !isServiceWanted(service)),
    ];
    const isNews = this.#recorder.isNewTrouble(
      agent,
      trouble.length === 0 ? null : JSON.stringify(trouble),
    );
    const hasDone = told.some(isFileDone) || hooks.some(({ outcome }) => outcome === "ran") ||
      services.some((service) => isServiceChanged(service) && isServiceWanted(service));
    if (this.#given === 0 && !hasDone && !isNews) return;
    const counts = countResults(files);
    const what = { event: "result", ...agent, revision };
    const [first = [], ...others] = cutResults(told);
    const whole = {
      ...{ outcome: "delivered", counts, contentBytes, receipt: this.#receipt() },
      ...(hooks.length === 0 ? {} : { hooks: hooks.map(describeHook) }),
      ...(services.length === 0 ? {} : { services }),
    };
    await this.#recorder.append([
      { ...what, ...whole, files: first },
      ...others.map((rest): AuditEvent => ({ ...what, outcome: "delivered", files: rest })),
    ]);
  }

  /** Records that the session broke, where something may have reached the agent. */
  async breakOff(error: unknown): Promise<void> {
    this.isEnded = true;
    if (this.#given === 0) return;
    const { agent, revision } = this.#options;
    const code = error instanceof FluxVaultError ? error.code : "ended";
    await this.#recorder.append([{ event: "result", ...agent, revision, outcome: "failed", code }]);
  }

  #receipt(): Record<string, unknown> | null {
    const results = this.#results;
    if (results === null || results.signature === null) return null;
    const { claim, transcript } = this.#options.session.origin;
    const { publicKey } = claim.identity;
    return encodeReceipt({ ...results, signature: results.signature, publicKey, transcript });
  }
}

/** Leaves out what a hook wrote: whatever an application says is not for the log. */
function describeHook(result: HookResult): Record<string, unknown> {
  const { hook, outcome, changeId, attempts, exitStatus, signal, code } = result;
  return {
    ...{ hook, outcome, changeId, attempts, exitStatus, signal },
    ...(code === undefined ? {} : { code }),
  };
}

/** Cuts results to what fits a line. */
function cutResults(results: readonly FileResult[]): FileResult[][] {
  const parts: FileResult[][] = [];
  for (let at = 0; at < results.length; at += MAX_FILES_PER_LINE) {
    parts.push(results.slice(at, at + MAX_FILES_PER_LINE));
  }
  return parts;
}
