/**
 * The hooks of an agent: which are due, remembered across restarts, and run once everything is in place.
 *
 * @module
 */
import pLimit from "p-limit";
import {
  delay as waitFor,
  type Hook,
  type HookChanges,
  type HookResult,
  type HookRunner,
  type Logger,
  type Manifest,
  SILENT_LOGGER,
  type WantedState,
} from "../../protocol/mod.ts";
import { HOOK_WAIT_MS, HOOKS_AT_ONCE, MAX_DUE_HOOKS } from "../limits.ts";
import {
  type DueHook,
  type HookCall,
  type HookEnd,
  type HookPerformer,
  keyOf,
  newDueHook,
  withChangedFiles,
} from "./due_hook.ts";
import { scopeOf, wantedStates } from "./hook_scope.ts";
import { HookTask } from "./hook_task.ts";

/** What is remembered of hooks, and how. */
export interface HookJournal {
  /** What was due when the agent ended; `null` where that is lost, so that everything may be due. */
  readonly known: readonly DueHook[] | null;
  /** Makes what is due outlast a crash before it resolves, in place of what was saved before. */
  readonly save: (due: readonly DueHook[]) => Promise<void>;
}

/** The options of {@linkcode AgentHooks}. */
export interface AgentHooksOptions {
  /** Does what hooks say. */
  readonly performer: HookPerformer;
  /** What is remembered of hooks. */
  readonly journal: HookJournal;
  /** What the agent held when it started: it knows the hooks of what is removed. @default {null} */
  readonly held?: WantedState | null;
  /** Is told what is odd; never what a hook printed. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** How long a delivery waits for hooks, in milliseconds. @default {30_000} */
  readonly waitMs?: number;
  /** How many run at a time. @default {8} */
  readonly atOnce?: number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
}

/** What a delivery has marked. */
interface Delivery {
  readonly wanted: WantedState;
  /** What the same keeper declared before. */
  readonly previous: Manifest | null;
  /** The hooks that became due by this delivery, and by nothing before it. */
  readonly fresh: ReadonlySet<string>;
}

/** Runs the hooks of an agent; see {@linkcode HookRunner}. */
export class AgentHooks implements HookRunner {
  readonly #options: AgentHooksOptions;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #tasks = new Map<string, HookTask>();
  /** What succeeded since it was told last. */
  readonly #ended = new Map<string, HookResult>();
  /** Whether what was due before is not known, so that all that a manifest defines may be. */
  #isLost: boolean;
  #held: WantedState | null;
  #delivery: Delivery | null = null;
  #saving: Promise<void> = Promise.resolve();
  /** What was saved last. */
  #saved: string;
  #isSaved = true;

  /** Takes up what is remembered; nothing runs yet. */
  constructor(options: AgentHooksOptions) {
    this.#options = options;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#inTurn = pLimit(options.atOnce ?? HOOKS_AT_ONCE);
    this.#held = options.held ?? null;
    const { known } = options.journal;
    this.#isLost = known === null;
    for (const due of known ?? []) this.#add(due);
    this.#saved = this.#snapshot();
  }

  /** See {@linkcode HookRunner.due}. */
  async due(wanted: WantedState, paths: readonly string[]): Promise<HookResult[]> {
    const { hooks, declaredBy } = wanted;
    const scope = scopeOf(wanted, { paths, previous: this.#previousOf(wanted) });
    const states = await this.#statesOf(wanted, scope);
    return hooks.flatMap((hook) => {
      const task = this.#taskOf(hook, declaredBy);
      if (!scope.has(hook.name) && !this.#isLost) return task === null ? [] : [task.result];
      const state = states.get(hook.name) ?? "";
      const due = task?.due ?? newDueHook({ hook: hook.name, declaredBy, state });
      const code = this.#options.performer.refusalOf({ hook, manifest: wanted, due });
      // A new change gets a name of its own, once it begins.
      const isKept = task !== null && due.state === state;
      return [{
        hook: hook.name,
        outcome: code === null ? "due" as const : "refused" as const,
        changeId: isKept ? due.changeId : null,
        attempts: isKept ? due.attempts : 0,
        exitStatus: null,
        signal: null,
        output: "",
        ...(code === null ? {} : { code }),
      }];
    });
  }

  /** See {@linkcode HookRunner.mark}. */
  async mark(wanted: WantedState, paths: readonly string[]): Promise<void> {
    const { hooks, declaredBy } = wanted;
    const previous = this.#previousOf(wanted);
    const scope = scopeOf(wanted, { paths, previous });
    const states = await this.#statesOf(wanted, scope);
    const fresh = new Set<string>();
    for (const hook of hooks) {
      const changed = scope.get(hook.name);
      const task = this.#taskOf(hook, declaredBy);
      const state = states.get(hook.name) ?? "";
      const next = newDueHook({ hook: hook.name, declaredBy, state });
      if (task === null) {
        if (changed === undefined && !this.#isLost) continue;
        if (!this.#isLost) fresh.add(hook.name);
        this.#add(withChangedFiles(next, changed ?? []));
      } else if (changed !== undefined || task.due.state !== state) {
        const { changedFiles, isCut } = task.due;
        const due = task.due.state === state ? task.due : { ...next, changedFiles, isCut };
        task.hold(withChangedFiles(due, changed ?? []));
      }
    }
    this.#forgetUndefined(wanted);
    this.#isLost = false;
    this.#held = wanted;
    this.#delivery = { wanted, previous, fresh };
    await this.#save();
  }

  /** See {@linkcode HookRunner.finish}. */
  async finish(paths: readonly string[]): Promise<HookResult[]> {
    const delivery = this.#delivery;
    if (delivery === null) return [];
    this.#delivery = null;
    const { wanted, previous } = delivery;
    this.#amend(delivery, scopeOf(wanted, { paths, previous }));
    await this.#save();
    await this.#waitUpTo(Promise.all(wanted.hooks.map((hook) => {
      return this.#taskOf(hook, wanted.declaredBy)?.release({ hook, manifest: wanted });
    })));
    return wanted.hooks.flatMap((hook) => {
      const key = keyOf({ hook: hook.name, declaredBy: wanted.declaredBy });
      const result = this.#tasks.get(key)?.result ?? this.#ended.get(key);
      this.#ended.delete(key);
      return result === undefined ? [] : [result];
    });
  }

  /**
   * Runs what was due when the agent ended, where everything is in place as it was declared then; what
   * is due for another state waits for the next delivery. Resolves when that has begun.
   */
  async resume(wanted: WantedState): Promise<void> {
    const { hooks, declaredBy } = wanted;
    if (this.#tasks.size === 0 && !this.#isLost) return;
    const states = await wantedStates(wanted, hooks.map(({ name }) => name));
    // A delivery that has begun meanwhile knows better.
    if (this.#delivery !== null) return;
    for (const hook of hooks) {
      const state = states.get(hook.name) ?? "";
      if (this.#isLost && this.#taskOf(hook, declaredBy) === null) {
        this.#add(newDueHook({ hook: hook.name, declaredBy, state }));
      }
      const task = this.#taskOf(hook, declaredBy);
      if (task?.due.state === state) void task.release({ hook, manifest: wanted });
    }
    this.#isLost = false;
    await this.#save();
  }

  /** Ends what runs; what is due stays so, for the next start. Resolves when all has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#tasks.values()].map((task) => task.drop()));
    await this.#saving;
  }

  #taskOf({ name: hook }: Hook, declaredBy: string | null): HookTask | null {
    return this.#tasks.get(keyOf({ hook, declaredBy })) ?? null;
  }

  #previousOf({ declaredBy }: WantedState): Manifest | null {
    return this.#held?.declaredBy === declaredBy ? this.#held : null;
  }

  #statesOf(wanted: WantedState, scope: HookChanges): Promise<Map<string, string>> {
    const needed = wanted.hooks.filter((hook) => {
      return this.#isLost || scope.has(hook.name) || this.#taskOf(hook, wanted.declaredBy) !== null;
    });
    return wantedStates(wanted, needed.map(({ name }) => name));
  }

  #add(due: DueHook): void {
    const { delay = waitFor, random = Math.random } = this.#options;
    for (const [key, task] of this.#tasks) {
      if (this.#tasks.size < MAX_DUE_HOOKS) break;
      this.#logger.warn("too many hooks are due; one is forgotten", { hook: task.due.hook });
      this.#forget(key, task);
    }
    const parts = {
      perform: (call: HookCall) => this.#perform(call),
      onEnd: (task: HookTask, end: HookEnd) => this.#note(task, end),
      delay,
      random,
    };
    this.#tasks.set(keyOf(due), new HookTask(due, parts));
  }

  #forget(key: string, task: HookTask): void {
    this.#tasks.delete(key);
    void task.drop();
  }

  async #perform(call: HookCall): Promise<HookEnd | null> {
    const { signal } = this.#stop;
    return await this.#inTurn(async () => {
      if (signal.aborted) return null;
      const end = await this.#options.performer.perform(call, signal);
      return signal.aborted && end.outcome !== "ran" ? null : end;
    });
  }

  async #note(task: HookTask, { outcome, code, exitStatus, signal }: HookEnd): Promise<void> {
    const { hook, changeId, attempts } = task.due;
    const key = keyOf(task.due);
    if (this.#tasks.get(key) !== task) return;
    const change = { hook, changeId, attempts };
    if (outcome === "ran") {
      this.#tasks.delete(key);
      this.#ended.set(key, task.result);
      this.#logger.info("a hook has run", change);
    } else if (outcome === "failed") {
      const end = { code, exitStatus, signal };
      this.#logger.warn("a hook failed and will be run again", { ...change, ...end });
    } else {
      this.#logger.warn("a hook may not be run", { ...change, code });
    }
    await this.#save();
  }

  /** Forgets what is due of hooks that the same keeper no longer defines. */
  #forgetUndefined({ hooks, declaredBy }: WantedState): void {
    const defined = new Set(hooks.map(({ name }) => name));
    for (const [key, task] of this.#tasks) {
      if (task.due.declaredBy !== declaredBy || defined.has(task.due.hook)) continue;
      this.#logger.info("a hook is due and no longer defined", { hook: task.due.hook });
      this.#forget(key, task);
    }
  }

  /** Corrects what became due by what did change. */
  #amend({ wanted: { declaredBy }, fresh }: Delivery, changes: HookChanges): void {
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

  /** Waits for what never rejects, but not for ever. */
  async #waitUpTo(work: Promise<unknown>): Promise<void> {
    const { waitMs = HOOK_WAIT_MS, delay = waitFor } = this.#options;
    const over = new AbortController();
    const late = delay(waitMs, AbortSignal.any([over.signal, this.#stop.signal])).catch(() => {});
    await Promise.race([work, late]);
    over.abort();
  }

  #snapshot(): string {
    return JSON.stringify([...this.#tasks.values()].map(({ due }) => due));
  }

  /** Makes what is due outlast a crash, in turn; a disk that is full keeps no files from anybody. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const snapshot = this.#snapshot();
      if (snapshot === this.#saved && this.#isSaved) return;
      try {
        await this.#options.journal.save([...this.#tasks.values()].map(({ due }) => due));
        this.#saved = snapshot;
        this.#isSaved = true;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const message = "what hooks are due is kept in memory only";
        if (this.#isSaved) this.#logger.warn(message, { reason });
        this.#isSaved = false;
      }
    });
    return this.#saving;
  }
}
