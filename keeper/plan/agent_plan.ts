/**
 * What a delivery to one agent would do.
 *
 * @module
 */
import type { FileResult, HookResult, ManifestEntry, ServiceResult } from "../../protocol/mod.ts";
import { isServiceChanged } from "../report/service_standing.ts";
import type { WithheldFile } from "../vault/assembly.ts";

/** What a delivery to one agent would do, by the agent's own comparison. */
export interface AgentPlan {
  /**
   * Whether the agent was asked. One that would be trusted at first use is not: until somebody trusts
   * it, it is not even told what there is. It would be given what it lacks of all entries.
   */
  readonly isAsked: boolean;
  /** What would become of each entry, and of what is too much; none where it was not asked. */
  readonly files: readonly FileResult[];
  /** The hooks that would run, or may not; none where it was not asked. */
  readonly hooks: readonly HookResult[];
  /** How the services would stand; none where it was not asked. @default {[]} */
  readonly services?: readonly ServiceResult[];
  /** What it would be declared to hold. */
  readonly entries: readonly ManifestEntry[];
  /** What it would not be given because of its level. */
  readonly withheld: readonly WithheldFile[];
  /** The revision that it would get. */
  readonly revision: number;
  /** The SHA-256 of the manifest in hex: tells whether a delivery is the one that was planned. */
  readonly digest: string;
}

/**
 * Tells whether a delivery would do nothing but say that all is as it should be.
 *
 * @example
 * ```ts
 * import { type AgentPlan, isPlanEmpty } from "@fluxvault/fluxvault/keeper";
 *
 * // As it stands in the outcome of an agent whose kind is `planned`.
 * const plan: AgentPlan = {
 *   isAsked: true,
 *   files: [{ path: "db.password", outcome: "unchanged" }],
 *   hooks: [],
 *   entries: [],
 *   withheld: [],
 *   revision: 7,
 *   digest: "ab".repeat(32),
 * };
 * console.assert(isPlanEmpty(plan));
 * console.assert(!isPlanEmpty({ ...plan, files: [{ path: "db.password", outcome: "updated" }] }));
 * ```
 */
export function isPlanEmpty({ isAsked, files, hooks, services = [] }: AgentPlan): boolean {
  return isAsked && hooks.length === 0 && !services.some(isServiceChanged) &&
    files.every(({ outcome }) => outcome === "unchanged");
}
