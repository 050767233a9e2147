/**
 * How an agent stands after a contact, by how it stood before.
 *
 * @module
 */
import { countResults, type FileResult, type HookResult } from "../../protocol/mod.ts";
import type { AgentPlan } from "../plan/agent_plan.ts";
import { isMade, listPlannedChanges } from "../plan/planned_changes.ts";
import {
  type AgentOutcome,
  type AgentReport,
  isFileWanted,
  isHookWanted,
} from "../report/report.ts";
import { isServiceChanged } from "../report/service_standing.ts";
import {
  type AgentStatus,
  type ContactStatus,
  DRIFT_KINDS,
  type DriftStatus,
  type HeldStatus,
} from "./agent_status.ts";
import {
  MAX_STATUS_DRIFT,
  MAX_STATUS_FILES,
  MAX_STATUS_HOOKS,
  MAX_STATUS_OUTPUT,
} from "./limits.ts";

/** What is known of a contact beside how it went. */
export interface NotedContact {
  /** The app that was dialled for, or `null`. */
  readonly app: string | null;
  /** How it went. */
  readonly report: AgentReport;
  /** The paths that are known to have been changed at the agent. @default {none} */
  readonly drifted?: (path: string) => boolean;
  /** Whether the agent was told to remove all that it was ever given. */
  readonly isWipe: boolean;
  /** When it ended, in Unix milliseconds. */
  readonly nowMs: number;
  /** By when there should be another, in Unix milliseconds; `null` where nobody says. */
  readonly dueMs: number | null;
}

type Delivered = Extract<AgentOutcome, { readonly kind: "delivered" }>;

/** Returns how an agent stands after a contact; what the contact did not show stands as before. */
export function noteContact(before: AgentStatus | null, noted: NotedContact): AgentStatus {
  const { report } = noted;
  const { outcome, fingerprint } = report;
  const contact = contactOf(before, noted);
  const isHeard = outcome.kind === "delivered" || outcome.kind === "planned";
  // Whoever shows another key and gets nothing says nothing of the agent that was there.
  const isOther = isHeard && before !== null && before.fingerprint !== fingerprint;
  const known = before === null || isOther ? firstStatus(noted) : before;
  // Whoever looks once does not end the watch of a keeper that runs.
  const dueMs = noted.dueMs ?? before?.dueMs ?? null;
  if (!isHeard) {
    return {
      ...known,
      ...{ contact, isListed: true, dueMs },
      component: known.component ?? report.component,
      fingerprint: known.fingerprint ?? fingerprint,
    };
  }
  const { component, trust, wire } = report;
  const met = {
    ...known,
    ...{ component, fingerprint, trust, wire, contact, isListed: true, dueMs },
  };
  return outcome.kind === "delivered"
    ? noteDelivery(met, outcome, noted)
    : noted.isWipe
    ? met
    : notePlan(met, outcome.plan, noted.nowMs);
}

function firstStatus({ app, report, dueMs }: NotedContact): AgentStatus {
  const { address, component, fingerprint, trust, wire } = report;
  return {
    ...{ app, address, component, fingerprint, trust, wire, dueMs },
    contact: { atMs: 0, outcome: "failed", code: null, by: null, failures: 0 },
    isListed: true,
    servedMs: null,
    held: null,
    counts: null,
    files: [],
    moreFiles: 0,
    drift: [],
    hooks: [],
    withheld: [],
    planned: null,
  };
}

function contactOf(
  before: AgentStatus | null,
  { report: { outcome, failures: ofRun }, nowMs }: NotedContact,
): ContactStatus {
  const earlier = before?.contact.failures ?? 0;
  // A keeper counts its own contacts; here those of all that there were count.
  const failures = outcome.kind === "planned" ? earlier : ofRun === 0 ? 0 : earlier + 1;
  const [code, by] = !("code" in outcome) && outcome.kind !== "pending"
    ? [null, null]
    : outcome.kind === "pending"
    ? [outcome.reason, null]
    : [outcome.code, outcome.kind === "rejected" ? outcome.by : null];
  return { atMs: nowMs, outcome: outcome.kind, code, by, failures };
}

function noteDelivery(
  known: AgentStatus,
  outcome: Delivered,
  { nowMs, isWipe, drifted: isKnown = () => false }: NotedContact,
): AgentStatus {
  const { files, hooks, services = [], revision, withheld } = outcome;
  const drifted = new Set(outcome.drifted);
  const isWhole = files.every(isFileWanted);
  const unwanted = files.filter((file) => !isFileWanted(file));
  const { services: _before, ...others } = known;
  return {
    ...others,
    ...(services.length === 0 ? {} : { services }),
    servedMs: nowMs,
    held: revision === null
      ? null
      : heldAfter(known.held, { revision, isWhole, isWiped: isWipe, sinceMs: nowMs }),
    counts: countResults(files),
    files: unwanted.slice(0, MAX_STATUS_FILES),
    moreFiles: Math.max(0, unwanted.length - MAX_STATUS_FILES),
    drift: driftAfter(known, {
      ...{ files, revision, nowMs },
      isKnown: (path) => drifted.has(path) || isKnown(path),
    }),
    hooks: keepHooks(hooks),
    withheld: withheld.slice(0, MAX_STATUS_FILES)
      .map(({ path, required }) => ({ path, required })),
    planned: null,
  };
}

function keepHooks(hooks: readonly HookResult[]): HookResult[] {
  return hooks.filter((hook) => !isHookWanted(hook)).slice(0, MAX_STATUS_HOOKS)
    .map((hook) => ({ ...hook, output: hook.output.slice(-MAX_STATUS_OUTPUT) }));
}

function heldAfter(before: HeldStatus | null, now: HeldStatus): HeldStatus {
  const isSame = before !== null && before.revision === now.revision &&
    before.isWhole === now.isWhole;
  return isSame ? before : now;
}

/** What is not as it was left, although the same is declared, was changed at the agent. */
function driftAfter(
  known: AgentStatus,
  delivery: {
    readonly files: readonly FileResult[];
    readonly revision: number | null;
    readonly nowMs: number;
    readonly isKnown: (path: string) => boolean;
  },
): DriftStatus[] {
  const { files, revision, nowMs, isKnown } = delivery;
  const results = new Map(files.map((file) => [file.path, file]));
  const before = known.drift.map((drift) => {
    const file = results.get(drift.path);
    // Nothing is said of what is gone and was not declared.
    const isRight = file === undefined || isFileWanted(file);
    return drift.repairedMs === null && isRight ? { ...drift, repairedMs: nowMs } : drift;
  });
  const open = new Set(
    known.drift.filter(({ repairedMs }) => repairedMs === null).map(({ path }) => path),
  );
  const isLeft = isLeftAsDeclared(known, revision);
  const found = files.filter(({ path }) => !open.has(path) && (isLeft || isKnown(path)))
    .flatMap((file) => findDrift(known, file, nowMs));
  return [...found, ...before].slice(0, MAX_STATUS_DRIFT);
}

/** Tells whether the agent was left with this revision, and what of it it lacked is known. */
function isLeftAsDeclared({ held, moreFiles }: AgentStatus, revision: number | null): boolean {
  return held !== null && held.revision === revision && moreFiles === 0;
}

function findDrift(known: AgentStatus, file: FileResult, nowMs: number): DriftStatus[] {
  const { path, outcome } = file;
  if (known.files.some((unwanted) => unwanted.path === path)) return [];
  const found = DRIFT_KINDS[outcome];
  if (found !== undefined) return [{ path, found, foundMs: nowMs, repairedMs: nowMs }];
  // What cannot be put right has no word for what is wrong with it.
  const isWrong = outcome === "failed" && known.held?.isWhole === true;
  return isWrong ? [{ path, found: "changed", foundMs: nowMs, repairedMs: null }] : [];
}

/** What a plan finds stays to be done; it may find what drifted, and put nothing right. */
function notePlan(known: AgentStatus, plan: AgentPlan, nowMs: number): AgentStatus {
  if (!plan.isAsked) return known;
  const made = listPlannedChanges(plan).filter(isMade);
  const open = new Set(
    known.drift.filter(({ repairedMs }) => repairedMs === null).map(({ path }) => path),
  );
  const found = isLeftAsDeclared(known, plan.revision)
    ? plan.files.filter(({ path }) => !open.has(path))
      .flatMap((file) => findDrift(known, file, nowMs))
      .map((drift) => ({ ...drift, repairedMs: null }))
    : [];
  return {
    ...known,
    drift: [...found, ...known.drift].slice(0, MAX_STATUS_DRIFT),
    // The agent has gone on with those that are due; what would run has no change yet.
    hooks: keepHooks(plan.hooks.filter(({ changeId }) => changeId !== null)),
    planned: made.length + plan.hooks.length +
      (plan.services ?? []).filter(isServiceChanged).length,
  };
}
