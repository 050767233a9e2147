/**
 * One hook that has to run, from the change that it tells of to the run that succeeds.
 *
 * @module
 */
import { createDeferred, type HookResult } from "../../protocol/mod.ts";
import type { DueHook, HookCall, HookEnd } from "./due_hook.ts";
import { hookPauseMs } from "./hook_pause.ts";

/** What the tasks of an agent share. */
export interface HookTaskParts {
  /** Runs a hook once, when there is a place; `null` where the agent stopped before. */
  readonly perform: (call: HookCall) => Promise<HookEnd | null>;
  /** Is told of the end of each run that counts; the next one waits for it. */
  readonly onEnd: (task: HookTask, end: HookEnd) => Promise<void>;
  /** Waits; rejects with the reason of the signal. */
  readonly delay: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. */
  readonly random: () => number;
}

/** What the run of a hook needs beside what is due. */
type Definition = Pick<HookCall, "hook" | "manifest">;

/** A hook that has to run; it runs once at a time, and again until it succeeds. */
export class HookTask {
  readonly #parts: HookTaskParts;
  #due: DueHook;
  #definition: Definition | null = null;
  /** Goes up with each change: what an earlier one began does not tell of it. */
  #generation = 0;
  #isHeld = true;
  #isOver = false;
  #loop: Promise<void> = Promise.resolve();
  #isLooping = false;
  #isRunning = false;
  #failures = 0;
  #last: HookEnd | null = null;
  #pause: AbortController | null = null;
  #waiting: (() => void)[] = [];

  /** Takes up what is due; it does not run before it is released. */
  constructor(due: DueHook, parts: HookTaskParts) {
    this.#due = due;
    this.#parts = parts;
  }

  /** What is due. */
  get due(): DueHook {
    return this.#due;
  }

  /** Says how the hook stands. */
  get result(): HookResult {
    const { hook, changeId, attempts } = this.#due;
    const { outcome: ended, ...last } = this.#last ?? NO_END;
    // What waits for its next run is told by how the last one ended.
    const outcome = this.#isRunning ? "running" : this.#last === null ? "due" : ended;
    return { hook, outcome, changeId, attempts, ...last };
  }

  /** Corrects what is known of the change. */
  amend(due: DueHook): void {
    this.#due = due;
  }

  /** Takes up a change that begins: nothing runs until it is in place, and what runs is too early. */
  hold(due: DueHook): void {
    if (due.changeId !== this.#due.changeId) this.#last = null;
    this.#due = due;
    this.#generation++;
    this.#isHeld = true;
    this.#failures = 0;
    this.#pause?.abort();
  }

  /**
   * Lets the hook run, now that everything is in place; at once where it has not run since the change,
   * or may do better than the last time.
   *
   * @returns Resolves when it has run, or where it waits for its next run anyway.
   */
  release(definition: Definition): Promise<void> {
    const isNew = this.#isHeld || this.#last?.outcome === "refused" ||
      !isSameAction(this.#definition, definition);
    this.#definition = definition;
    this.#isHeld = false;
    if (!isNew && !this.#isRunning) return Promise.resolve();
    if (isNew && this.#pause !== null) {
      this.#failures = 0;
      this.#pause.abort();
    }
    const { promise, resolve } = createDeferred<void>();
    this.#waiting.push(resolve);
    if (!this.#isLooping) this.#loop = this.#run();
    return promise;
  }

  /** Ends the task: the hook runs no more. Resolves when what is under way has ended. */
  async drop(): Promise<void> {
    this.#isOver = true;
    this.#pause?.abort();
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    this.#isLooping = true;
    while (!this.#isHeld && !this.#isOver && this.#definition !== null) {
      const generation = this.#generation;
      this.#isRunning = true;
      const end = await this.#parts.perform({ ...this.#definition, due: this.#due });
      this.#isRunning = false;
      if (end === null) break;
      if (generation !== this.#generation) continue;
      const isKnown = end.outcome === "refused" && this.#last?.code === end.code;
      this.#last = end;
      if (end.outcome !== "refused") {
        this.#due = { ...this.#due, attempts: this.#due.attempts + 1 };
      }
      if (end.outcome === "ran") this.#isOver = true;
      if (!isKnown) await this.#parts.onEnd(this, end);
      if (generation !== this.#generation) continue;
      this.#wake();
      if (end.outcome !== "failed" || this.#isOver) break;
      await this.#rest();
    }
    this.#isLooping = false;
    if (this.#isOver) this.#wake();
  }

  async #rest(): Promise<void> {
    const { delay, random } = this.#parts;
    this.#pause = new AbortController();
    try {
      await delay(hookPauseMs(++this.#failures, random), this.#pause.signal);
    } catch {
      // It was ended: by a change, by a new definition, or for good.
    } finally {
      this.#pause = null;
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const NO_END: HookEnd = { outcome: "failed", exitStatus: null, signal: null, output: "" };

function isSameAction(a: Definition | null, b: Definition): boolean {
  return a !== null && JSON.stringify(a.hook) === JSON.stringify(b.hook);
}
