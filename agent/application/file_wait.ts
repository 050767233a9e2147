/**
 * Whether the files are there that an application waits for.
 *
 * @module
 */
import { createDeferred } from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import type { RestoredState } from "../trust/mod.ts";

/** What became of a file that is in place as it was declared. */
const GOOD = new Set<string>(["created", "updated", "reowned", "unchanged"]);
/** What became of a file that is not there, or should not be. */
const GONE = new Set<string>(["removed", "missing"]);

/** Follows what is delivered until all is there. */
export class FileWait {
  /** The paths that are waited for; none for all of the first manifest. */
  readonly #named: readonly string[];
  readonly #present = new Set<string>();
  /** What the last whole delivery, or the last start, lacks; `null` before either. */
  #lacking: readonly string[] | null = null;
  #waiting: (() => void)[] = [];

  /** Waits for these paths, or where none is named for all files of the first manifest. */
  constructor(named: readonly string[]) {
    this.#named = named;
  }

  /**
   * What is missing as far as it is known; `null` where not even that is: no keeper has come. Nothing
   * is where all is there.
   */
  get missing(): readonly string[] | null {
    if (this.#named.length > 0) return this.#named.filter((path) => !this.#has(path));
    return this.#present.size === 0 ? null : this.#lacking;
  }

  /** Takes what a restarted agent vouches for; it vouches for nothing that nobody signed. */
  noteRestored(state: RestoredState): void {
    if (state.isVouched) {
      const departed = state.departed.map(({ path }) => path);
      const { entries } = state.manifest.manifest;
      const left = new Set(departed);
      for (const { kind, path } of entries) {
        if (kind !== "keep" && !left.has(path)) this.#present.add(path);
      }
      this.#lacking = departed;
    }
    this.#wake();
  }

  /** Takes how a session ended; a plan changes nothing, nor does a keeper that only calls. */
  noteReport({ files, isComplete, isPlan, isCallsOnly }: AgentSessionReport): void {
    if (isPlan || isCallsOnly === true) return;
    const lacking: string[] = [];
    for (const { path, outcome } of files) {
      if (GOOD.has(outcome)) this.#present.add(path);
      else if (GONE.has(outcome)) this.#present.delete(path);
      if (!GOOD.has(outcome) && outcome !== "removed") lacking.push(path);
    }
    if (isComplete) this.#lacking = lacking;
    this.#wake();
  }

  /** Takes what is there no more, though it is declared. */
  noteGone(paths: readonly string[]): void {
    for (const path of paths) this.#present.delete(path);
    if (this.#lacking !== null) this.#lacking = [...new Set([...this.#lacking, ...paths])];
    this.#wake();
  }

  /** Waits until something is known anew; rejects with the reason of the signal. */
  next(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = createDeferred<void>();
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    this.#waiting.push(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    return promise;
  }

  /** Tells whether a path, or something below it, is there. */
  #has(path: string): boolean {
    if (this.#present.has(path)) return true;
    for (const present of this.#present) if (present.startsWith(`${path}/`)) return true;
    return false;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
