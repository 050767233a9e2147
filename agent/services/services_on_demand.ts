/**
 * The services of an agent whose keepers may never declare one: what runs them is loaded with the first.
 *
 * @module
 */
import type {
  DeliveredChanges,
  ServiceResult,
  ServiceRunner,
  WantedState,
} from "../../protocol/mod.ts";
import type { AgentServices } from "./agent_services.ts";

/** Runs services as {@linkcode AgentServices} does, once there is one. */
export class ServicesOnDemand implements ServiceRunner {
  readonly #load: () => Promise<AgentServices>;
  #loading: Promise<AgentServices> | null = null;
  #isStopped = false;

  /**
   * Loads nothing yet.
   *
   * @param load Loads what runs services. Called once at most.
   */
  constructor(load: () => Promise<AgentServices>) {
    this.#load = load;
  }

  /** What runs services, or `null` where nothing was to be run yet. */
  get loaded(): Promise<AgentServices> | null {
    return this.#loading;
  }

  /** Loads what runs services, so that what an earlier process left behind is ended. */
  async open(): Promise<void> {
    await this.#needed();
  }

  /** See {@linkcode ServiceRunner.apply}. */
  async apply(
    wanted: WantedState,
    delivered: DeliveredChanges,
  ): Promise<readonly ServiceResult[]> {
    return await (await this.#neededFor(wanted))?.apply(wanted, delivered) ?? [];
  }

  /** See {@linkcode ServiceRunner.plan}. */
  async plan(
    wanted: WantedState,
    delivered: DeliveredChanges,
  ): Promise<readonly ServiceResult[]> {
    return await (await this.#neededFor(wanted))?.plan(wanted, delivered) ?? [];
  }

  /** See {@linkcode AgentServices.resume}. */
  async resume(wanted: WantedState, lacking: readonly string[]): Promise<void> {
    await (await this.#neededFor(wanted))?.resume(wanted, lacking);
  }

  /** See {@linkcode AgentServices.noteGone}. */
  async noteGone(paths: readonly string[]): Promise<void> {
    await (await this.#loading)?.noteGone(paths);
  }

  /** See {@linkcode AgentServices.stop}. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await (await this.#loading)?.stop();
  }

  async #neededFor({ services = [] }: WantedState): Promise<AgentServices | null> {
    return services.length === 0 ? await this.#loading : await this.#needed();
  }

  #needed(): Promise<AgentServices> | null {
    if (this.#isStopped) return this.#loading;
    return this.#loading ??= this.#load();
  }
}
