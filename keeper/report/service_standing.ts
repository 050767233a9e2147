/**
 * What of a service's result counts as a change.
 *
 * @module
 */
import type { ServiceResult } from "../../protocol/mod.ts";

/** Tells whether a service does not run because an operator, or its own policy, wants it so. */
export function isAtRest({ outcome, code }: ServiceResult): boolean {
  return outcome === "stopped" && code !== undefined;
}

/** Tells whether a delivery changes something about a service, or would. */
export function isServiceChanged(result: ServiceResult): boolean {
  return result.outcome !== "running" && !isAtRest(result);
}
