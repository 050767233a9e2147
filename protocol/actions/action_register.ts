/**
 * The actions that one end offers now: they come and go while sessions last.
 *
 * @module
 */
import type { Action } from "../calls/action.ts";
import type { ActionSource } from "../calls/action_source.ts";
import { checkActionName } from "../calls/call_value.ts";

/** An action that is offered until this is disposed of; calls that run then go on. */
export interface ActionRegistration extends Disposable {
  /** The name under which it is offered. */
  readonly name: string;
}

/**
 * Holds actions by their names.
 *
 * @example
 * ```ts
 * import { ActionRegister, defineAction } from "@fluxvault/fluxvault/protocol";
 *
 * const register = new ActionRegister();
 * {
 *   using _ping = register.add(defineAction("ping", { run: () => "pong" }));
 *   console.assert(register.find("ping") !== undefined);
 * }
 * console.assert(register.find("ping") === undefined);
 * ```
 */
export class ActionRegister implements ActionSource {
  readonly #actions = new Map<string, Action>();
  readonly #beside: ActionSource | null;

  /**
   * Offers nothing yet.
   *
   * @param beside What is found, and not listed, where nothing here has the name.
   */
  constructor(beside?: ActionSource) {
    this.#beside = beside ?? null;
  }

  /** See {@linkcode ActionSource.find}. */
  find(name: string): Action | undefined {
    return this.#actions.get(name) ?? this.#beside?.find(name);
  }

  /** Returns all that were added, by their names. */
  list(): readonly Action[] {
    const byName = (a: Action, b: Action) => a.name < b.name ? -1 : 1;
    return [...this.#actions.values()].sort(byName);
  }

  /**
   * Offers an action from now on.
   *
   * @throws {TypeError} if its name is none, or another one has it.
   */
  add(action: Action): ActionRegistration {
    const { name } = action;
    checkActionName(name);
    if (this.#actions.has(name)) throw new TypeError(`there is an action ${name} already`);
    this.#actions.set(name, action);
    return {
      name,
      [Symbol.dispose]: () => {
        if (this.#actions.get(name) === action) this.#actions.delete(name);
      },
    };
  }
}
