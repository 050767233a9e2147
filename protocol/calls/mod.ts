/**
 * Calls: what the two ends of a session ask of each other beside the files (spec, section 13).
 *
 * @module
 */
export type { Action, ActionContract, CallContext } from "./action.ts";
export { CallError, UNKNOWN_ACTION } from "./call_error.ts";
export type { CallDesk, CallDuplex, CallOptions, WholeCallOptions } from "./call_desk.ts";
export type { ActionFailure, SessionCalls } from "./session_calls.ts";
export { converseAsKeeper, type ConverseOptions } from "./converse_as_keeper.ts";
