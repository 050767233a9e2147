/**
 * How long work that does not wait for anything may keep all else waiting.
 *
 * @module
 */
import { WORK_SLICE_MS } from "../../limits.ts";

/** Cuts long work into slices between which others get their turn. */
export class Pace {
  readonly #now: () => number;
  #sinceMs: number;

  /** Starts the first slice; `now` is in milliseconds of any steady clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#sinceMs = now();
  }

  /** Whether the slice is over. */
  get isDue(): boolean {
    return this.#now() - this.#sinceMs >= WORK_SLICE_MS;
  }

  /** Lets all others have their turn, and starts the next slice. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#sinceMs = this.#now();
  }
}
