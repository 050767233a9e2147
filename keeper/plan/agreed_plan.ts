/**
 * What an operator agrees to who agrees to a plan.
 *
 * @module
 */
import type { Agreement } from "../contact/contact_task.ts";
import type { PassReport } from "../report/report.ts";

/** Makes an agreement of a pass that planned: the same agents, and the same manifests. */
export function agreementOf({ agents }: PassReport): Agreement {
  const planned = new Map(agents.flatMap(({ address, fingerprint, outcome }) => {
    return outcome.kind === "planned" ? [[address, { fingerprint, plan: outcome.plan }]] : [];
  }));
  return {
    hasAgent: (address, fingerprint) => planned.get(address)?.fingerprint === fingerprint,
    hasManifest: (address, digest) => planned.get(address)?.plan.digest === digest,
  };
}
