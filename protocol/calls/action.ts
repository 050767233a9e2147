/**
 * What one end of a session lets the other call: actions, by their names (spec, section 13).
 *
 * @module
 */
import type { SessionOrigin } from "../session_parts.ts";
import type { ReceiveStream, SendStream } from "../streams.ts";
import type { ActionContract } from "./action_contract.ts";
import type { ActionDescription } from "./action_description.ts";
import type { CallDesk } from "./call_desk.ts";

/**
 * Something that the peer may have done.
 *
 * @example
 * ```ts
 * import { type Action, CallError } from "@fluxvault/fluxvault/protocol";
 *
 * const greet: Action<string, string> = {
 *   name: "greet",
 *   parseInput(input) {
 *     if (typeof input !== "string") throw new TypeError("a name is a text");
 *     return input;
 *   },
 *   run(_context, name) {
 *     if (name === "") throw new CallError("name-empty", "nobody is to be greeted");
 *     return Promise.resolve(`Hello, ${name}`);
 *   },
 * };
 * console.assert(greet.parseInput?.("you") === "you");
 * ```
 */
export interface Action<Input = unknown, Output = unknown> extends ActionContract<Input, Output> {
  /** What whoever may call it is told of it. @default {its name alone} */
  readonly description?: ActionDescription;
  /**
   * Does what was called for, and returns what is answered: something that JSON can hold, nested at most
   * 15 deep, in a message of at most 65,536 bytes; more goes on a stream.
   *
   * Obligations: any number of calls may run at once; it ends soon after the signal fires; it throws a
   * `CallError` to tell the caller a code. Of another error of ours the caller learns the code alone,
   * of any other `failed`, and never a message.
   */
  run(context: CallContext, input: Input): Promise<Output>;
}

/** One call, as the action that runs for it sees it. */
export interface CallContext {
  /** The name by which the action was called. */
  readonly action: string;
  /** How the session began, and so who calls: `claim` tells of the agent, `keeper` of the keeper. */
  readonly origin: SessionOrigin;
  /**
   * Fires when the caller cancels, or the session ends: nobody waits for an answer then. It never fires
   * for a one-way call.
   */
  readonly signal: AbortSignal;
  /** Whether the caller expects no answer: what is returned, and all progress, is dropped. */
  readonly isOneWay: boolean;
  /** The bytes that the caller sends, or `null`; given up when the action ends before they do. */
  readonly stream: ReceiveStream | null;
  /** Calls the caller in turn. */
  readonly desk: CallDesk;
  /**
   * Tells the caller how far the action is.
   *
   * @throws {TypeError} if it is nothing that JSON can hold.
   * @throws {RangeError} if it is too large for a message, or nests too deep.
   */
  progress(output: unknown): Promise<void>;
  /**
   * Opens the one stream on which bytes go to the caller: of a size, or without one until it is ended.
   * An action that returns need not end it; one that throws gives it up.
   *
   * @throws {TypeError} if it was opened before, or the call is one-way.
   */
  openOutput(size?: number): Promise<SendStream>;
}
