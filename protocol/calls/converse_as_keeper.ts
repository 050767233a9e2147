/**
 * A session without a delivery, in the keeper's role (spec, section 13).
 *
 * @module
 */
import type { Session } from "../session.ts";
import type { CallDesk } from "./call_desk.ts";
import type { SessionCalls } from "./session_calls.ts";

/** The options of {@linkcode converseAsKeeper}. */
export type ConverseOptions = Omit<SessionCalls, "work">;

/**
 * Calls an agent, and is called by it, in place of a delivery; ends the session when the work is done.
 *
 * The agent has to say `calls` in `session.origin.readiness.wants`; the session needs no turn there.
 *
 * @returns What the work returns.
 * @throws What the work throws, and what ends the session early.
 */
export function converseAsKeeper<T>(
  _session: Session,
  _work: (desk: CallDesk) => Promise<T>,
  _options: ConverseOptions = {},
): Promise<T> {
  throw new Error("to come");
}
