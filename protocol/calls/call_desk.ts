/**
 * Where calls are made: one end of a session, as those see it who call (spec, section 13).
 *
 * @module
 */
import type { ActionContract } from "./action_contract.ts";
import type { CallDuplex } from "./call_duplex.ts";
import type { CallOptions, OneWayCallOptions, WholeCallOptions } from "./call_options.ts";

/** Makes calls over a session. */
export interface CallDesk {
  /** Fires when the session is over, with the reason. */
  readonly signal: AbortSignal;

  /**
   * Calls an action of the peer, and waits for its answer. At most 64 calls are open; one more waits.
   *
   * @returns What the action answers; `undefined` where that is nothing.
   * @throws {CallError} if the peer has no such action, or it failed.
   * @throws {ConnectionError} `timed-out` if it takes longer than it may.
   * @throws {TypeError} if the input is nothing that JSON can hold, or the name is none.
   * @throws {RangeError} if the input is too large for a message.
   * @throws What ended the session; the reason of the signal.
   */
  call<Input, Output>(
    action: ActionContract<Input, Output>,
    options?: WholeCallOptions<Input>,
  ): Promise<Output>;
  /** Calls an action by its name alone; what it answers is not checked. */
  call(action: string, options?: WholeCallOptions): Promise<unknown>;

  /**
   * Calls an action of the peer of which no answer is wanted; resolves when that has left. The peer drops
   * it where it does too much at once.
   *
   * @throws As {@linkcode CallDesk.call}, but for what the peer answers.
   */
  callOneWay<Input>(
    action: string | ActionContract<Input>,
    options?: OneWayCallOptions<Input>,
  ): Promise<void>;

  /**
   * Calls an action that takes bytes and sends bytes; resolves when the action has opened its stream.
   *
   * Half-close works both ways: closing the writable ends what the action reads, and the readable ends
   * when the action ends its stream.
   *
   * @throws As {@linkcode CallDesk.call}; `output-missing` if the action ends without a stream.
   */
  openDuplex<Input>(
    action: string | ActionContract<Input>,
    options?: CallOptions<Input>,
  ): Promise<CallDuplex>;
}
