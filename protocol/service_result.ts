/**
 * How the services of a delivery stand, and what a delivery asks of whoever runs them (spec,
 * section 8).
 *
 * @module
 */
import type { WantedState } from "./survey.ts";

/** How a service stands after a delivery; in a plan, how it would. */
export type ServiceOutcome =
  /** It did not run before, and runs now. */
  | "started"
  /** It was stopped and started again, since it or a file that it depends on is another. */
  | "restarted"
  /** It runs as it did before. */
  | "running"
  /** It is declared no longer, or has ended and shall not be started, or an operator stopped it. */
  | "stopped"
  /** It waits for files that are not in place as they are declared. */
  | "waiting"
  /** It could not be started, or has failed, and is tried again. */
  | "failed"
  /** The agent may not run it. */
  | "refused";

/** How one service stands. */
export interface ServiceResult {
  /** Its name. */
  readonly service: string;
  /** How it stands. */
  readonly outcome: ServiceOutcome;
  /** Why, as a word of lower-case letters and hyphens, where that has to be said. */
  readonly code?: string;
}

/** What a delivery did, for those who run services. */
export interface DeliveredChanges {
  /** The paths that did change. */
  readonly changed: readonly string[];
  /** The paths of the manifest that are not as they are declared. */
  readonly lacking: readonly string[];
}

/**
 * Runs the services of manifests, for one delivery at a time.
 *
 * None of its methods rejects: a service that cannot be run is a result.
 */
export interface ServiceRunner {
  /**
   * Stops what is declared no longer by the same signer, and starts, or starts again, what is; once
   * all files are in place and the hooks have run. Not called for a delivery that breaks.
   *
   * @returns How each service of the manifest stands, and each that was stopped for it.
   */
  apply(wanted: WantedState, delivered: DeliveredChanges): Promise<readonly ServiceResult[]>;
  /** Says what a delivery would do that makes these changes; changes nothing. */
  plan(wanted: WantedState, delivered: DeliveredChanges): Promise<readonly ServiceResult[]>;
}
