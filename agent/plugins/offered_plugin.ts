/**
 * The actions of a plugin, as keepers call them: `NAME-ACTION`.
 *
 * @module
 */
import type { Action, CallContext, PluginManifest } from "../../protocol/mod.ts";
import { PluginRefusal } from "./plugin_refusal.ts";

/** Offers an action until what it returns is disposed of; throws a `TypeError` where its name is taken. */
export type OfferAction = (action: Action) => Disposable;

/** Does what a keeper calls of a plugin. */
export type RunPluginAction = (
  action: string,
  call: { readonly context: CallContext; readonly input: unknown },
) => Promise<unknown>;

/** Offers the actions of one plugin. */
export class OfferedPlugin {
  readonly #offer: OfferAction;
  readonly #run: RunPluginAction;
  #offered = new Map<string, Disposable>();

  /** Offers nothing yet. */
  constructor(offer: OfferAction, run: RunPluginAction) {
    this.#offer = offer;
    this.#run = run;
  }

  /**
   * Offers these actions in the place of those before.
   *
   * @throws {PluginRefusal} `name-taken`; then nothing has changed.
   */
  offer(manifest: PluginManifest): void {
    const actions = actionsOf(manifest, this.#run);
    const added = new Map<string, Disposable>();
    try {
      for (const action of actions) {
        if (!this.#offered.has(action.name)) added.set(action.name, this.#offer(action));
      }
    } catch (cause) {
      withdrawAll(added);
      if (!(cause instanceof TypeError)) throw cause;
      throw new PluginRefusal(
        "name-taken",
        "an action of the agent has the name of one of its own",
      );
    }
    const kept = actions.filter(({ name }) => this.#offered.has(name));
    withdrawAll(this.#offered);
    // Nothing else has run meanwhile, so their names are free.
    for (const action of kept) added.set(action.name, this.#offer(action));
    this.#offered = added;
  }

  /** Offers nothing any more. */
  withdraw(): void {
    withdrawAll(this.#offered);
    this.#offered = new Map();
  }
}

function actionsOf({ name, actions }: PluginManifest, run: RunPluginAction): Action[] {
  return actions.map(({ name: action, describe }) => ({
    name: `${name}-${action}`,
    ...(describe === "" ? {} : { description: { describe } }),
    run: (context, input) => run(action, { context, input }),
  }));
}

function withdrawAll(offered: ReadonlyMap<string, Disposable>): void {
  for (const one of offered.values()) one[Symbol.dispose]();
}
