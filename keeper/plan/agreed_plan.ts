/**
 * What an operator agrees to who agrees to a plan.
 *
 * @module
 */
import type { Agreement } from "../contact/contact_task.ts";
import type { PassReport } from "../report/report.ts";

/**
 * Makes an agreement of a pass that planned: the same agents, and the same manifests.
 *
 * @example
 * ```ts
 * import { agreementOf, type PassReport } from "@fluxvault/fluxvault/keeper";
 *
 * // What `new Keeper({ task: { isPlan: true }, ... }).pass()` told, and somebody has read.
 * const report: PassReport = {
 *   ...{ pass: 1, app: null, isWhole: true, startedMs: 0, durationMs: 30 },
 *   agents: [],
 *   problems: [],
 * };
 * const agreement = agreementOf(report); // For `new Keeper({ task: { agreement }, ... })`.
 * // One that came since is given nothing: nobody has agreed to that.
 * console.assert(!agreement.hasAgent("192.0.2.7:8888", `SHA256:${"A".repeat(43)}`));
 * ```
 */
export function agreementOf({ agents }: PassReport): Agreement {
  const planned = new Map(agents.flatMap(({ address, fingerprint, outcome }) => {
    return outcome.kind === "planned" ? [[address, { fingerprint, plan: outcome.plan }]] : [];
  }));
  return {
    hasAgent: (address, fingerprint) => planned.get(address)?.fingerprint === fingerprint,
    hasManifest: (address, digest) => planned.get(address)?.plan.digest === digest,
  };
}
