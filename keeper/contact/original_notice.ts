/**
 * What the operator is told of agents that are served by the original's wire.
 *
 * @module
 */
import type { Logger } from "../../protocol/mod.ts";

/** Says once of each thing that a node of the original does not do it. */
export class OriginalNotice {
  readonly #logger: Logger;
  readonly #app: string | null;
  readonly #told = new Set<string>();

  /** Has told of nothing yet. */
  constructor(logger: Logger, app: string | null) {
    this.#logger = logger;
    this.#app = app;
  }

  /** Tells of what is not kept, in words, unless that was told. */
  tell(what: readonly string[]): void {
    const news = what.filter((each) => !this.#told.has(each));
    for (const each of news) this.#told.add(each);
    if (news.length === 0) return;
    this.#logger.warn(
      "The wire of the original FluxVault carries names and contents alone: what is declared besides " +
        "is not kept by agents that are served by it.",
      { app: this.#app, notKept: news },
    );
  }
}
