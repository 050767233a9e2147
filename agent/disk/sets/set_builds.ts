/**
 * The sets that one delivery changes, and how each ended.
 *
 * @module
 */
import { type FileResult, type Logger, StorageError } from "../../../protocol/mod.ts";
import type { WayRules } from "../paths/mod.ts";
import { SetBuild, type SetPlan } from "./set_build.ts";

/** How the sets ended. */
export interface SettledSets {
  /** Those that were exchanged. */
  readonly exchanged: readonly SetBuild[];
  /** What was done in vain, since another of its set was not. */
  readonly results: readonly FileResult[];
}

/** Builds the next states of sets. */
export class SetBuilds {
  readonly #rules: WayRules;
  readonly #logger: Logger;
  readonly #builds = new Map<SetPlan, SetBuild>();

  /** Builds nothing yet. */
  constructor({ rules, logger }: { readonly rules: WayRules; readonly logger: Logger }) {
    this.#rules = rules;
    this.#logger = logger;
  }

  /** Returns the next state of a set. */
  of(plan: SetPlan): SetBuild {
    let build = this.#builds.get(plan);
    if (build === undefined) this.#builds.set(plan, build = new SetBuild(plan, this.#rules));
    return build;
  }

  /** Exchanges each set for which all was done, and forgets the others. */
  async settle(): Promise<SettledSets> {
    const exchanged: SetBuild[] = [];
    const results: FileResult[] = [];
    for (const build of this.#builds.values()) {
      const code = await this.#settleOne(build);
      if (code === null) exchanged.push(build);
      else for (const path of build.done) results.push({ path, outcome: "failed", code });
    }
    this.#builds.clear();
    return { exchanged, results };
  }

  async #settleOne(build: SetBuild): Promise<string | null> {
    if (!build.isComplete) {
      await build.abandon();
      return "set-incomplete";
    }
    try {
      await build.complete();
      return null;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const { path } = build.plan.node;
      this.#logger.warn("a set could not be exchanged", { path, reason: error.message });
      return error.code;
    }
  }
}
