/**
 * One request to the Flux API: sent once, bounded in time and size, its answer taken apart.
 *
 * @module
 */
import { FluxApiError } from "./errors.ts";
import { readBodyText } from "./response_body.ts";
import { faultToError, readEnvelope } from "./responses.ts";

/** The part of the platform's `fetch` that the client uses. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** The options of {@linkcode sendRequest}. */
export interface SendRequestOptions {
  /** Sends the request. */
  readonly fetch: Fetch;
  /** How long the request may take in milliseconds, from dialling to the last byte. */
  readonly timeoutMs: number;
  /** The largest answer that is read, in bytes. */
  readonly maxResponseBytes: number;
  /** Whether FluxOS is asked not to answer from its cache. */
  readonly bypassCache: boolean;
  /** Ends the request. */
  readonly signal: AbortSignal | undefined;
  /** Takes the `Retry-After` header of an answer that turned the request away. */
  readonly onRetryAfter: (header: string) => void;
}

/**
 * Sends one `GET` request.
 *
 * @returns The `data` of a successful answer.
 * @throws {FluxApiError} `api-unreachable`, `response-malformed` or `response-too-large`, or what
 * the fault in the answer means. After a cancellation the error has no meaning: look at the signal.
 */
export async function sendRequest(url: string, options: SendRequestOptions): Promise<unknown> {
  const { timeoutMs } = options;
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort(new DOMException("the time limit has passed", "TimeoutError"));
  }, timeoutMs);
  const signal = options.signal === undefined
    ? timeout.signal
    : AbortSignal.any([options.signal, timeout.signal]);
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.bypassCache) headers["x-apicache-bypass"] = "1";
  try {
    const response = await options.fetch(url, { headers, redirect: "manual", signal });
    return await readAnswer(response, { ...options, signal });
  } catch (cause) {
    if (cause instanceof FluxApiError) throw cause;
    const reason = timeout.signal.aborted
      ? `no complete answer within ${timeoutMs} ms`
      : "the connection failed";
    throw new FluxApiError("api-unreachable", reason, { cause, transient: true });
  } finally {
    clearTimeout(timer);
  }
}

async function readAnswer(
  response: Response,
  options: SendRequestOptions & { readonly signal: AbortSignal },
): Promise<unknown> {
  const { status } = response;
  // A browser hides a redirect that was not followed behind status 0.
  const redirected = response.type === "opaqueredirect" || (status >= 300 && status < 400);
  if (redirected || isTransientStatus(status)) {
    const retryAfter = response.headers.get("retry-after");
    if (retryAfter !== null) options.onRetryAfter(retryAfter);
    await response.body?.cancel().catch(() => {});
    const reason = redirected ? "it redirects, which is not followed" : `HTTP status ${status}`;
    throw new FluxApiError("api-unreachable", reason, { transient: true });
  }
  const maxBytes = options.maxResponseBytes;
  const envelope = readEnvelope(
    await readBodyText(response, { maxBytes, signal: options.signal }),
  );
  if (envelope.kind === "fault") throw faultToError(envelope.fault);
  if (!response.ok) throw new FluxApiError("api-error", `HTTP status ${status}`);
  if (envelope.kind === "malformed") {
    throw new FluxApiError("response-malformed", envelope.reason, { transient: true });
  }
  return envelope.data;
}

function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}
