/**
 * One call of a plugin, or an event that it was told of, for as long as the plugin is at it.
 *
 * @module
 */
import { CallError } from "../../calls/call_error.ts";
import { createDeferred, type Deferred } from "../../deferred.ts";

/** The options of {@linkcode PluginRunner.call}. */
export interface PluginCallOptions {
  /** Ends the call: it rejects with the reason, and the plugin is told. @default {never} */
  readonly signal?: AbortSignal | undefined;
  /** Is told how far the call is. @default {nobody} */
  readonly onProgress?: ((output: unknown) => void) | undefined;
}

/** The limits of a {@linkcode PluginCall}. */
export interface PluginCallLimits extends PluginCallOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Is told that the plugin should come to an end of it, since nobody waits any more. */
  readonly onCancel: () => void;
  /** Is told that the plugin did not come to an end of it even so. */
  readonly onOverrun: () => void;
  /** Is told that it is over. */
  readonly onClose: () => void;
}

/** How long a plugin may take to end a call that took too long, before it is stopped. */
const GRACE_MS = 1_000;

/**
 * Has a result for the caller once, and stays open until the plugin has come to its end: so long it
 * counts against what may be open.
 */
export class PluginCall {
  readonly #limits: PluginCallLimits;
  readonly #result: Deferred<unknown> = createDeferred<unknown>();
  readonly #control = new AbortController();
  readonly #onAbort: () => void;
  #timer: ReturnType<typeof setTimeout>;

  /** Begins to count the time. */
  constructor(limits: PluginCallLimits) {
    const { signal, timeoutMs } = limits;
    this.#limits = limits;
    this.#timer = setTimeout(() => this.#expire(), timeoutMs);
    this.#onAbort = () => this.cancel(signal?.reason);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#result.promise.catch(() => {});
  }

  /** What comes of it. */
  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  /** Fires when nobody waits for what it asks any more. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** Passes on how far it is, while somebody waits for it. */
  progress(output: unknown): void {
    if (!this.signal.aborted) this.#limits.onProgress?.(output);
  }

  /** Gives the caller an error now; the plugin is asked to come to an end. */
  cancel(reason: unknown): void {
    if (this.signal.aborted) return;
    this.#control.abort(reason);
    this.#result.reject(reason);
    this.#limits.onCancel();
  }

  /** Gives the caller what the plugin answered: it is over. */
  resolve(output: unknown): void {
    this.#result.resolve(output);
    this.#close();
  }

  /** Gives the caller an error: it is over. */
  reject(error: unknown): void {
    this.#result.reject(error);
    this.#close();
  }

  #expire(): void {
    this.cancel(new CallError("timed-out", "the plugin took too long"));
    // One call that is slow ends no other; one that does not end takes the plugin with it.
    this.#timer = setTimeout(() => this.#limits.onOverrun(), GRACE_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#limits.onClose();
    this.#limits.signal?.removeEventListener("abort", this.#onAbort);
    this.#control.abort();
  }
}
