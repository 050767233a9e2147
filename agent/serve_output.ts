/**
 * What the agent program prints: what it is at its start, and with `--json` each session.
 *
 * @module
 */
import { countResults } from "../protocol/mod.ts";
import type { PeerAddress } from "./incoming_connection.ts";
import { type AgentSessionReport, reportCode } from "./session_report.ts";

/** What an operator is told at the start. */
export interface ListeningNotice {
  /** Whether to write a line of JSON. */
  readonly json: boolean;
  /** Where the agent listens. */
  readonly address: PeerAddress;
  /** The fingerprint of its identity. */
  readonly fingerprint: string;
  /** Who may connect. */
  readonly rules: readonly string[];
  /** Who of them may speak the original's wire. */
  readonly originalRules: readonly string[];
  /** Where relative paths lead. */
  readonly workingFolder: string;
  /** Below which folders absolute paths may lead. */
  readonly absoluteFolders: readonly string[];
  /** The app that it says it belongs to. */
  readonly app: string | null;
  /** The component that it says it is. */
  readonly component: string | null;
}

/** Writes the notice at the start. */
export function formatListening(notice: ListeningNotice): string {
  const { address: { hostname, port }, fingerprint, app, component } = notice;
  if (notice.json) {
    const line = { event: "listening", address: hostname, port, fingerprint, app, component };
    return `${JSON.stringify(line)}\n`;
  }
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const lines = [
    ["listening on", `${host}:${port}`],
    ["identity", fingerprint],
    ...(app === null ? [] : [["app", app]]),
    ...(component === null ? [] : [["component", component]]),
    ["may connect", notice.rules.join(", ")],
    ...(notice.originalRules.length === 0
      ? []
      : [["original wire", notice.originalRules.join(", ")]]),
    ["files go to", [notice.workingFolder, ...notice.absoluteFolders].join(", ")],
  ];
  return lines.map(([name = "", value]) => `${name.padEnd(14)}${value}\n`).join("");
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
      code: reportCode(report),
      ...countResults(files),
      contentBytes,
      durationMs: Math.round(durationMs),
      files: files.filter(({ outcome }) => outcome !== "unchanged"),
    })
  }\n`;
}
