/**
 * What ends a call early: its caller's signal, its time, or what fails on the way.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { CALL_TIMEOUT_MS } from "../limits.ts";

/** The options of a {@linkcode CallLimit}. */
export interface CallLimitOptions {
  /** Ends the call; its reason is passed on. @default {never} */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take, in milliseconds; `Infinity` for no limit. @default {120_000} */
  readonly timeoutMs?: number | undefined;
}

/** Aborts its signal as soon as one of them does. */
export class CallLimit {
  readonly #control = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to count. */
  constructor(action: string, options: CallLimitOptions) {
    const { signal, timeoutMs = CALL_TIMEOUT_MS } = options;
    this.#outer = signal;
    this.#onAbort = () => this.abort(signal?.reason);
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
    // A timer that is set too far ahead would fire at once.
    if (this.signal.aborted || timeoutMs > MAX_TIMER_MS) return;
    this.#timer = setTimeout(() => {
      const text = `the call of ${action} took longer than ${timeoutMs / 1_000} s`;
      this.abort(new ConnectionError("timed-out", text));
    }, timeoutMs);
  }

  /** Fires when the call is to end. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** Ends the call for another reason. */
  abort(reason: unknown): void {
    this.#control.abort(reason);
    this.clear();
  }

  /** Stops to count the time; the signal goes on to end the call. */
  clearTime(): void {
    clearTimeout(this.#timer);
  }

  /** Forgets the signal and the time. */
  clear(): void {
    this.clearTime();
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}

/** The furthest that a timer can be set: 2^31 - 1 ms. */
const MAX_TIMER_MS = 2_147_483_647;
