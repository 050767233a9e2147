/**
 * The agent's stock of ephemeral RSA keys, made ahead of need (spec, section 3).
 *
 * A key takes seconds to make on a tenth of a core, so one is always ready. What uses a key up is a
 * completed handshake, never a stranger: who does not authenticate costs no key.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { unwrapSecret } from "./key_wrap.ts";
import {
  RSA_KEY_FAILURE_INTERVAL_MS,
  RSA_KEY_LIFETIME_MS,
  RSA_KEY_MAX_FAILURES,
  UNWRAP_BURST,
  UNWRAPS_PER_SECOND,
} from "./limits.ts";
import {
  checkRsaPublicKey,
  decodePublicKeyPem,
  generateRsaKeyPair,
  type RsaKeyPair,
} from "./rsa_key.ts";

/** One connection's use of a key. */
export interface RsaKeyLease {
  /** The public half in PEM. */
  readonly publicKeyPem: string;
  /** How long a secret wrapped to it is, in bytes. */
  readonly wrappedBytes: number;
  /** Unwraps a secret; a failure yields random bytes. Waits where unwraps come too fast. */
  unwrap(wrapped: Bytes): Promise<Bytes>;
  /**
   * Unwraps a secret of the original's wire, of 16, 24 or 32 bytes; else as {@linkcode unwrap}.
   *
   * @throws {RangeError} if the key was not made for that wire.
   */
  unwrapOriginal(wrapped: Bytes): Promise<Bytes>;
  /** Tells the stock that a handshake with this key is complete: nobody new is offered it. */
  retire(): void;
  /** Ends the use; the last one of a retired key lets go of it. */
  release(): void;
}

/** The options of an {@linkcode RsaKeyStock}. */
export interface RsaKeyStockOptions {
  /** Makes a key pair. @default {generateRsaKeyPair} */
  readonly generate?: () => Promise<RsaKeyPair>;
  /** How many ms after a session the next key is made, so as not to slow it. @default {1_000} */
  readonly restockDelayMs?: number;
  /** The time now, in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

/** How long a second key is kept in stock after a handshake that had to wait for the first. */
const LOAD_MEMORY_MS = 60_000;

/** The lengths of a session secret of the original's wire: those of AES keys. */
const ORIGINAL_SECRET_BYTES: readonly number[] = [16, 24, 32];

interface StockedKey {
  readonly pair: Promise<RsaKeyPair>;
  readonly bornMs: number;
  failures: number;
  isMade: boolean;
}

/**
 * Makes keys ahead and hands them out.
 *
 * @example
 * ```ts
 * import { RsaKeyStock } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const lease = await keys.lease();
 * console.assert(lease.publicKeyPem.startsWith("-----BEGIN PUBLIC KEY-----"));
 * lease.release();
 * ```
 */
export class RsaKeyStock implements Disposable {
  readonly #generate: () => Promise<RsaKeyPair>;
  readonly #restockDelayMs: number;
  readonly #now: () => number;
  #offered: StockedKey | null = null;
  #spare: StockedKey | null = null;
  #restockTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #busyUntilMs = -Infinity;
  #lastFailureRetirementMs = -Infinity;
  #unwrapTokens = UNWRAP_BURST;
  #unwrapRefillMs: number;

  /** Starts with nothing in stock; call {@linkcode RsaKeyStock.restock} to make a key ahead. */
  constructor(options: RsaKeyStockOptions = {}) {
    this.#generate = options.generate ?? generateRsaKeyPair;
    this.#restockDelayMs = options.restockDelayMs ?? 1_000;
    this.#now = options.now ?? (() => performance.now());
    this.#unwrapRefillMs = this.#now();
  }

  /** Makes what is missing in the stock; resolves when a key is ready. */
  async restock(): Promise<void> {
    clearTimeout(this.#restockTimer);
    this.#restockTimer = undefined;
    if (this.#isClosed) return;
    this.#dropExpired();
    this.#offered ??= this.#takeSpare() ?? this.#make();
    await this.#offered.pair;
    if (this.#isClosed) return;
    if (this.#spare === null && this.#now() < this.#busyUntilMs) this.#spare = this.#make();
  }

  /**
   * Waits for a key and takes part in its use.
   *
   * @throws {RangeError} if the stock was disposed of; what making a key throws.
   */
  async lease(): Promise<RsaKeyLease> {
    this.#dropExpired();
    const hasWaited = !(this.#offered ?? this.#spare)?.isMade;
    const ready = this.restock();
    const key = this.#offered;
    if (key === null) throw new RangeError("the stock of keys is closed");
    await ready;
    return this.#leaseOf(key, { pair: await key.pair, hasWaited });
  }

  /** Makes no more keys and lets go of those in stock; leases that are out can be finished. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#restockTimer);
    this.#offered = null;
    this.#spare = null;
  }

  #leaseOf(
    key: StockedKey,
    { pair, hasWaited }: { readonly pair: RsaKeyPair; readonly hasWaited: boolean },
  ): RsaKeyLease {
    let hasRetired = false;
    return {
      publicKeyPem: pair.publicKeyPem,
      wrappedBytes: checkRsaPublicKey(decodePublicKeyPem(pair.publicKeyPem)) / 8,
      unwrap: (wrapped) => this.#unwrap(key, { privateKey: pair.privateKey, wrapped }),
      unwrapOriginal: async (wrapped) => {
        const { originalPrivateKey: privateKey } = pair;
        if (privateKey === undefined) throw new RangeError("no key for the original's wire");
        return await this.#unwrap(key, { privateKey, wrapped, lengths: ORIGINAL_SECRET_BYTES });
      },
      retire: () => {
        hasRetired = true;
        // Only who completes a handshake shows load: a stranger that waited costs no key either.
        if (hasWaited) this.#busyUntilMs = this.#now() + LOAD_MEMORY_MS;
        if (this.#offered === key) this.#offered = this.#takeSpare();
      },
      release: () => {
        if (hasRetired) this.#restockSoon();
      },
    };
  }

  #takeSpare(): StockedKey | null {
    const spare = this.#spare;
    this.#spare = null;
    return spare;
  }

  async #unwrap(
    key: StockedKey,
    work: {
      readonly privateKey: CryptoKey;
      readonly wrapped: Bytes;
      readonly lengths?: readonly number[];
    },
  ): Promise<Bytes> {
    await this.#takeUnwrapToken();
    const { secret, hasFailed } = await unwrapSecret(work.privateKey, work.wrapped, work.lengths);
    if (hasFailed) this.#countFailure(key);
    return secret;
  }

  #countFailure(key: StockedKey): void {
    key.failures++;
    const now = this.#now();
    const isDue = now - this.#lastFailureRetirementMs >= RSA_KEY_FAILURE_INTERVAL_MS;
    if (key.failures >= RSA_KEY_MAX_FAILURES && isDue && this.#offered === key) {
      this.#lastFailureRetirementMs = now;
      this.#offered = this.#takeSpare();
      this.#restockSoon();
    }
  }

  /** A bucket of 64 that 20 a second fill: bursts pass, a flood queues behind its own deadlines. */
  async #takeUnwrapToken(): Promise<void> {
    const now = this.#now();
    const refill = (now - this.#unwrapRefillMs) * UNWRAPS_PER_SECOND / 1_000;
    this.#unwrapTokens = Math.min(UNWRAP_BURST, this.#unwrapTokens + refill) - 1;
    this.#unwrapRefillMs = now;
    if (this.#unwrapTokens >= 0) return;
    const waitMs = -this.#unwrapTokens * 1_000 / UNWRAPS_PER_SECOND;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  #dropExpired(): void {
    const oldestMs = this.#now() - RSA_KEY_LIFETIME_MS;
    if (this.#offered !== null && this.#offered.bornMs <= oldestMs) this.#offered = null;
    if (this.#spare !== null && this.#spare.bornMs <= oldestMs) this.#spare = null;
  }

  #restockSoon(): void {
    if (this.#isClosed || this.#restockTimer !== undefined) return;
    this.#restockTimer = setTimeout(() => {
      // A failure to make a key meets the next connection, which asks for one and reports it.
      this.restock().catch(() => {});
    }, this.#restockDelayMs);
  }

  #make(): StockedKey {
    const pair = (async () => await this.#generate())();
    const key: StockedKey = { pair, bornMs: this.#now(), failures: 0, isMade: false };
    pair.then(
      () => {
        key.isMade = true;
      },
      () => {
        if (this.#offered === key) this.#offered = null;
        if (this.#spare === key) this.#spare = null;
      },
    );
    return key;
  }
}
