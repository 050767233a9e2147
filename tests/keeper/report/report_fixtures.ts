/** Reports for the tests of how they are written. */
import type { WithheldFile } from "../../../keeper/vault/assembly.ts";
import type { AgentOutcome, AgentReport, PassReport } from "../../../keeper/report/report.ts";
import type { FileResult, HookResult } from "../../../protocol/mod.ts";

/** Makes the outcome of a delivery. */
export function delivered(...files: readonly FileResult[]): AgentOutcome {
  return { ...DELIVERED, files };
}

/** Makes the outcome of a delivery without these files. */
export function withheld(...files: readonly WithheldFile[]): AgentOutcome {
  return { ...DELIVERED, files: [UNCHANGED], withheld: files };
}

/** Makes the outcome of a delivery after which these hooks stand like this. */
export function hooked(...hooks: readonly HookResult[]): AgentOutcome {
  return { ...DELIVERED, files: [UNCHANGED], hooks };
}

/** Makes the result of a hook. */
export function hookOf(
  outcome: HookResult["outcome"],
  members: Partial<HookResult> = {},
): HookResult {
  return {
    hook: "reload",
    outcome,
    changeId: "ab".repeat(16),
    attempts: 1,
    exitStatus: outcome === "ran" ? 0 : null,
    signal: null,
    output: "",
    ...members,
  };
}

const DELIVERED = {
  kind: "delivered",
  files: [],
  hooks: [],
  revision: 1_893_456_000_000,
  withheld: [],
  contentBytes: 0,
} as const;

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
