/** Stores and hooks that write down in which order a delivery asks things of them. */
import type { HookResult, HookRunner } from "../../protocol/hook_result.ts";
import type { FileResult } from "../../protocol/results.ts";
import type { HeldManifest, StagedFile } from "../../protocol/secret_store.ts";
import type { LocalStep, WantedState } from "../../protocol/survey.ts";
import { pathOf } from "../../protocol/survey_results.ts";
import { FragileStore } from "./fragile_store.ts";

/** Returns how the hook `reload` stands. */
export function hookResult(outcome: HookResult["outcome"]): HookResult {
  const ended = { exitStatus: null, signal: null, output: "" };
  return { hook: "reload", outcome, changeId: "ab".repeat(16), attempts: 1, ...ended };
}

/** Hooks that write down what is asked of them, beside what a store does. */
export class LoggedHooks implements HookRunner {
  readonly log: string[];

  /** Writes into this log. */
  constructor(log: string[]) {
    this.log = log;
  }

  mark({ declaredBy }: WantedState, paths: readonly string[]): Promise<void> {
    this.log.push(`mark ${paths.join()} by ${declaredBy}`);
    return Promise.resolve();
  }

  finish(paths: readonly string[]): Promise<readonly HookResult[]> {
    this.log.push(`finish ${[...paths].sort().join()}`);
    return Promise.resolve([hookResult("ran")]);
  }

  due(_wanted: WantedState, paths: readonly string[]): Promise<readonly HookResult[]> {
    this.log.push(`due ${paths.join()}`);
    return Promise.resolve([hookResult("due")]);
  }
}

/** A store that writes down what changes in it, and what it keeps. */
export class LoggedStore extends FragileStore {
  /** What happened, in order. */
  readonly log: string[] = [];
  /** What is not in place after all. */
  afterAll: readonly FileResult[] = [];

  override async keepManifest(held: HeldManifest): Promise<void> {
    this.log.push(`keep by ${held.declaredBy}`);
    await super.keepManifest(held);
  }

  override async perform(step: LocalStep): Promise<void> {
    this.log.push(`${step.kind} ${pathOf(step)}`);
    await super.perform(step);
  }

  override async stage(path: string): Promise<StagedFile> {
    this.log.push(`stage ${path}`);
    return await super.stage(path);
  }

  override settle(): Promise<readonly FileResult[]> {
    this.log.push("settle");
    return Promise.resolve(this.afterAll);
  }
}
