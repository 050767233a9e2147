/**
 * How much a keeper trusts an agent, from an address alone to a proof of the app's own secret.
 *
 * @module
 */

/** How an agent came to be trusted, by its key. */
export type TrustGround =
  /** It was among the first to answer, in a place that was free. */
  | "first-use"
  /** The operator approved its key. */
  | "approved"
  /** It proved to know the app's enrolment secret. */
  | "enrolled";

/** How much an agent is trusted: `address` where nothing but its address is known. */
export type TrustLevel = "address" | TrustGround;

/** The levels, the lowest first. */
export const TRUST_LEVELS: readonly TrustLevel[] = [
  "address",
  "first-use",
  "approved",
  "enrolled",
];

/** Tells whether a level is at least another. */
export function reachesLevel(level: TrustLevel, required: TrustLevel): boolean {
  return TRUST_LEVELS.indexOf(level) >= TRUST_LEVELS.indexOf(required);
}
