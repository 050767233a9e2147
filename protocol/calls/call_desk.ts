/**
 * One end of a session as a place where calls are made (spec, section 13).
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import type { ReceiveStream } from "../streams.ts";
import type { ActionContract } from "./action.ts";

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

/** The options of {@linkcode CallDesk.call}. */
export interface WholeCallOptions<Input = unknown> extends CallOptions<Input> {
  /** Bytes for the action; what fails in them cancels the call, and is thrown. @default {none} */
  readonly bytes?: AsyncIterable<Uint8Array>;
  /** How many these are, where that is known. @default {open-ended} */
  readonly size?: number;
  /** Is told how far the action is; must not throw. @default {nothing} */
  readonly onProgress?: (output: unknown) => void;
  /**
   * Reads the bytes that the action sends; the call ends when it has and the action has. What it throws
   * cancels the call, and is thrown. @default {gives them up}
   */
  readonly takeOutput?: (stream: ReceiveStream) => Promise<void>;
}

/** A call as a transport: what is written goes to the action, what it writes can be read. */
export interface CallDuplex extends Duplex {
  /**
   * What the action answers in the end; may be left alone, however it ends.
   *
   * Rejects as {@linkcode CallDesk.call} does.
   */
  readonly result: Promise<unknown>;
  /** Cancels the call; further calls do nothing. */
  close(reason?: unknown): void;
}

/** Makes calls over a session. */
export class CallDesk {
  /** Fires when the session is over, with the reason. */
  get signal(): AbortSignal {
    throw new Error("to come");
  }

  /**
   * Calls an action of the peer, and waits for its answer. At most 64 calls are open; one more waits.
   *
   * @returns What the action answers; `undefined` where that is nothing.
   * @throws {CallError} if the peer has no such action, or it failed.
   * @throws {ConnectionError} `timed-out` if it takes longer than it may.
   * @throws {TypeError} if the input is nothing that JSON can hold, or the name is none.
   * @throws {RangeError} if the input is too large for a message, or nests too deep.
   * @throws What ended the session; the reason of the signal.
   */
  call<Input, Output>(
    action: ActionContract<Input, Output>,
    options?: WholeCallOptions<Input>,
  ): Promise<Output>;
  call(action: string, options?: WholeCallOptions): Promise<unknown>;
  call(
    _action: string | ActionContract,
    _options: WholeCallOptions = {},
  ): Promise<unknown> {
    throw new Error("to come");
  }

  /**
   * Calls an action of the peer of which no answer is wanted; resolves when that has left. The peer drops
   * it where it does too much at once.
   *
   * @throws As {@linkcode CallDesk.call}, but for what the peer answers.
   */
  callOneWay<Input>(
    _action: string | ActionContract<Input>,
    _options: Pick<WholeCallOptions<Input>, "input" | "bytes" | "size"> = {},
  ): Promise<void> {
    throw new Error("to come");
  }

  /**
   * Calls an action that takes bytes and sends bytes; resolves when the action has opened its stream.
   *
   * Half-close works both ways: closing the writable ends what the action reads, and the readable ends
   * when the action ends its stream.
   *
   * @throws As {@linkcode CallDesk.call}; `output-missing` if the action ends without a stream.
   */
  openDuplex<Input>(
    _action: string | ActionContract<Input>,
    _options: CallOptions<Input> = {},
  ): Promise<CallDuplex> {
    throw new Error("to come");
  }
}
