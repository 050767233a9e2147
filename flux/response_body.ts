/**
 * Reading the body of an answer without letting its sender decide how much memory it costs.
 *
 * @module
 */
import { FluxApiError } from "./errors.ts";

/** The options of {@linkcode readBodyText}. */
export interface ReadBodyOptions {
  /** The most bytes that are taken, after the platform has undone any compression. */
  readonly maxBytes: number;
  /** Ends the reading, even while the sender is silent. */
  readonly signal: AbortSignal;
}

/**
 * Reads the whole body as strict UTF-8; a byte order mark is dropped.
 *
 * @throws {FluxApiError} `response-too-large` as soon as the limit is passed, or
 * `response-malformed` if the bytes are not UTF-8.
 * @throws The reason of the signal, or what the transport fails with.
 */
export async function readBodyText(response: Response, options: ReadBodyOptions): Promise<string> {
  const { maxBytes, signal } = options;
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const cancel = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let byteCount = 0;
  try {
    while (true) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return text + decodeText(decoder);
      byteCount += value.byteLength;
      if (byteCount > maxBytes) {
        throw new FluxApiError("response-too-large", `the answer exceeds ${maxBytes} bytes`);
      }
      text += decodeText(decoder, value);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    // Frees the connection where the reading stopped early; after the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}

function decodeText(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new FluxApiError("response-malformed", "the answer is not UTF-8", {
      cause,
      transient: true,
    });
  }
}
