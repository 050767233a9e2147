/**
 * What the agent program prints: what it is at its start, and with `--json` each session.
 *
 * @module
 */
import { countResults, fingerprintGroups, type HeldManifest } from "../../protocol/mod.ts";
import type { PeerAddress } from "../incoming_connection.ts";
import { type AgentSessionReport, reportCode } from "../delivery/session_report.ts";
import type { RestoredState, UnvouchedReason } from "../trust/mod.ts";

/** How many changed files are named in one line of the log. */
const MAX_NAMED_FILES = 100;

/** What an operator is told at the start. */
export interface ListeningNotice {
  /** Whether to write a line of JSON. */
  readonly json: boolean;
  /** Where the agent listens. */
  readonly address: PeerAddress;
  /** The fingerprint of its identity. */
  readonly fingerprint: string;
  /** Who may connect; `null` for whoever signs. */
  readonly rules: readonly string[] | null;
  /** Who of them may speak the original's wire. */
  readonly originalRules: readonly string[];
  /** Whose signature a keeper has to bring, or `null` where it need not. */
  readonly signers: readonly string[] | "owner" | null;
  /** Where relative paths lead. */
  readonly workingFolder: string;
  /** Below which folders absolute paths may lead. */
  readonly absoluteFolders: readonly string[];
  /** The app that it says it belongs to. */
  readonly app: string | null;
  /** The component that it says it is. */
  readonly component: string | null;
  /** The programs that hooks may run; `null` in an agent that may run none at all. */
  readonly programs: readonly string[] | null;
  /** The program that it starts as its application, or `null`. */
  readonly application: string | null;
}

/** Writes the notice at the start. */
export function formatListening(notice: ListeningNotice): string {
  const { address: { hostname, port }, fingerprint, app, component } = notice;
  if (notice.json) {
    const { programs, application } = notice;
    const line = {
      event: "listening",
      address: hostname,
      port,
      fingerprint,
      app,
      component,
      programs,
      application,
    };
    return `${JSON.stringify(line)}\n`;
  }
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const lines = [
    ["listening on", `${host}:${port}`],
    ["identity", fingerprint],
    ["read aloud", fingerprintGroups(fingerprint)],
    ...(app === null ? [] : [["app", app]]),
    ...(component === null ? [] : [["component", component]]),
    ["may connect", notice.rules?.join(", ") ?? "any address"],
    ...(notice.signers === null ? [] : [["must sign", formatSigners(notice.signers, app)]]),
    ...(notice.originalRules.length === 0
      ? []
      : [["original wire", notice.originalRules.join(", ")]]),
    ["files go to", [notice.workingFolder, ...notice.absoluteFolders].join(", ")],
    ...(notice.programs === null ? [] : [["may run", formatPrograms(notice.programs)]]),
    ...(notice.application === null ? [] : [["starts", notice.application]]),
  ];
  return lines.map(([name = "", value]) => `${name.padEnd(14)}${value}\n`).join("");
}

function formatPrograms(programs: readonly string[]): string {
  if (programs.length > 0) return `for hooks and services: ${programs.join(", ")}`;
  return "programs, but none for hooks or services";
}

function formatSigners(signers: readonly string[] | "owner", app: string | null): string {
  return signers === "owner" ? `the owner of ${app}` : signers.join(" or ");
}

const UNVOUCHED: Readonly<Record<UnvouchedReason, string>> = {
  "no-manifest": "no manifest was kept",
  "unsigned": "the manifest is not signed",
  "forged": "the manifest is not signed for this agent by an address that it trusts",
  "expired": "the manifest is past its time",
  "stale": "a later manifest was seen before",
  "owner-unknown": "it is not known yet who owns the app",
  "superseded": "a keeper came before all was looked at",
};

/** A first start has nothing to tell; what somebody made or put back is worth a look. */
const UNVOUCHED_LEVEL: Readonly<Partial<Record<UnvouchedReason, RestoredNote["level"]>>> = {
  "no-manifest": "debug",
  "forged": "warn",
  "stale": "warn",
};

/** A line of the log about what an agent vouches for. */
export interface RestoredNote {
  /** How much it matters. */
  readonly level: "debug" | "info" | "warn";
  /** What there is to say. */
  readonly message: string;
  /** What else belongs to it. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Says for the log what the agent vouches for after a restart. */
export function describeRestored(state: RestoredState): RestoredNote {
  const { manifest } = state;
  const revision = manifest?.message.revision ?? null;
  if (!state.isVouched) {
    const message = state.reason === "superseded"
      ? "a keeper came before all that was kept was looked at: what it delivers counts"
      : `vouching for nothing until a keeper comes: ${UNVOUCHED[state.reason]}`;
    const level = UNVOUCHED_LEVEL[state.reason] ?? "info";
    return { level, message, properties: manifest === null ? {} : { revision } };
  }
  const files = countFiles(state.manifest);
  const properties = { files, revision, signer: state.signer };
  if (state.departed.length === 0) {
    const message = "vouching for what was kept: every file is as declared";
    return { level: "info", message, properties };
  }
  const changed = state.departed.map(({ path }) => path).slice(0, MAX_NAMED_FILES).join(", ");
  const count = state.departed.length;
  const message = "vouching for what was kept, but not for files that are no longer as declared";
  return { level: "warn", message, properties: { ...properties, count, changed } };
}

function countFiles({ manifest }: HeldManifest): number {
  return manifest.entries.filter(({ kind }) => kind === "file").length;
}

/** Writes a line about what the agent vouches for after a restart. */
export function formatRestored(
  state: RestoredState,
  { json }: { readonly json: boolean },
): string {
  const { isVouched, manifest } = state;
  const departed = isVouched ? state.departed : [];
  const files = manifest === null ? 0 : countFiles(manifest);
  if (json) {
    return `${
      JSON.stringify({
        event: "restored",
        vouched: isVouched,
        reason: isVouched ? null : state.reason,
        revision: manifest?.message.revision ?? null,
        files,
        changed: departed.map(({ path }) => path),
      })
    }\n`;
  }
  const good = departed.length === 0 ? `${files}` : `${files - departed.length} of ${files}`;
  const text = isVouched ? `${good} files as declared` : `nothing: ${UNVOUCHED[state.reason]}`;
  return `${"vouches for".padEnd(14)}${text}\n`;
}

/** Writes a line of JSON about a session. */
export function formatDelivery(report: AgentSessionReport): string {
  const { remoteAddress, wire, isComplete, files, contentBytes, durationMs } = report;
  return `${
    JSON.stringify({
      event: "delivery",
      keeper: remoteAddress,
      wire,
      complete: isComplete,
      plan: report.isPlan,
      ...(report.isCallsOnly === true ? { calls: true } : {}),
      code: reportCode(report),
      ...countResults(files),
      contentBytes,
      durationMs: Math.round(durationMs),
      files: files.filter(({ outcome }) => outcome !== "unchanged"),
      // What a hook printed may be secret.
      hooks: report.hooks.map(({ output: _output, ...hook }) => hook),
      ...(report.services === undefined ? {} : { services: report.services }),
    })
  }\n`;
}

/** Writes a line of JSON about files that no keeper has renewed in time, and that were removed. */
export function formatExpired(files: readonly string[]): string {
  return `${JSON.stringify({ event: "expired", files })}\n`;
}

/** What happened to the application of an agent that is its entrypoint. */
export type ApplicationEvent =
  /** It was started. */
  | { readonly state: "started" }
  /** It ended: with an exit status, or by a signal. */
  | { readonly state: "ended"; readonly status: number | null; readonly signal: string | null };

/** Writes a line of JSON about the application. */
export function formatApplication(event: ApplicationEvent): string {
  return `${JSON.stringify({ event: "application", ...event })}\n`;
}
