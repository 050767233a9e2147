/**
 * When a keeper that runs makes its next pass, and when it asks for the list of agents.
 *
 * @module
 */
import { createDeferred, type Deferred, type Logger } from "../protocol/mod.ts";
import type { FleetList } from "./fleet/fleet_list.ts";
import type { Schedule, ScheduledAgent } from "./fleet/schedule.ts";
import type { KeeperOptions } from "./keeper_options.ts";
import { DEFAULT_DISCOVERY_INTERVAL_MS } from "./limits.ts";
import { sleep } from "./sleep.ts";

/** What a {@linkcode PassLoop} works with. */
export interface PassLoopParts extends Pick<KeeperOptions, "delay" | "discoveryIntervalMs"> {
  /** Knows whether there is a list. */
  readonly list: Pick<FleetList, "isKnown">;
  /** Knows who is due. */
  readonly schedule: Schedule;
  /** How often every agent is served, in milliseconds. */
  readonly pollingIntervalMs: number;
  /** Takes notes of what should not happen. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
}

/** What is done again and again. */
export interface LoopWork {
  /** Asks for the list of agents. */
  readonly discover: () => Promise<void>;
  /** Serves agents: all of them, or those that are due. */
  readonly serve: (agents: readonly ScheduledAgent[], isWhole: boolean) => Promise<void>;
}

/** Has a fleet looked up and served until it is stopped. */
export class PassLoop {
  readonly #parts: PassLoopParts;
  #wake: Deferred<void> = createDeferred();

  /** Does nothing yet. */
  constructor(parts: PassLoopParts) {
    this.#parts = parts;
  }

  /** Lets a run look again at what is due. */
  wake(): void {
    this.#wake.resolve();
  }

  /**
   * Runs until the signal is aborted, and all that was begun has ended.
   *
   * @throws The reason of the signal, and nothing else.
   */
  async run(signal: AbortSignal, { discover, serve }: LoopWork): Promise<never> {
    const { list, schedule, pollingIntervalMs, now, delay } = this.#parts;
    const { discoveryIntervalMs = DEFAULT_DISCOVERY_INTERVAL_MS, logger } = this.#parts;
    const tasks = new Set<Promise<void>>();
    const start = (task: Promise<void>) => {
      const done = task.catch((error) => {
        if (!signal.aborted) logger.error("A pass ended in a fault.", { error: String(error) });
      }).finally(() => {
        tasks.delete(done);
        this.wake();
      });
      tasks.add(done);
    };
    let discoverAtMs = -Infinity;
    let wholeAtMs = -Infinity;
    let isDiscovering = false;
    while (!signal.aborted) {
      const nowMs = now();
      if (nowMs >= discoverAtMs && !isDiscovering) {
        isDiscovering = true;
        discoverAtMs = nowMs + discoveryIntervalMs;
        start(discover().finally(() => isDiscovering = false));
      }
      const isWhole = nowMs >= wholeAtMs && list.isKnown;
      const agents = isWhole ? schedule.idle() : schedule.due(nowMs);
      if (isWhole) wholeAtMs = nowMs + pollingIntervalMs;
      if (isWhole || agents.length > 0) start(serve(agents, isWhole));
      const nextMs = Math.min(
        isDiscovering ? Infinity : discoverAtMs,
        list.isKnown ? wholeAtMs : Infinity,
        schedule.nextDueMs(),
      );
      await sleep(nextMs - now(), { wake: this.#wake.promise, signal, delay });
      this.#wake = createDeferred();
    }
    await Promise.all(tasks);
    throw signal.reason;
  }
}
