/**
 * The messages of calls, and how they are written and read (spec, section 13).
 *
 * @module
 */
import { ProtocolError } from "../errors.ts";
import { MAX_FILE_BYTES } from "../limits.ts";
import type { MessageFields } from "../message_fields.ts";

/** Numbers a call among those of its caller; 32 bits. */
export type CallId = number;

/** The largest number of a call. */
export const MAX_CALL_ID: number = 2 ** 32 - 1;

/** The name of an action, and the code of one that failed. */
export const CALL_WORD = /^[a-z][a-z0-9-]{0,63}$/;

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
  /** The action failed, for which there may be a code. */
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

/** Any message of calls. */
export type AnyCallMessage = CallMessage | ProgressMessage | ResultMessage | CancelMessage;

function streamMembers(stream: AnnouncedStream | null): Record<string, unknown> {
  if (stream === null) return {};
  const { id, size } = stream;
  return size === null ? { Stream: id, StreamOpen: true } : { Stream: id, StreamSize: size };
}

function valueMember(name: "Input" | "Output", value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value };
}

/** Writes a message as the members of its JSON object. */
export function encodeCallMessage(message: AnyCallMessage): Record<string, unknown> {
  const { state: State, id: Id } = message;
  switch (message.state) {
    case "CALL":
      return {
        State,
        Id,
        Action: message.action,
        ...valueMember("Input", message.input),
        ...(message.isOneWay === true ? { OneWay: true } : {}),
        ...streamMembers(message.stream),
      };
    case "PROGRESS":
      return {
        State,
        Id,
        ...valueMember("Output", message.output),
        ...streamMembers(message.stream),
      };
    case "RESULT":
      return {
        State,
        Id,
        Status: message.status,
        ...(message.code === null ? {} : { Code: message.code }),
        ...valueMember("Output", message.output),
      };
    case "CANCEL":
      return { State, Id };
  }
}

function readId(fields: MessageFields): CallId {
  return fields.integer("Id", { max: MAX_CALL_ID });
}

function readStream(fields: MessageFields): AnnouncedStream | null {
  if (!fields.has("Stream")) return null;
  const isOpenEnded = fields.optionalBoolean("StreamOpen");
  return {
    id: fields.integer("Stream", { max: 2 ** 32 - 1 }),
    size: isOpenEnded ? null : fields.integer("StreamSize", { max: MAX_FILE_BYTES }),
  };
}

function readValue(fields: MessageFields, name: "Input" | "Output"): Record<string, unknown> {
  return fields.has(name) ? { [name.toLowerCase()]: fields.raw(name) } : {};
}

const STATUS = /^(?:Success|Failed|UnknownCommand)$/;

function readResult(fields: MessageFields): ResultMessage {
  const status = fields.text("Status", STATUS) as CallStatus;
  const id = fields.optionalInteger("Id", { max: MAX_CALL_ID });
  if (id === null) {
    throw new ProtocolError("message-unexpected", "the peer sent a result that answers nothing");
  }
  return {
    state: "RESULT",
    id,
    status,
    code: status === "Failed" ? fields.optionalText("Code", CALL_WORD) : null,
    ...(status === "Success" ? readValue(fields, "Output") : {}),
  };
}

/**
 * Reads a message of calls.
 *
 * @returns The message, or `null` where its `State` is none of this module.
 * @throws {ProtocolError} `message-malformed`; `message-unexpected` for a RESULT without a number.
 */
export function decodeCallMessage(fields: MessageFields): AnyCallMessage | null {
  switch (fields.raw("State")) {
    case "CALL":
      return {
        state: "CALL",
        id: readId(fields),
        action: fields.text("Action", CALL_WORD),
        ...readValue(fields, "Input"),
        ...(fields.optionalBoolean("OneWay") ? { isOneWay: true } : {}),
        stream: readStream(fields),
      };
    case "PROGRESS":
      return {
        state: "PROGRESS",
        id: readId(fields),
        ...readValue(fields, "Output"),
        stream: readStream(fields),
      };
    case "RESULT":
      return readResult(fields);
    case "CANCEL":
      return { state: "CANCEL", id: readId(fields) };
    default:
      return null;
  }
}
