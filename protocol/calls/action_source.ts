/**
 * Where one end of a session finds the actions that the other calls.
 *
 * @module
 */
import type { Action } from "./action.ts";

/**
 * Finds actions by their names; what it finds may change while sessions last.
 *
 * @example
 * ```ts
 * import { type ActionSource, defineAction } from "@fluxvault/fluxvault/protocol";
 *
 * const ping = defineAction("ping", { run: () => "pong" });
 * let isOpen = false;
 * const source: ActionSource = {
 *   find: (name) => isOpen && name === ping.name ? ping : undefined,
 * }; // For `receiveAsAgent(session, store, { calls: { source } })`.
 * console.assert(source.find("ping") === undefined);
 * isOpen = true; // From here on it can be called, also in sessions that are open already.
 * console.assert(source.find("ping") === ping);
 * ```
 */
export interface ActionSource {
  /** Returns the action of a name that can be called now, or `undefined`; must not throw. */
  find(name: string): Action | undefined;
}
