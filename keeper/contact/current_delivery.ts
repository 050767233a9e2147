/**
 * What the vault held at the last look, and who was given something else.
 *
 * @module
 */
import { encodeHex } from "../../protocol/mod.ts";
import type { ScheduledAgent } from "../fleet/schedule.ts";
import type { KeeperOptions, PassOptions } from "../keeper_options.ts";
import { type Delivery, prepareDelivery } from "./delivery.ts";
import { prepareWipe } from "./wipe_delivery.ts";

/** What is delivered, and to which app. */
export type CurrentDeliveryOptions = Pick<
  KeeperOptions,
  "vault" | "declarations" | "task" | "fleet"
>;

/** Looks into the vault, and compares. */
export class CurrentDelivery {
  readonly #options: CurrentDeliveryOptions;
  /** What the vault held at the last look. */
  #delivery: Delivery | null = null;

  /** Looks at nothing yet. */
  constructor(options: CurrentDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Looks into the vault.
   *
   * @throws {FluxVaultError} if it cannot be read; what a source of the declarations throws.
   */
  async prepare({ signal }: Pick<PassOptions, "signal"> = {}): Promise<Delivery> {
    const { vault, declarations, task, fleet } = this.#options;
    // A wipe names no file, and who only calls gives none.
    if (task?.isWipe === true || task?.converse !== undefined) return await prepareWipe();
    const declared = typeof declarations === "function" ? await declarations() : declarations;
    const { app } = fleet;
    const last = this.#delivery;
    this.#delivery = await prepareDelivery(vault, declared, { signal, last, app });
    return this.#delivery;
  }

  /**
   * Looks into the vault again, and returns which of some agents were given something else than is
   * there for them now.
   *
   * @throws {FluxVaultError} if the vault cannot be read, or what it holds makes no manifest.
   */
  async findBehind(
    agents: readonly ScheduledAgent[],
    options: Pick<PassOptions, "signal"> = {},
  ): Promise<ScheduledAgent[]> {
    await this.prepare(options);
    const behind = await Promise.all(agents.map((agent) => this.isBehind(agent)));
    return agents.filter((_, i) => behind[i]);
  }

  /** Tells whether an agent was given something else than the last look found for it. */
  async isBehind({ given }: Pick<ScheduledAgent, "given">): Promise<boolean> {
    if (given === null || this.#delivery === null) return false;
    const { manifest } = await this.#delivery.at(given.component, given.level);
    return encodeHex(manifest.digest) !== given.digest;
  }
}
