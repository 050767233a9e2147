/**
 * The hooks of an agent: which are due, remembered across restarts, and run once everything is in place.
 *
 * @module
 */
import pLimit from "p-limit";
import {
  createDeferred,
  delay as waitFor,
  type HookChanges,
  type HookResult,
  type HookRunner,
  type Logger,
  type Manifest,
  SILENT_LOGGER,
  type WantedState,
} from "../../protocol/mod.ts";
import { HOOK_WAIT_MS, HOOKS_AT_ONCE } from "../limits.ts";
import { type HookCall, type HookEnd, type HookPerformer, newDueHook } from "./due_hook.ts";
import { type HookJournal, HookLedger } from "./hook_ledger.ts";
import { scopeOf, wantedStates } from "./hook_scope.ts";

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
  /** How many of one keeper run at a time. @default {8} */
  readonly atOnce?: number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
}

/** A file that is about to expire. */
export interface ExpiringFile {
  /** Who declared it; `null` for a keeper that does not sign. */
  readonly declarer: string | null;
  /** Its path. */
  readonly path: string;
}

/** What a delivery has marked. */
interface Delivery {
  readonly wanted: WantedState;
  /** What the same keeper declared before. */
  readonly previous: Manifest | null;
  /** The hooks that became due by this delivery, and by nothing before it. */
  readonly fresh: ReadonlySet<string>;
}

const NO_CHANGES: HookChanges = new Map();

/** Runs the hooks of an agent; see {@linkcode HookRunner}. */
export class AgentHooks implements HookRunner {
  readonly #options: AgentHooksOptions;
  readonly #ledger: HookLedger;
  readonly #stop = new AbortController();
  /** Has the hooks of one keeper take turns, and none wait for those of another. */
  readonly #turns = new Map<string | null, <T>(work: () => Promise<T>) => Promise<T>>();
  #held: WantedState | null;
  #delivery: Delivery | null = null;
  /** Whether a keeper came, or signed what is held: the hooks of what is held may run. */
  #isVouched = false;
  /** Is done when what is being removed beside deliveries is gone. */
  #expiring: Promise<unknown> = Promise.resolve();

  /** Takes up what is remembered; nothing runs yet. */
  constructor(options: AgentHooksOptions) {
    this.#options = options;
    this.#held = options.held ?? null;
    const { journal, logger = SILENT_LOGGER, delay = waitFor, random = Math.random } = options;
    const perform = (call: HookCall) => this.#perform(call);
    this.#ledger = new HookLedger({ journal, logger, delay, random, perform });
  }

  /** See {@linkcode HookRunner.due}. */
  async due(wanted: WantedState, paths: readonly string[]): Promise<HookResult[]> {
    const { hooks, declaredBy } = wanted;
    const scope = scopeOf(wanted, { paths, previous: this.#previousOf(wanted) });
    const states = await this.#statesOf(wanted, scope);
    return hooks.flatMap((hook) => {
      const task = this.#ledger.taskOf(hook, declaredBy);
      if (!scope.has(hook.name) && !this.#ledger.isLost) return task === null ? [] : [task.result];
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
    const { hooks } = wanted;
    const previous = this.#previousOf(wanted);
    const scope = scopeOf(wanted, { paths, previous });
    const states = await this.#statesOf(wanted, scope);
    const fresh = this.#ledger.makeDue(wanted, { hooks, scope, states });
    this.#ledger.forgetUndefined(wanted);
    this.#ledger.markFound();
    this.#isVouched = true;
    this.#held = wanted;
    this.#delivery = { wanted, previous, fresh };
    await this.#ledger.save();
  }

  /** See {@linkcode HookRunner.finish}. */
  async finish(paths: readonly string[]): Promise<HookResult[]> {
    const delivery = this.#delivery;
    if (delivery === null) return [];
    this.#delivery = null;
    const { wanted, previous, fresh } = delivery;
    const changes = scopeOf(wanted, { paths, previous });
    this.#ledger.amend(wanted, { fresh, changes });
    await this.#ledger.save();
    await this.#waitUpTo(Promise.all(wanted.hooks.map((hook) => {
      return this.#ledger.taskOf(hook, wanted.declaredBy)?.release({ hook, manifest: wanted });
    })));
    return wanted.hooks.flatMap((hook) => {
      const result = this.#ledger.takeResult(hook, wanted.declaredBy);
      return result === null ? [] : [result];
    });
  }

  /**
   * Has files removed whose lease is over, while nothing is delivered, and runs the hooks that tell of
   * them; those of somebody else's files, and of what nobody vouches for, wait for the next delivery.
   *
   * @param remove Removes them, and returns the paths of those that were there.
   * @returns Has `told`, which resolves when these hooks have run, or take too long to wait for.
   * @throws what `remove` does; then the hooks stay due.
   */
  async expire(
    files: readonly ExpiringFile[],
    remove: () => Promise<readonly string[]>,
  ): Promise<{ readonly told: Promise<void> }> {
    const wanted = this.#held;
    const ours = files.filter(({ declarer }) => declarer === wanted?.declaredBy);
    const paths = ours.map(({ path }) => path);
    const before = wanted === null ? NO_CHANGES : scopeOf(wanted, { paths, previous: null });
    if (wanted === null || before.size === 0) {
      await remove();
      return { told: Promise.resolve() };
    }
    const over = createDeferred<void>();
    this.#expiring = over.promise;
    try {
      const states = await wantedStates(wanted, before.keys());
      const hooks = wanted.hooks.filter(({ name }) => before.has(name));
      const fresh = this.#ledger.makeDue(wanted, { hooks, scope: before, states });
      await this.#ledger.save();
      const gone = await remove();
      const changes = scopeOf(wanted, { paths: gone, previous: null });
      this.#ledger.amend(wanted, { fresh, changes });
      await this.#ledger.save();
      const told = hooks.map((hook) => {
        const task = this.#isVouched ? this.#ledger.taskOf(hook, wanted.declaredBy) : null;
        return task?.release({ hook, manifest: wanted });
      });
      return { told: this.#waitUpTo(Promise.all(told)) };
    } finally {
      over.resolve();
    }
  }

  /**
   * Runs what was due when the agent ended, where everything is in place as it was declared then; what
   * is due for another state waits for the next delivery. Resolves when that has begun.
   */
  async resume(wanted: WantedState): Promise<void> {
    const { hooks, declaredBy } = wanted;
    this.#isVouched = true;
    if (this.#ledger.isEmpty) return;
    const states = await wantedStates(wanted, hooks.map(({ name }) => name));
    await this.#expiring;
    // A delivery that has begun meanwhile knows better.
    if (this.#delivery !== null) return;
    for (const hook of hooks) {
      const state = states.get(hook.name) ?? "";
      if (this.#ledger.isLost && this.#ledger.taskOf(hook, declaredBy) === null) {
        this.#ledger.add(newDueHook({ hook: hook.name, declaredBy, state }));
      }
      const task = this.#ledger.taskOf(hook, declaredBy);
      if (task?.due.state === state) void task.release({ hook, manifest: wanted });
    }
    this.#ledger.markFound();
    await this.#ledger.save();
  }

  /** Ends what runs; what is due stays so, for the next start. Resolves when all has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ledger.stop();
  }

  #previousOf({ declaredBy }: WantedState): Manifest | null {
    return this.#held?.declaredBy === declaredBy ? this.#held : null;
  }

  #statesOf(wanted: WantedState, scope: HookChanges): Promise<Map<string, string>> {
    const needed = wanted.hooks.filter((hook) => {
      return this.#ledger.isLost || scope.has(hook.name) ||
        this.#ledger.taskOf(hook, wanted.declaredBy) !== null;
    });
    return wantedStates(wanted, needed.map(({ name }) => name));
  }

  async #perform(call: HookCall): Promise<HookEnd | null> {
    const { signal } = this.#stop;
    return await this.#turnOf(call.due.declaredBy)(async () => {
      if (signal.aborted) return null;
      const end = await this.#options.performer.perform(call, signal);
      return signal.aborted && end.outcome !== "ran" ? null : end;
    });
  }

  #turnOf(declaredBy: string | null): <T>(work: () => Promise<T>) => Promise<T> {
    let inTurn = this.#turns.get(declaredBy);
    if (inTurn === undefined) {
      this.#turns.set(declaredBy, inTurn = pLimit(this.#options.atOnce ?? HOOKS_AT_ONCE));
    }
    return inTurn;
  }

  /** Waits for what never rejects, but not for ever. */
  async #waitUpTo(work: Promise<unknown>): Promise<void> {
    const { waitMs = HOOK_WAIT_MS, delay = waitFor } = this.#options;
    const over = new AbortController();
    const late = delay(waitMs, AbortSignal.any([over.signal, this.#stop.signal])).catch(() => {});
    await Promise.race([work, late]);
    over.abort();
  }
}
