/**
 * How long work that does not wait for anything may keep all else waiting.
 *
 * @module
 */
import { WORK_SLICE_MS } from "../../limits.ts";

/** To ask for the time costs as much as many a step, so that it is asked for with each so manieth. */
const STEPS_PER_LOOK = 8;

/** Cuts long work into slices between which others get their turn. */
export class Pace {
  readonly #now: () => number;
  #sinceMs: number;
  #steps = 0;

  /** Starts the first slice; `now` is in milliseconds of any steady clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#sinceMs = now();
  }

  /** Whether the slice is over; to be asked before each step. */
  get isDue(): boolean {
    if (++this.#steps % STEPS_PER_LOOK !== 0) return false;
    return this.#now() - this.#sinceMs >= WORK_SLICE_MS;
  }

  /** Lets all others have their turn, and starts the next slice. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#sinceMs = this.#now();
  }
}
