/**
 * What a plugin says to whoever reads the log of its host: a little of it, and harmless.
 *
 * @module
 */
import type { Logger } from "../../logger.ts";
import { sanitiseText } from "../printable_text.ts";
import { RateLimit } from "./limits/rate_limit.ts";

/** The options of a {@linkcode PluginLog}. */
export interface PluginLogOptions {
  /** The name of the plugin. */
  readonly plugin: string;
  /** Gets the lines. */
  readonly log: Logger;
  /** The time in milliseconds, from any moment on. @default {performance.now} */
  readonly now?: (() => number) | undefined;
}

const LINES_AT_ONCE = 30;
const LINES_PER_SECOND = 1;

/** Passes on 30 lines at once and one each second in the long run, of at most 500 characters. */
export class PluginLog {
  readonly #options: PluginLogOptions;
  readonly #rate: RateLimit;
  #dropped = 0;

  /** Begins with nothing said. */
  constructor(options: PluginLogOptions) {
    const { now } = options;
    const rate = { burst: LINES_AT_ONCE, perSecond: LINES_PER_SECOND };
    this.#options = options;
    this.#rate = new RateLimit({ ...rate, ...(now === undefined ? {} : { now }) });
  }

  /** Logs a line, or counts it where there were too many. */
  say(text: string): void {
    if (!this.#rate.take()) {
      this.#dropped++;
      return;
    }
    const { plugin, log } = this.#options;
    const dropped = this.#dropped === 0 ? {} : { dropped: this.#dropped };
    this.#dropped = 0;
    log.info("a plugin says", { plugin, text: sanitiseText(text), ...dropped });
  }
}
