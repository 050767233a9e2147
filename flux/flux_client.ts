/**
 * Asks the Flux API, patiently and without trusting it.
 *
 * @module
 */
import { delay } from "../protocol/delay.ts";
import { type Logger, SILENT_LOGGER } from "../protocol/logger.ts";
import { backOffMs, MAX_RETRY_AFTER_MS, parseRetryAfterMs } from "./back_off.ts";
import { FluxApiError, type FluxApiErrorCode } from "./errors.ts";
import { type Fetch, sendRequest } from "./request.ts";

/** The public API of the Flux network; behind it are nodes of all kinds, a different one each time. */
export const DEFAULT_FLUX_API = "https://api.runonflux.io";
/** How often a question is put in all, by default. */
export const DEFAULT_ATTEMPTS = 4;
/** How long one attempt may take, by default, from dialling to the last byte. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 20_000;
/** The largest answer that is read, by default: a list of the whole network is a few megabytes. */
export const DEFAULT_MAX_RESPONSE_BYTES = 33_554_432;

const MAX_TIMER_MS = 2_147_483_647;

/** The options of a {@linkcode FluxClient}. */
export interface FluxClientOptions {
  /**
   * The addresses of APIs, `https:` or `http:`, in the order of preference; a retry goes to the next.
   *
   * @default {["https://api.runonflux.io"]}
   */
  readonly baseUrls?: readonly string[];
  /**
   * Sends a request; must honour `redirect: "manual"` and the signal.
   *
   * @default {fetch}
   */
  readonly fetch?: Fetch;
  /**
   * How often a question is put in all, from 1.
   *
   * @default {4}
   */
  readonly attempts?: number;
  /**
   * How long one attempt may take in milliseconds, from dialling to the last byte.
   *
   * @default {20_000}
   */
  readonly requestTimeoutMs?: number;
  /**
   * The largest answer that is read, in bytes.
   *
   * @default {33_554_432}
   */
  readonly maxResponseBytes?: number;
  /**
   * Whether every request asks FluxOS not to answer from its cache, which keeps answers, errors
   * among them, for up to 30 seconds. A retry always asks so.
   *
   * @default {false}
   */
  readonly bypassCache?: boolean;
  /**
   * Receives a `debug` event for each attempt that failed.
   *
   * @default {SILENT_LOGGER}
   */
  readonly logger?: Logger;
  /**
   * Returns the time in milliseconds since the epoch.
   *
   * @default {Date.now}
   */
  readonly now?: () => number;
  /** Waits between attempts; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  /**
   * Returns a number from 0 up to but excluding 1.
   *
   * @default {Math.random}
   */
  readonly random?: () => number;
}

/** The options of {@linkcode FluxClient.get}. */
export interface FluxGetOptions {
  /** Ends the question; its reason is thrown as it is. */
  readonly signal?: AbortSignal;
  /**
   * Whether FluxOS is asked from the first attempt on not to answer from its cache, whatever the
   * client was set to.
   *
   * @default {false}
   */
  readonly bypassCache?: boolean;
  /**
   * Which of the client's base URLs is asked first, counted from 0 and beyond the last from the start
   * again; so questions that are put at once can go to different APIs.
   *
   * @default {0}
   */
  readonly startAt?: number;
}

const HINTS: Readonly<Partial<Record<FluxApiErrorCode, string>>> = {
  "api-unreachable": "Check the network connection and the address of the Flux API.",
  "app-unknown": "Check the name of the app.",
  "not-synced": "Ask again in a few minutes, or ask another node.",
  "response-malformed": "Check that the address is that of a Flux API, and ask again.",
};

/**
 * A client of the FluxOS HTTP API.
 *
 * It sends `GET` requests without credentials, follows no redirect, and bounds time and size. It
 * asks again, after an exponential pause with full jitter, where another try or another node may do
 * better: no connection, HTTP 408, 425, 429 and 5xx, an answer that is not FluxOS's, a node that is
 * not synced. `Retry-After` is honoured up to 30 seconds. What FluxOS says definitely is not asked
 * again.
 *
 * @example
 * ```ts
 * import { FluxClient } from "@fluxvault/fluxvault/flux";
 *
 * const client = new FluxClient({
 *   fetch: () => Promise.resolve(Response.json({ status: "success", data: "203.0.113.20:16137" })),
 * });
 * const address = await client.get("/flux/ip", (data) => String(data));
 * console.assert(address === "203.0.113.20:16137");
 * ```
 */
export class FluxClient {
  readonly #baseUrls: readonly string[];
  readonly #fetch: Fetch;
  readonly #attempts: number;
  readonly #requestTimeoutMs: number;
  readonly #maxResponseBytes: number;
  readonly #bypassCache: boolean;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #delay: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  readonly #random: () => number;
  /** When each API may be asked again, where it said so. */
  readonly #notBeforeMs = new Map<string, number>();

  /**
   * Makes a client; sends nothing.
   *
   * @throws {TypeError} if a base URL is not a plain `http:` or `https:` URL, or there is none.
   * @throws {RangeError} if a limit is not a positive whole number.
   */
  constructor(options: FluxClientOptions = {}) {
    this.#baseUrls = (options.baseUrls ?? [DEFAULT_FLUX_API]).map(normalizeBaseUrl);
    if (this.#baseUrls.length === 0) throw new TypeError("a client needs at least one base URL");
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#attempts = positive("attempts", options.attempts ?? DEFAULT_ATTEMPTS);
    this.#requestTimeoutMs = positive(
      "requestTimeoutMs",
      options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    );
    this.#maxResponseBytes = positive(
      "maxResponseBytes",
      options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
    );
    this.#bypassCache = options.bypassCache ?? false;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#now = options.now ?? Date.now;
    this.#delay = options.delay ?? delay;
    this.#random = options.random ?? Math.random;
  }

  /**
   * Asks a question and reads the `data` of the answer.
   *
   * @param path The path of the request, starting with a slash, every part already encoded.
   * @param read Turns the data into a value; throws a {@linkcode FluxApiError} where it cannot,
   * which is retried if it is `transient`.
   * @returns What `read` returned.
   * @throws {RangeError} if `startAt` is not a whole number from 0.
   * @throws {FluxApiError} if no attempt gave an answer of use; the code says why the last did not.
   */
  async get<T>(
    path: string,
    read: (data: unknown) => T,
    options: FluxGetOptions = {},
  ): Promise<T> {
    if (!path.startsWith("/")) throw new TypeError("the path must start with a slash");
    const { signal, startAt = 0 } = options;
    if (!Number.isSafeInteger(startAt) || startAt < 0) {
      throw new RangeError("startAt must be a whole number from 0");
    }
    const bypassCache = this.#bypassCache || options.bypassCache === true;
    let lastFailure: FluxApiError | undefined;
    for (let attempt = 1;; attempt++) {
      signal?.throwIfAborted();
      const { baseUrl, waitMs } = this.#chooseNext(attempt, startAt);
      if (waitMs > MAX_RETRY_AFTER_MS) throw lastFailure ?? closedError(baseUrl, path, waitMs);
      if (waitMs > 0) await this.#delay(waitMs, signal);
      try {
        return read(
          await sendRequest(baseUrl + path, {
            fetch: this.#fetch,
            timeoutMs: this.#requestTimeoutMs,
            maxResponseBytes: this.#maxResponseBytes,
            bypassCache: bypassCache || attempt > 1,
            signal,
            onRetryAfter: (header) => this.#noteRetryAfter(baseUrl, header),
          }),
        );
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof FluxApiError)) throw error;
        lastFailure = new FluxApiError(
          error.code,
          `cannot ask ${baseUrl} for ${path} (attempt ${attempt}): ${error.message}`,
          {
            transient: error.transient,
            ...(error.cause === undefined ? {} : { cause: error.cause }),
            ...hintOf(error),
          },
        );
        if (!error.transient || attempt >= this.#attempts) throw lastFailure;
        this.#logger.debug(lastFailure.message, { code: error.code, attempt });
      }
    }
  }

  /** Picks the API that may be asked first, the next in turn among equals. */
  #chooseNext(attempt: number, startAt: number): { baseUrl: string; waitMs: number } {
    const nowMs = this.#now();
    const pauseMs = attempt === 1 ? 0 : backOffMs(attempt - 2, this.#random);
    let next = { baseUrl: "", waitMs: Infinity };
    for (let i = 0; i < this.#baseUrls.length; i++) {
      const baseUrl = this.#baseUrls[(startAt + attempt - 1 + i) % this.#baseUrls.length] ?? "";
      const closedMs = Math.max(0, (this.#notBeforeMs.get(baseUrl) ?? 0) - nowMs);
      if (closedMs + pauseMs < next.waitMs) next = { baseUrl, waitMs: closedMs + pauseMs };
    }
    return next;
  }

  #noteRetryAfter(baseUrl: string, header: string): void {
    const nowMs = this.#now();
    const retryAfterMs = parseRetryAfterMs(header, nowMs);
    if (retryAfterMs !== null) this.#notBeforeMs.set(baseUrl, nowMs + retryAfterMs);
  }
}

function hintOf(error: FluxApiError): { hint?: string } {
  const hint = error.hint ?? HINTS[error.code];
  return hint === undefined ? {} : { hint };
}

function closedError(baseUrl: string, path: string, waitMs: number): FluxApiError {
  return new FluxApiError(
    "api-unreachable",
    `cannot ask ${baseUrl} for ${path}: it asked not to be asked for ` +
      `${Math.ceil(waitMs / 1_000)} more seconds`,
    { transient: true },
  );
}

function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_TIMER_MS) return value;
  throw new RangeError(`${name} must be a whole number from 1 to ${MAX_TIMER_MS}`);
}

function normalizeBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && /^https?:$/.test(url.protocol) &&
    url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!plain) {
    throw new TypeError("a base URL must be http: or https:, without user, query or hash");
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
