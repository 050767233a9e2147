/**
 * The hooks of an agent whose keepers may never declare one: what runs them is loaded with the first.
 *
 * @module
 */
import type { HookResult, HookRunner, WantedState } from "../../protocol/mod.ts";
import type { AgentHooks, ExpiringFile } from "./agent_hooks.ts";

/** The name of the file in the state folder by which hooks are remembered. */
export const HOOKS_FILE_NAME = "hooks.json";

/** What {@linkcode HooksOnDemand} are opened with. */
export interface HooksOnDemandOptions {
  /** What the agent held when it started, or `null`. */
  readonly held: WantedState | null;
  /** Whether hooks may be due that an earlier process remembered. */
  readonly mayBeDue: boolean;
  /** Loads what runs hooks; is given what the agent holds by then. Called once at most. */
  readonly load: (held: WantedState | null) => Promise<AgentHooks>;
}

/** Runs hooks as {@linkcode AgentHooks} does, once there is one; until then there is nothing to do. */
export class HooksOnDemand implements HookRunner {
  readonly #load: HooksOnDemandOptions["load"];
  #held: WantedState | null;
  #loading: Promise<AgentHooks> | null = null;

  private constructor({ held, load }: HooksOnDemandOptions) {
    this.#held = held;
    this.#load = load;
  }

  /** Loads what runs hooks where what is held has some, or some may be due. */
  static async open(options: HooksOnDemandOptions): Promise<HooksOnDemand> {
    const { held, mayBeDue } = options;
    const hooks = new HooksOnDemand(options);
    if (mayBeDue || (held !== null && held.hooks.length > 0)) await hooks.#loaded();
    return hooks;
  }

  /** See {@linkcode HookRunner.due}. */
  async due(wanted: WantedState, paths: readonly string[]): Promise<readonly HookResult[]> {
    return await (await this.#neededFor(wanted))?.due(wanted, paths) ?? [];
  }

  /** See {@linkcode HookRunner.mark}. */
  async mark(wanted: WantedState, paths: readonly string[]): Promise<void> {
    await (await this.#neededFor(wanted))?.mark(wanted, paths);
    this.#held = wanted;
  }

  /** See {@linkcode HookRunner.finish}. */
  async finish(paths: readonly string[]): Promise<readonly HookResult[]> {
    return await (await this.#loading)?.finish(paths) ?? [];
  }

  /** See {@linkcode AgentHooks.expire}. */
  async expire(
    files: readonly ExpiringFile[],
    remove: () => Promise<readonly string[]>,
  ): Promise<{ readonly told: Promise<void> }> {
    const hooks = await this.#loading;
    if (hooks !== null) return await hooks.expire(files, remove);
    await remove();
    return { told: Promise.resolve() };
  }

  /** See {@linkcode AgentHooks.resume}. */
  async resume(wanted: WantedState): Promise<void> {
    await (await this.#neededFor(wanted))?.resume(wanted);
  }

  /** See {@linkcode AgentHooks.stop}. */
  async stop(): Promise<void> {
    await (await this.#loading)?.stop();
  }

  async #neededFor({ hooks }: WantedState): Promise<AgentHooks | null> {
    return hooks.length === 0 ? await this.#loading : await this.#loaded();
  }

  #loaded(): Promise<AgentHooks> {
    return this.#loading ??= this.#load(this.#held);
  }
}
