/**
 * A plan as it is shown: for each agent what would be done, told so that no secret and no digest of one
 * is in it.
 *
 * @module
 */
import {
  decodeHex,
  DIGEST_BYTES,
  type HookResult,
  type ServiceResult,
} from "../../protocol/mod.ts";
import type { ContentsFingerprint } from "../audit/contents_fingerprint.ts";
import type { AgentReport, PassReport } from "../report/report.ts";
import type { AgentPlan } from "./agent_plan.ts";
import { listPlannedChanges, type PlannedAction, type PlannedChange } from "./planned_changes.ts";

/** What would be done about one path, as it is shown. */
export interface PlanLine {
  /** What would be done. */
  readonly action: PlannedAction;
  /** Where. */
  readonly path: string;
  /** What is declared there, or `null` where nothing is or nothing can be said of it. */
  readonly kind: "file" | "folder" | null;
  /** The length of a file in bytes. */
  readonly size: number | null;
  /** The permission bits that are declared. */
  readonly mode: number | null;
  /** The user that is declared. */
  readonly uid: number | null;
  /** The group that is declared. */
  readonly gid: number | null;
  /** The fingerprint of what the vault holds, under the key of the audit log. */
  readonly contents: string | null;
  /** What the agent was given there last, or `null` where that is not known. */
  readonly before: ContentsBefore | null;
  /** Whether it was changed at the agent: the vault holds what the agent was given. */
  readonly isDrift: boolean;
  /** Why it would be refused, kept or withheld, or `null`. */
  readonly code: string | null;
}

/** What an agent was given before. */
export interface ContentsBefore {
  /** The fingerprint of the contents, under the key of the audit log. */
  readonly contents: string;
  /** Their length in bytes. */
  readonly size: number;
  /** When they left, as ISO 8601 in UTC. */
  readonly time: string;
}

/** What would be done at one agent. */
export interface AgentPlanView {
  /** Its app, or `null`. */
  readonly app: string | null;
  /** How the contact with it went. */
  readonly report: AgentReport;
  /** What would be done, what is lost first; none where it was not asked. */
  readonly lines: readonly PlanLine[];
  /** The hooks that would run or may not. */
  readonly hooks: readonly HookResult[];
  /** How the services would stand. @default {[]} */
  readonly services?: readonly ServiceResult[];
  /** How much it would be offered that was not asked, else `null`. */
  readonly offered: { readonly files: number; readonly bytes: number } | null;
}

/** What it takes to show a plan. */
export interface PlanViewOptions {
  /** Makes the fingerprints of contents. */
  readonly fingerprint: ContentsFingerprint;
  /** Tells what an agent was given at paths, by the fingerprint of its key. @default {nothing} */
  readonly givenBefore?: (
    files: readonly { readonly agent: string; readonly path: string }[],
  ) => Promise<
    (file: { readonly agent: string; readonly path: string }) => ContentsBefore | null
  >;
}

/** Makes of the passes that planned what is shown of each agent, in the order of the passes. */
export async function viewPlan(
  passes: readonly PassReport[],
  options: PlanViewOptions,
): Promise<AgentPlanView[]> {
  const agents = passes.flatMap(({ app, agents }) => {
    return agents.map((report) => ({ app, report, changes: changesOf(report) }));
  });
  const asked = agents.flatMap(({ report: { fingerprint }, changes }) => {
    if (fingerprint === null) return [];
    return changes.filter(canHaveBefore).map(({ path }) => ({ agent: fingerprint, path }));
  });
  const lookUp = await options.givenBefore?.(asked) ?? (() => null);
  const contents = await fingerprintAll(agents.flatMap(({ changes }) => changes), options);
  return agents.map(({ app, report, changes }) => ({
    app,
    report,
    lines: changes.map((change) => {
      const { fingerprint: agent } = report;
      const before = agent === null || !canHaveBefore(change)
        ? null
        : lookUp({ agent, path: change.path });
      return viewLine(change, { before, contents });
    }),
    hooks: planOf(report)?.hooks ?? [],
    ...servicesOf(planOf(report)),
    offered: offerOf(report),
  }));
}

/** Makes a fingerprint of each digest, one after the other: very many at once would take far longer. */
async function fingerprintAll(
  changes: readonly PlannedChange[],
  { fingerprint }: PlanViewOptions,
): Promise<ReadonlyMap<string, string>> {
  const made = new Map<string, string>();
  for (const { entry } of changes) {
    if (entry?.kind !== "file" || made.has(entry.digest)) continue;
    const digest = decodeHex(entry.digest, DIGEST_BYTES) ?? new Uint8Array();
    made.set(entry.digest, await fingerprint(digest));
  }
  return made;
}

function planOf({ outcome }: AgentReport): AgentPlan | null {
  return outcome.kind === "planned" ? outcome.plan : null;
}

function servicesOf(plan: AgentPlan | null): Pick<AgentPlanView, "services"> {
  const { services = [] } = plan ?? {};
  return services.length === 0 ? {} : { services };
}

function changesOf(report: AgentReport): readonly PlannedChange[] {
  const plan = planOf(report);
  return plan === null ? [] : listPlannedChanges(plan);
}

function canHaveBefore({ action, entry }: PlannedChange): boolean {
  return entry?.kind === "file" && (action === "update" || action === "create");
}

function offerOf(report: AgentReport): AgentPlanView["offered"] {
  const plan = planOf(report);
  if (plan === null || plan.isAsked) return null;
  const files = plan.entries.filter((entry) => entry.kind === "file");
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

function viewLine(
  { action, path, entry, code }: PlannedChange,
  known: {
    readonly before: ContentsBefore | null;
    readonly contents: ReadonlyMap<string, string>;
  },
): PlanLine {
  const { before } = known;
  const owned = entry === null || entry.kind === "keep" ? null : entry;
  const file = entry?.kind === "file" ? entry : null;
  const contents = file === null ? null : known.contents.get(file.digest) ?? null;
  return {
    action,
    path,
    kind: owned === null ? null : owned.kind === "folder" ? "folder" : "file",
    size: file?.size ?? null,
    mode: owned?.mode ?? null,
    uid: owned?.uid ?? null,
    gid: owned?.gid ?? null,
    contents,
    before,
    isDrift: before !== null && before.contents === contents,
    code,
  };
}
