/**
 * Who owns the app, for an agent that was not told whose signature counts.
 *
 * The first answer that is agreed on is kept for good: a network that lies later changes nothing. Until
 * there is one it is asked again and again, and no keeper is let in.
 *
 * @module
 */
import {
  ConfigError,
  createDeferred,
  delay as waitFor,
  FluxVaultError,
  type Logger,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";
import type { AppOwner } from "../../flux/mod.ts";
import { OWNER_WAIT_MS } from "../limits.ts";
import { askPauseMs } from "./ask_pause.ts";
import type { TrustedSigners } from "./trusted_signers.ts";

/** The options of an {@linkcode OwnerWatch}. */
export interface OwnerWatchOptions {
  /** The app. */
  readonly app: string;
  /** The owner that was found before, or `null`. */
  readonly pinned: string | null;
  /** Asks the network once; its answer is trusted. */
  readonly ask: (options: { readonly signal: AbortSignal }) => Promise<AppOwner>;
  /** Makes the owner outlast a restart; must not reject. */
  readonly pin: (address: string) => Promise<void>;
  /** Is told how the look-up goes. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** How long a handshake waits for a look-up that is under way, in milliseconds. @default {5_000} */
  readonly waitMs?: number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
}

/** Knows the owner of the app, or finds out. */
export class OwnerWatch implements TrustedSigners {
  readonly #options: OwnerWatchOptions;
  readonly #logger: Logger;
  #owner: string | null;
  #asking: Promise<unknown> | null = null;

  /** Takes up what was found before; asks nobody yet. */
  constructor(options: OwnerWatchOptions) {
    this.#options = options;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#owner = options.pinned;
  }

  /** Returns the owner's address; waits a little for a look-up that is under way. */
  async addresses(): Promise<readonly string[] | null> {
    if (this.#owner === null && this.#asking !== null) {
      await waitUpTo(this.#asking, this.#options.waitMs ?? OWNER_WAIT_MS);
    }
    return this.#owner === null ? null : [this.#owner];
  }

  /**
   * Asks until the owner is known, with growing pauses; returns at once where it is.
   *
   * Once the signal is aborted it returns without one.
   *
   * @throws {ConfigError} if the owner has no key that could sign for a keeper.
   */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { app, pin, delay = waitFor, random = Math.random } = this.#options;
    try {
      for (let round = 0; this.#owner === null; round++) {
        signal.throwIfAborted();
        const asking = this.#ask(signal);
        this.#asking = asking.catch(() => {});
        const address = await asking.finally(() => this.#asking = null);
        if (address === null) {
          await delay(askPauseMs(round, random), signal);
          continue;
        }
        await pin(address);
        this.#logger.info("found out who owns the app", { app, owner: address });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Asks once; `null` where there is no answer of use yet. */
  async #ask(signal: AbortSignal): Promise<string | null> {
    const { app, ask } = this.#options;
    try {
      const owner = await ask({ signal });
      if (owner.kind !== "zelid") throw unusable(app, owner);
      this.#owner = owner.address;
      return owner.address;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FluxVaultError) || error instanceof ConfigError) throw error;
      const properties = { app, code: error.code, reason: error.message };
      this.#logger.warn("it is not known yet who owns the app; asking again", properties);
      return null;
    }
  }
}

function unusable(app: string, owner: Exclude<AppOwner, { kind: "zelid" }>): ConfigError {
  const what = owner.kind === "ethereum"
    ? `the Ethereum address ${owner.address}`
    : JSON.stringify(owner.text);
  return new ConfigError(
    `--zelid is missing, and the owner of the app ${app}, ${what}, has no key that can sign for a ` +
      "keeper",
    {
      setting: "--zelid",
      hint: "Make a keeper key, fluxvault-keeper keys create, and give its address with --zelid.",
    },
  );
}

/** Waits for a promise that never rejects, but not for ever. */
async function waitUpTo(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const { promise: late, resolve } = createDeferred<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
