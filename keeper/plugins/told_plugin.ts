/**
 * What a plugin is told, in its turn: a fleet may answer faster than a plugin can listen.
 *
 * @module
 */
import type { KeeperDelivery, Logger } from "../../protocol/mod.ts";
import type { PluginRunner } from "../../protocol/host/plugins/mod.ts";

/** How many events one plugin is at work on at a time. */
const MAX_OPEN = 4;
/** How many wait. */
const MAX_WAITING = 1_000;

/** Tells a plugin of deliveries, four at a time; what it cannot take in is lost, and the log says so. */
export class ToldPlugin {
  readonly #runner: Pick<PluginRunner, "plugin" | "tell">;
  readonly #logger: Logger;
  readonly #waiting: KeeperDelivery[] = [];
  readonly #idle: (() => void)[] = [];
  #open = 0;
  #lost = 0;

  /** Tells nothing yet. */
  constructor(runner: Pick<PluginRunner, "plugin" | "tell">, logger: Logger) {
    this.#runner = runner;
    this.#logger = logger;
  }

  /** Tells the plugin of a delivery, where it wants to know; never throws. */
  tell(delivery: KeeperDelivery): void {
    const { name, events } = this.#runner.plugin.manifest;
    if (!events.includes("delivery")) return;
    if (this.#waiting.length >= MAX_WAITING) {
      // Said once for as long as it lasts.
      if (this.#lost++ === 0) {
        this.#logger.warn("A plugin is too slow for what it is told; some of it is lost.", {
          plugin: name,
        });
      }
      return;
    }
    this.#waiting.push(delivery);
    this.#advance();
  }

  /** Resolves when nothing is left to be told. */
  settle(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #advance(): void {
    while (this.#open < MAX_OPEN) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) break;
      this.#open++;
      void this.#runner.tell("delivery", delivery).then(() => {
        this.#open--;
        this.#advance();
      });
    }
    if (this.#waiting.length === 0) this.#lost = 0;
    if (this.#open === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
  }
}
