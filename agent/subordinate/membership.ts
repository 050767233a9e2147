/**
 * Keeps a sub-agent registered with its primary: again and again, whichever of them restarts.
 *
 * @module
 */
import {
  type Bytes,
  delay as waitFor,
  encodeHex,
  FluxVaultError,
  type Logger,
} from "../../protocol/mod.ts";
import {
  FIRST_REGISTRATION_PAUSE_MS,
  LOG_INTERVAL_MS,
  MAX_REGISTRATION_PAUSE_MS,
  REGISTRATION_INTERVAL_MS,
  REGISTRATION_LIFETIME_MS,
  REGISTRATION_TIMEOUT_MS,
} from "../limits.ts";

/** The options of {@linkcode Membership}. */
export interface MembershipOptions {
  /**
   * Registers once with the primary, wherever it is now, and returns what names its process. Ends when
   * the signal fires.
   */
  readonly register: (signal: AbortSignal) => Promise<Bytes>;
  /** Is told of what changes. */
  readonly logger: Logger;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
  /** The time in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** How long one attempt may take, in milliseconds. @default {8_000} */
  readonly timeoutMs?: number;
}

/** Ends a pause early. */
const WOKEN = new Error("register now");

/** Registers until it is told to stop. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #now: () => number;
  #registeredMs: number | null = null;
  #instance: string | null = null;
  /** Whether what the primary was told is no longer so. */
  #isOutdated = false;
  /** Ends the pause that is under way. */
  #wake = () => {};
  /** What was said last of a failure, and when. */
  #told: { readonly reason: string; readonly atMs: number } | null = null;

  /** Asks nobody yet. */
  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether the primary knows this agent, as far as is known here. */
  get isRegistered(): boolean {
    if (this.#registeredMs === null) return false;
    return this.#now() - this.#registeredMs < REGISTRATION_LIFETIME_MS;
  }

  /** Registers again and again; resolves once the signal is aborted. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { random = Math.random } = this.#options;
    try {
      for (let failures = 0;;) {
        signal.throwIfAborted();
        this.#isOutdated = false;
        failures = await this.#attempt(signal) ? 0 : failures + 1;
        if (failures === 0 && this.#isOutdated) continue;
        // Sub-agents that were started together do not ask together for ever.
        const pauseMs = failures === 0
          ? REGISTRATION_INTERVAL_MS * (0.9 + random() / 5)
          : retryPauseMs(failures, random);
        await this.#pause(pauseMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Registers now rather than later: what is said of this agent has changed. */
  renew(): void {
    this.#isOutdated = true;
    this.#wake();
  }

  async #pause(durationMs: number, signal: AbortSignal): Promise<void> {
    const { delay = waitFor } = this.#options;
    signal.throwIfAborted();
    const control = new AbortController();
    const onAbort = () => control.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#wake = () => control.abort(WOKEN);
    try {
      await delay(durationMs, control.signal);
    } catch (error) {
      if (error !== WOKEN) throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Registers once; tells whether it did. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { register, timeoutMs = REGISTRATION_TIMEOUT_MS } = this.#options;
    const control = new AbortController();
    const timer = setTimeout(() => {
      control.abort(new Error("the primary takes too long"));
    }, timeoutMs);
    const onAbort = () => control.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#noteSuccess(encodeHex(await register(control.signal)));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      this.#noteFailure(error);
      return false;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #noteSuccess(instance: string): void {
    const { logger } = this.#options;
    if (this.#instance === null) logger.info("registered with the primary");
    else if (this.#instance !== instance) {
      logger.info("the primary has restarted; registered with it again");
    } else if (this.#told !== null) logger.info("registered with the primary again");
    this.#instance = instance;
    this.#registeredMs = this.#now();
    this.#told = null;
  }

  /** Tells of a failure once, and again where it is another or goes on for long. */
  #noteFailure(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const atMs = this.#now();
    if (this.#told?.reason === reason && atMs - this.#told.atMs < LOG_INTERVAL_MS) return;
    this.#told = { reason, atMs };
    const hint = error instanceof FluxVaultError ? error.hint : undefined;
    this.#options.logger.warn("cannot register with the primary; trying again", {
      reason,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** Returns a pause between the half and the whole of a bound that doubles. */
function retryPauseMs(failures: number, random: () => number): number {
  const doubled = FIRST_REGISTRATION_PAUSE_MS * 2 ** Math.min(failures - 1, 16);
  return Math.min(MAX_REGISTRATION_PAUSE_MS, doubled) * (1 + random()) / 2;
}
