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

/**
 * Runs hooks, for one delivery at a time; what it keeps in mind outlasts the process.
 *
 * None of its methods rejects: a hook that cannot be run is a result, and files are put in place
 * whatever hooks do.
 *
 * @example
 * ```ts
 * import type { HookRunner } from "@fluxvault/fluxvault/protocol";
 *
 * let reloads = 0;
 * const ran = { hook: "reload", outcome: "ran", signal: null, output: "" } as const;
 * const hooks: HookRunner = {
 *   mark: () => Promise.resolve(), // A file here lets what is due outlast a restart.
 *   finish: (paths) => {
 *     if (paths.length === 0) return Promise.resolve([]);
 *     reloads++;
 *     return Promise.resolve([{ ...ran, changeId: "00".repeat(16), attempts: 1, exitStatus: 0 }]);
 *   },
 *   due: () => Promise.resolve([]),
 * }; // For `receiveAsAgent(session, store, { hooks })`.
 * console.assert((await hooks.finish(["conf/app.json"]))[0]?.outcome === "ran" && reloads === 1);
 * ```
 */
export interface HookRunner {
  /**
   * Begins a delivery, before the first change is made to these paths: whatever happens then, each
   * hook that tells of one runs at least once after it. Resolves once that is durable.
   *
   * @param paths What is about to change; none where everything is as declared.
   */
  mark(wanted: WantedState, paths: readonly string[]): Promise<void>;
  /**
   * Runs what is due, now that changes are in place; hooks that were marked for nothing, since none
   * of their changes came about, are due no more. Not called for a delivery that breaks: what was
   * marked stays due until the next one has ended.
   *
   * @param paths What did change.
   * @returns How all hooks stand that were due; one that takes longer than a delivery waits is
   * `running`.
   */
  finish(paths: readonly string[]): Promise<readonly HookResult[]>;
  /** Says which hooks would run were these paths to change, and which are due; changes nothing. */
  due(wanted: WantedState, paths: readonly string[]): Promise<readonly HookResult[]>;
}
