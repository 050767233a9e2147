/**
 * The hooks that have to run: what is remembered of each, across restarts, until it has run and that was
 * told.
 *
 * @module
 */
import type { Hook, HookChanges, HookResult, Logger, WantedState } from "../../protocol/mod.ts";
import { MAX_DUE_HOOKS } from "../limits.ts";
import {
  type DueHook,
  type HookCall,
  type HookEnd,
  keyOf,
  newDueHook,
  withChangedFiles,
} from "./due_hook.ts";
import { HookTask, type HookTaskParts } from "./hook_task.ts";

/** What is remembered of hooks, and how. */
export interface HookJournal {
  /** What was due when the agent ended; `null` where that is lost, so that everything may be due. */
  readonly known: readonly DueHook[] | null;
  /** Makes what is due outlast a crash before it resolves, in place of what was saved before. */
  readonly save: (due: readonly DueHook[]) => Promise<void>;
}

/** What a {@linkcode HookLedger} works with. */
export interface HookLedgerParts extends Pick<HookTaskParts, "delay" | "random"> {
  /** What is remembered of hooks. */
  readonly journal: HookJournal;
  /** Runs a hook once, when there is a place; `null` where the agent stopped before. */
  readonly perform: (call: HookCall) => Promise<HookEnd | null>;
  /** Is told what is odd; never what a hook printed. */
  readonly logger: Logger;
}

/** A hook that has run, and whose it was. */
interface EndedHook {
  readonly declaredBy: string | null;
  readonly result: HookResult;
}

/** Remembers which hooks have to run. */
export class HookLedger {
  readonly #parts: HookLedgerParts;
  readonly #tasks = new Map<string, HookTask>();
  /** What succeeded since it was told last. */
  readonly #ended = new Map<string, EndedHook>();
  #isLost: boolean;
  #saving: Promise<void> = Promise.resolve();
  /** What was saved last. */
  #saved: string;
  #isSaved = true;

  /** Takes up what is remembered; nothing runs yet. */
  constructor(parts: HookLedgerParts) {
    this.#parts = parts;
    const { known } = parts.journal;
    this.#isLost = known === null;
    for (const due of known ?? []) this.add(due);
    this.#saved = this.#snapshot();
  }

  /** Whether what was due before is not known, so that all that a manifest defines may be. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether nothing is due, for all that is known. */
  get isEmpty(): boolean {
    return this.#tasks.size === 0 && !this.#isLost;
  }

  /** Notes that all that may have been lost is due now. */
  markFound(): void {
    this.#isLost = false;
  }

  /** Returns a hook that is due, or `null`. */
  taskOf({ name: hook }: Hook, declaredBy: string | null): HookTask | null {
    return this.#tasks.get(keyOf({ hook, declaredBy })) ?? null;
  }

  /** Makes a hook due. */
  add(due: DueHook): void {
    const { perform, delay, random, logger } = this.#parts;
    // What is due for another keeper is not in the way of this one's.
    const same = [...this.#tasks].filter(([, task]) => task.due.declaredBy === due.declaredBy);
    for (const [key, task] of same.slice(0, Math.max(0, same.length + 1 - MAX_DUE_HOOKS))) {
      logger.warn("too many hooks are due; one is forgotten", { hook: task.due.hook });
      this.#forget(key, task);
    }
    const parts = {
      perform,
      onEnd: (task: HookTask, end: HookEnd) => this.#note(task, end),
      delay,
      random,
    };
    this.#tasks.set(keyOf(due), new HookTask(due, parts));
  }

  /** Makes hooks due, and returns those that were not. */
  makeDue(
    { declaredBy }: WantedState,
    { hooks, scope, states }: {
      readonly hooks: readonly Hook[];
      readonly scope: HookChanges;
      readonly states: ReadonlyMap<string, string>;
    },
  ): ReadonlySet<string> {
    const fresh = new Set<string>();
    for (const hook of hooks) {
      const changed = scope.get(hook.name);
      const task = this.taskOf(hook, declaredBy);
      const state = states.get(hook.name) ?? "";
      const next = newDueHook({ hook: hook.name, declaredBy, state });
      if (task === null) {
        if (changed === undefined && !this.#isLost) continue;
        if (!this.#isLost) fresh.add(hook.name);
        this.add(withChangedFiles(next, changed ?? []));
      } else if (changed !== undefined || task.due.state !== state) {
        const { changedFiles, isCut } = task.due;
        const due = task.due.state === state ? task.due : { ...next, changedFiles, isCut };
        task.hold(withChangedFiles(due, changed ?? []));
      }
    }
    return fresh;
  }

  /** Corrects what became due by what did change. */
  amend(
    { declaredBy }: WantedState,
    { fresh, changes }: { readonly fresh: ReadonlySet<string>; readonly changes: HookChanges },
  ): void {
    for (const hook of fresh) {
      const key = keyOf({ hook, declaredBy });
      const task = this.#tasks.get(key);
      if (task === undefined) continue;
      const changed = changes.get(hook);
      if (changed === undefined) this.#forget(key, task);
      else {
        const none = { ...task.due, changedFiles: [], isCut: false };
        // Files come as they come; what is told of them does not depend on that.
        task.amend(withChangedFiles(none, changed.toSorted()));
      }
    }
  }

  /** Forgets what is due, and what has run, of hooks that the same keeper no longer defines. */
  forgetUndefined({ hooks, declaredBy }: WantedState): void {
    const defined = new Set(hooks.map(({ name }) => name));
    for (const [key, ended] of this.#ended) {
      if (ended.declaredBy === declaredBy && !defined.has(ended.result.hook)) {
        this.#ended.delete(key);
      }
    }
    for (const [key, task] of this.#tasks) {
      if (task.due.declaredBy !== declaredBy || defined.has(task.due.hook)) continue;
      this.#parts.logger.info("a hook is due and no longer defined", { hook: task.due.hook });
      this.#forget(key, task);
    }
  }

  /** Says how a hook stands, and that it has run only once; `null` where there is nothing to say. */
  takeResult(hook: Hook, declaredBy: string | null): HookResult | null {
    const key = keyOf({ hook: hook.name, declaredBy });
    const result = this.#tasks.get(key)?.result ?? this.#ended.get(key)?.result;
    this.#ended.delete(key);
    return result ?? null;
  }

  /** Ends what runs; what is due stays so, for the next start. Resolves when all has ended. */
  async stop(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map((task) => task.drop()));
    await this.#saving;
  }

  /** Makes what is due outlast a crash, in turn; a disk that is full keeps no files from anybody. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const snapshot = this.#snapshot();
      if (snapshot === this.#saved && this.#isSaved) return;
      try {
        await this.#parts.journal.save([...this.#tasks.values()].map(({ due }) => due));
        this.#saved = snapshot;
        this.#isSaved = true;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const message = "what hooks are due is kept in memory only";
        if (this.#isSaved) this.#parts.logger.warn(message, { reason });
        this.#isSaved = false;
      }
    });
    return this.#saving;
  }

  #snapshot(): string {
    return JSON.stringify([...this.#tasks.values()].map(({ due }) => due));
  }

  #forget(key: string, task: HookTask): void {
    this.#tasks.delete(key);
    void task.drop();
  }

  async #note(task: HookTask, { outcome, code, exitStatus, signal }: HookEnd): Promise<void> {
    const { hook, declaredBy, changeId, attempts } = task.due;
    const { logger } = this.#parts;
    const key = keyOf(task.due);
    if (this.#tasks.get(key) !== task) return;
    const change = { hook, changeId, attempts };
    if (outcome === "ran") {
      this.#tasks.delete(key);
      this.#ended.set(key, { declaredBy, result: task.result });
      logger.info("a hook has run", change);
    } else if (outcome === "failed") {
      const end = { code, exitStatus, signal };
      logger.warn("a hook failed and will be run again", { ...change, ...end });
    } else {
      logger.warn("a hook may not be run", { ...change, code });
    }
    await this.save();
  }
}
