/**
 * Which Flux node the agent runs on, as the node itself says.
 *
 * Nobody has signed that, and it decides nothing: a keeper shows it to people.
 *
 * @module
 */
import { type Logger, type NodeEvidence, SILENT_LOGGER } from "../protocol/mod.ts";
import { NODE_PAUSE_MS } from "./limits.ts";

/** The options of a {@linkcode NodeWatch}. */
export interface NodeWatchOptions {
  /** Asks the node; rejects where there is no answer. */
  readonly ask: () => Promise<NodeEvidence>;
  /** How long it is not asked again after that, in milliseconds. @default {600_000} */
  readonly pauseMs?: number;
  /** The time now, in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** Is told why there is no answer. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
}

/** Asks the node once, and after a failure again where somebody wants to know. */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  readonly #now: () => number;
  #evidence: NodeEvidence | null = null;
  #notBeforeMs = -Infinity;

  /** Asks nobody yet. */
  constructor(options: NodeWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Returns what is known now, at once; asks where nothing is and the time has come. */
  current(): NodeEvidence | null {
    if (this.#evidence === null && this.#now() >= this.#notBeforeMs) {
      this.#notBeforeMs = Infinity;
      void this.#ask();
    }
    return this.#evidence;
  }

  async #ask(): Promise<void> {
    const { ask, pauseMs = NODE_PAUSE_MS, logger = SILENT_LOGGER } = this.#options;
    try {
      this.#evidence = await ask();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.debug("the Flux node does not say which one it is", { reason });
    }
    this.#notBeforeMs = this.#now() + pauseMs;
  }
}
