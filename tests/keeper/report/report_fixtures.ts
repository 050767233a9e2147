/** Reports for the tests of how they are written. */
import type { WithheldFile } from "../../../keeper/vault/assembly.ts";
import type { AgentOutcome, AgentReport, PassReport } from "../../../keeper/report/report.ts";
import type { FileResult } from "../../../protocol/mod.ts";

/** Makes the outcome of a delivery. */
export function delivered(...files: readonly FileResult[]): AgentOutcome {
  return { kind: "delivered", files, withheld: [], contentBytes: 0 };
}

/** Makes the outcome of a delivery without these files. */
export function withheld(...files: readonly WithheldFile[]): AgentOutcome {
  return { kind: "delivered", files: [UNCHANGED], withheld: files, contentBytes: 0 };
}

/** Makes the report on an agent. */
export function agentOf(outcome: AgentOutcome, members: Partial<AgentReport> = {}): AgentReport {
  return {
    address: "203.0.113.1:8888",
    wire: 2,
    component: null,
    fingerprint: `SHA256:${"a".repeat(43)}`,
    trust: "approved",
    news: null,
    node: null,
    software: "fluxvault-agent/0.1.0",
    startedMs: Date.UTC(2030, 0, 1),
    durationMs: 50,
    failures: 0,
    outcome,
    ...members,
  };
}

/** Makes the report on a pass. */
export function passOf(
  agents: readonly AgentReport[],
  members: Partial<PassReport> = {},
): PassReport {
  return {
    pass: 1,
    app: "demo",
    isWhole: true,
    startedMs: Date.UTC(2030, 0, 1),
    durationMs: 250,
    agents,
    problems: [],
    ...members,
  };
}

/** A file as it should be. */
export const UNCHANGED: FileResult = { path: "a", outcome: "unchanged" };
