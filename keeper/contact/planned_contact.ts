/**
 * What comes of a contact in which an agent only says what it would do.
 *
 * @module
 */
import { type DeliveryReport, encodeHex, type FileResult } from "../../protocol/mod.ts";
import type { AgentPlan } from "../plan/agent_plan.ts";
import type { AgentOutcome } from "../report/report.ts";
import { completeResults } from "./contact.ts";
import type { LevelDelivery } from "./delivery.ts";

/** Makes an outcome of what an agent said it would do with a manifest of this revision. */
export function plannedOutcome(
  { files, hooks, services = [] }: Pick<DeliveryReport, "files" | "hooks" | "services">,
  given: LevelDelivery,
  revision: number,
): AgentOutcome {
  const isAsked = { isAsked: true, files: completeResults(files, given), hooks, services };
  return { kind: "planned", plan: { ...isAsked, ...describe(given, revision) } };
}

/** Makes an outcome for an agent that is not even told what there is, until it is trusted. */
export function unaskedOutcome(given: LevelDelivery, revision: number): AgentOutcome {
  const files: FileResult[] = completeResults([], given);
  const plan = { isAsked: false, files, hooks: [], ...describe(given, revision) };
  return { kind: "planned", plan };
}

function describe(
  { source, manifest, withheld }: LevelDelivery,
  revision: number,
): Pick<AgentPlan, "entries" | "withheld" | "revision" | "digest"> {
  return { entries: source.entries, withheld, revision, digest: encodeHex(manifest.digest) };
}
