/**
 * Where one end of a session finds the actions that the other calls.
 *
 * @module
 */
import type { Action } from "./action.ts";

/** Finds actions by their names; what it finds may change while sessions last. */
export interface ActionSource {
  /** Returns the action of a name that can be called now, or `undefined`; must not throw. */
  find(name: string): Action | undefined;
}
