/**
 * A call that came to nothing by the word of the side that was called.
 *
 * @module
 */
import { FluxVaultError, type FluxVaultErrorOptions } from "../errors.ts";
import { CALL_WORD } from "./call_messages.ts";

/** The code of a call whose action is unknown to the side that was called. */
export const UNKNOWN_ACTION = "unknown-action";

/**
 * A call failed; the session goes on.
 *
 * Thrown by an action, it tells the caller its code, and never its message. A caller meets it with the
 * code that came: `unknown-action` where the peer has no such action, or takes no calls at all;
 * `input-malformed`, `output-malformed`, `busy`, `cancelled`, `failed`, or a word of the action.
 *
 * @example
 * ```ts
 * import { CallError, defineAction } from "@fluxvault/fluxvault/protocol";
 *
 * const action = defineAction("rotate-logs", {
 *   run: () => {
 *     throw new CallError("disk-full", "the logs cannot be moved");
 *   },
 * });
 * console.assert(action.name === "rotate-logs");
 * ```
 */
export class CallError extends FluxVaultError {
  /**
   * Makes an error with a code, `[a-z][a-z0-9-]{0,63}`.
   *
   * @throws {RangeError} if the code is no such word.
   */
  constructor(code: string, message: string, options: FluxVaultErrorOptions = {}) {
    if (!CALL_WORD.test(code)) throw new RangeError("a code is a word [a-z][a-z0-9-]{0,63}");
    super(code, message, options);
  }
}
