/**
 * Calls: what the two ends of a session ask of each other beside the files (spec, section 13).
 *
 * @module
 */
export type { Action, CallContext } from "./action.ts";
export type { ActionContract } from "./action_contract.ts";
export type { ActionDescription, ValueDescription } from "./action_description.ts";
export type { ActionSource } from "./action_source.ts";
export { CallError, UNKNOWN_ACTION } from "./call_error.ts";
export type { CallDesk } from "./call_desk.ts";
export type { CallDuplex } from "./call_duplex.ts";
export type { CallOptions, OneWayCallOptions, WholeCallOptions } from "./call_options.ts";
export { watchCalls, type WatchCallsOptions } from "./watched_calls.ts";
export type { ActionFailure, SessionCalls } from "./session_calls.ts";
export { converseAsKeeper, type ConverseOptions } from "./converse_as_keeper.ts";
