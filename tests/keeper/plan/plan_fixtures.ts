/** Plans for the tests of what is made of them. */
import type { AgentPlan } from "../../../keeper/plan/agent_plan.ts";
import type { AgentPlanView, PlanViewOptions } from "../../../keeper/plan/plan_view.ts";
import { viewPlan } from "../../../keeper/plan/plan_view.ts";
import type { AgentReport, PassReport } from "../../../keeper/report/report.ts";
import type { FileEntry, FileResult, FolderEntry, ManifestEntry } from "../../../protocol/mod.ts";
import { agentOf } from "../report/report_fixtures.ts";

/** Makes the entry of a file, whose digest is made of a digit. */
export function fileOf(path: string, members: Partial<FileEntry> = {}): FileEntry {
  return {
    kind: "file",
    path,
    digest: "1".repeat(64),
    size: 24,
    mode: 0o600,
    strategy: "STRICT",
    ...members,
  };
}

/** Makes the entry of a folder. */
export function folderOf(path: string, members: Partial<FolderEntry> = {}): FolderEntry {
  return { kind: "folder", path, mode: 0o700, strategy: "STRICT", ...members };
}

/** Makes a plan. */
export function planOf(
  entries: readonly ManifestEntry[],
  files: readonly FileResult[],
  members: Partial<AgentPlan> = {},
): AgentPlan {
  return {
    isAsked: true,
    files,
    hooks: [],
    entries,
    withheld: [],
    revision: 7,
    digest: "2".repeat(64),
    ...members,
  };
}

/** Makes the report on an agent that planned. */
export function plannedAgent(plan: AgentPlan, members: Partial<AgentReport> = {}): AgentReport {
  return agentOf({ kind: "planned", plan }, members);
}

/** Fingerprints that show what they are of. */
export const fingerprint: PlanViewOptions["fingerprint"] = (digest) =>
  Promise.resolve(`f00d${digest[0]?.toString(16).padStart(2, "0")}`.padEnd(32, "0"));

/** Makes what is shown of a pass. */
export async function viewsOf(
  pass: PassReport,
  options: Partial<PlanViewOptions> = {},
): Promise<AgentPlanView[]> {
  return await viewPlan([pass], { fingerprint, ...options });
}
