/**
 * What process number 1 of a container owes to the others: the end of a process whose parent is gone has
 * to be taken note of, or it stays behind as a zombie.
 *
 * The runtime waits for the children that it started, and for no others. Whoever waits for any child at
 * all takes those ends away from it; so an end is looked at first, and taken only where it is nobody's.
 *
 * @module
 */
import { delay as waitFor } from "../../protocol/mod.ts";
import type { SignalSource } from "../../protocol/host/mod.ts";
import type { OwnChildren } from "./own_children.ts";
import type { ProcessLibrary } from "./process_library.ts";

/** The options of an {@linkcode OrphanReaper}. */
export interface OrphanReaperOptions {
  /** The calls of the system. */
  readonly library: Pick<ProcessLibrary, "peek" | "reap">;
  /** The children whose end somebody waits for. */
  readonly children: OwnChildren;
  /** Where the signal comes from that a child has ended. */
  readonly signals: SignalSource;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 1_000;

/** Reaps orphans until it is disposed of. */
export class OrphanReaper implements Disposable {
  readonly #options: OrphanReaperOptions;
  readonly #over = new AbortController();
  readonly #onChild = () => void this.#sweep();
  #isSweeping = false;
  #isAsked = false;

  /** Reaps what there is, and from now on what comes. */
  constructor(options: OrphanReaperOptions) {
    this.#options = options;
    options.signals.add("SIGCHLD", this.#onChild);
    this.#onChild();
  }

  /** Reaps no more. */
  [Symbol.dispose](): void {
    this.#options.signals.remove("SIGCHLD", this.#onChild);
    this.#over.abort();
  }

  async #sweep(): Promise<void> {
    this.#isAsked = true;
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const { library, children, delay = waitFor } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#isAsked && !this.#over.signal.aborted) {
      this.#isAsked = false;
      let pid: number | null;
      while ((pid = library.peek()) !== null && !children.has(pid) && library.reap(pid)) {
        pauseMs = FIRST_PAUSE_MS;
      }
      if (pid === null) continue;
      // The end of a child of ours hides those behind it until the runtime has taken note of it.
      this.#isAsked = true;
      await delay(pauseMs, this.#over.signal).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    }
    this.#isSweeping = false;
  }
}
