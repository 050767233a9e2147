/**
 * What a plan shows of one agent: the changes, what each is about, and what was there before as far as
 * this keeper knows.
 *
 * @module
 */
import type { FileResult, ManifestEntry } from "../../protocol/mod.ts";
import type { AgentPlan } from "./agent_plan.ts";

/** What would be done about one path. */
export type PlannedAction =
  /** It is not there and would be made. */
  | "create"
  /** Its contents differ and would be replaced. */
  | "update"
  /** Its mode or owner differ and would be set. */
  | "reown"
  /** It is there, should not be, and would be removed with all that is below it. */
  | "remove"
  /** The agent cannot, or may not, do what is declared. */
  | "refuse"
  /** The vault does not hold it, or cannot say now; what the agent has there would stay. */
  | "keep"
  /** It asks for more trust than the agent has. */
  | "withhold";

/** What would be done about one path, and with what. */
export interface PlannedChange {
  /** What would be done. */
  readonly action: PlannedAction;
  /** Where. */
  readonly path: string;
  /** What is declared there, or `null` where nothing is. */
  readonly entry: ManifestEntry | null;
  /** Why it would be refused, kept or withheld, as a word; `null` where nothing has to be said. */
  readonly code: string | null;
}

const ACTIONS: Readonly<Partial<Record<FileResult["outcome"], PlannedAction>>> = {
  created: "create",
  updated: "update",
  reowned: "reown",
  removed: "remove",
  failed: "refuse",
  missing: "keep",
};

/** What should be seen first: what is lost, or will not be. */
const ORDER: readonly PlannedAction[] = [
  "refuse",
  "remove",
  "keep",
  "withhold",
  "create",
  "update",
  "reown",
];

/** What was listed before, since of a large plan it is asked for again and again. */
const LISTED = new WeakMap<AgentPlan, readonly PlannedChange[]>();

/** Lists what would be done at an agent; what would be lost, or will not be done, comes first. */
export function listPlannedChanges(plan: AgentPlan): readonly PlannedChange[] {
  const listed = LISTED.get(plan) ?? makeList(plan);
  LISTED.set(plan, listed);
  return listed;
}

function makeList(plan: AgentPlan): PlannedChange[] {
  const { files, entries, withheld } = plan;
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const told = new Set(files.map(({ path }) => path));
  const changes = [
    ...files.flatMap(({ path, outcome, code }): PlannedChange[] => {
      const entry = byPath.get(path) ?? null;
      const isKept = entry?.kind === "keep";
      const action = isKept ? "keep" : ACTIONS[outcome];
      return action === undefined ? [] : [{ action, path, entry, code: code ?? null }];
    }),
    ...entries.filter(({ kind, path }) => kind === "keep" && !told.has(path)).map((entry) => {
      return { action: "keep", path: entry.path, entry, code: null } as const;
    }),
    ...withheld.map(({ path, required }) => {
      return { action: "withhold", path, entry: null, code: required } as const;
    }),
  ];
  return changes.sort((a, b) => {
    return ORDER.indexOf(a.action) - ORDER.indexOf(b.action) || compare(a.path, b.path);
  });
}

/** Tells whether a change would be made, and is not only told of. */
export function isMade({ action }: PlannedChange): boolean {
  return action === "create" || action === "update" || action === "reown" || action === "remove";
}

/** Tells whether something is not as it should be and would not be made so. */
export function isHeldBack({ action }: PlannedChange): boolean {
  return action === "refuse" || action === "keep" || action === "withhold";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
