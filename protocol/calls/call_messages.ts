/**
 * The messages of calls (spec, section 13).
 *
 * @module
 */

/** Numbers a call among those of its caller; 32 bits. */
export type CallId = number;

/** A stream that a message announces. */
export interface AnnouncedStream {
  /** Its number. */
  readonly id: number;
  /** How many bytes it carries, or `null` where it is open-ended. */
  readonly size: number | null;
}

/** caller to callee: do this. */
export interface CallMessage {
  /** Which message this is. */
  readonly state: "CALL";
  /** Its number, greater than that of the call before. */
  readonly id: CallId;
  /** The name of the action. */
  readonly action: string;
  /** What the action is given; `undefined` where nothing is. */
  readonly input?: unknown;
  /** Whether no answer is expected. @default {false} */
  readonly isOneWay?: true;
  /** The bytes that follow, or `null`. */
  readonly stream: AnnouncedStream | null;
}

/** callee to caller: so far it is. */
export interface ProgressMessage {
  /** Which message this is. */
  readonly state: "PROGRESS";
  /** The number of the CALL. */
  readonly id: CallId;
  /** What the action tells; `undefined` where it only opens its stream. */
  readonly output?: unknown;
  /** The bytes that follow, or `null`. */
  readonly stream: AnnouncedStream | null;
}

/** How a call ended. */
export type CallStatus =
  /** The action returned. */
  | "Success"
  /** The action failed, for which there is a code. */
  | "Failed"
  /** There is no such action. */
  | "UnknownCommand";

/** callee to caller: that is how it went. */
export interface ResultMessage {
  /** Which message this is. */
  readonly state: "RESULT";
  /** The number of the CALL. */
  readonly id: CallId;
  /** How it ended. */
  readonly status: CallStatus;
  /** Why it failed, or `null`. */
  readonly code: string | null;
  /** What the action returned; `undefined` where that is nothing. */
  readonly output?: unknown;
}

/** caller to callee: I do not want it any more. */
export interface CancelMessage {
  /** Which message this is. */
  readonly state: "CANCEL";
  /** The number of the CALL. */
  readonly id: CallId;
}

/** Any message of section 13. */
export type AnyCallMessage = CallMessage | ProgressMessage | ResultMessage | CancelMessage;
