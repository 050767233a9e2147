/**
 * What a caller may say of a call.
 *
 * @module
 */
import type { ReceiveStream } from "../streams.ts";

/** The options of every call. */
export interface CallOptions<Input = unknown> {
  /** What the action is given: something that JSON can hold. @default {nothing} */
  readonly input?: Input;
  /** Cancels the call; its reason is thrown. */
  readonly signal?: AbortSignal;
  /**
   * How long the call may take, in milliseconds; for a duplex, until it is open. `Infinity` for no limit.
   *
   * @default {120_000}
   */
  readonly timeoutMs?: number;
}

/** The options of a call of which no answer is wanted. */
export interface OneWayCallOptions<Input = unknown> {
  /** What the action is given: something that JSON can hold. @default {nothing} */
  readonly input?: Input;
  /** Bytes for the action; what fails in them gives them up, and is thrown. @default {none} */
  readonly bytes?: AsyncIterable<Uint8Array>;
  /** How many these are, where that is known. @default {open-ended} */
  readonly size?: number;
}

/** The options of a call whose answer is waited for. */
export interface WholeCallOptions<Input = unknown>
  extends CallOptions<Input>, OneWayCallOptions<Input> {
  /** Is told how far the action is; must not throw. @default {nothing} */
  readonly onProgress?: (output: unknown) => void;
  /**
   * Reads the bytes that the action sends; the call ends when it has and the action has. What it throws
   * cancels the call, and is thrown. @default {gives them up}
   */
  readonly takeOutput?: (stream: ReceiveStream) => Promise<void>;
}
