/**
 * How the hooks of a delivery stand, and what a delivery asks of whoever runs them (spec, section 8).
 *
 * @module
 */
import type { WantedState } from "./survey.ts";

/** How a hook stands. */
export type HookOutcome =
  /** It ran after the last change that it tells of, and succeeded. */
  | "ran"
  /** It ran and did not succeed; it is tried again. */
  | "failed"
  /** It has not ended yet. */
  | "running"
  /** It has to run, and has not yet; in a plan, it would have to. */
  | "due"
  /** The agent may not run it. */
  | "refused";

/** How one hook stands, and how its last run ended. */
export interface HookResult {
  /** Its name. */
  readonly hook: string;
  /** How it stands. */
  readonly outcome: HookOutcome;
  /** The change that it tells of: 16 bytes in hex, `null` in a plan. */
  readonly changeId: string | null;
  /** How often it was run for this change. */
  readonly attempts: number;
  /** The exit status of its last run, 0 to 255, or `null` where it has none. */
  readonly exitStatus: number | null;
  /** The signal that ended its last run, or `null`. */
  readonly signal: string | null;
  /** The last that it wrote, as printable text of at most 1,792 bytes. */
  readonly output: string;
  /** Why it failed or was refused, as a word of lower-case letters and hyphens. */
  readonly code?: string;
}

/** For each hook by its name the paths of which it tells. */
export type HookChanges = ReadonlyMap<string, readonly string[]>;

/** Runs hooks; what it keeps in mind outlasts the process. */
export interface HookRunner {
  /**
   * Marks hooks as due, before the first of these changes is made: whatever happens then, each runs
   * at least once after it. Resolves once that is durable.
   */
  mark(wanted: WantedState, changes: HookChanges): Promise<void>;
  /**
   * Runs what is due, now that changes are in place; hooks that were marked for nothing, since none
   * of their changes came about, are due no more.
   *
   * @returns How all hooks stand that were due; one that takes longer than a delivery waits is
   * `running`.
   */
  finish(changes: HookChanges): Promise<readonly HookResult[]>;
  /** Says which hooks are due, and for which run before; changes nothing. */
  due(): Promise<readonly HookResult[]>;
}
