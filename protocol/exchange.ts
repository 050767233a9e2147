/**
 * What both roles of the work share: sending and taking its messages, and its end (spec, section 8).
 *
 * @module
 */
import { type Bytes, equalBytes } from "./bytes.ts";
import { decompressWhole } from "./content_encoding.ts";
import { sha256Digest } from "./digest.ts";
import { ConnectionError, ProtocolError } from "./errors.ts";
import { MAX_UNKNOWN_ACTIONS } from "./limits.ts";
import { decodeWorkMessage, encodeWorkMessage } from "./message_encoding.ts";
import type { WorkMessage } from "./messages.ts";
import type { HookResult } from "./hook_result.ts";
import type { ServiceResult } from "./service_result.ts";
import type { FileResult } from "./results.ts";
import type { IncomingMessage } from "./message_queue.ts";
import type { Session } from "./session.ts";
import type { ReceiveStream } from "./streams.ts";

/** The number of the one manifest of a delivery. */
export const MANIFEST_ID = 0;

/** How a delivery went. */
export interface DeliveryReport {
  /** Whether the keeper only called, and delivered nothing. @default {false} */
  readonly isCallsOnly?: true;
  /** A result for every entry of the manifest, and for what the agent asked for besides. */
  readonly files: readonly FileResult[];
  /** How the hooks stand that were due. */
  readonly hooks: readonly HookResult[];
  /** How the services stand; none where there are none. @default {[]} */
  readonly services?: readonly ServiceResult[];
  /** How many bytes of file contents crossed the wire. */
  readonly contentBytes: number;
}

/** Sends a message of the work. */
export async function sendMessage(session: Session, message: WorkMessage): Promise<void> {
  await session.send(encodeWorkMessage(message));
}

/** Sends bytes on a stream of their own, behind the message that announces it. */
export async function sendBytes(
  session: Session,
  bytes: Bytes,
  announce: (stream: number) => WorkMessage,
): Promise<void> {
  const stream = session.openStream(bytes.length);
  await sendMessage(session, announce(stream.id));
  await stream.write(bytes);
  await stream.end();
}

/** Reads a stream to its end. */
export async function readStream(stream: ReceiveStream | null): Promise<Bytes> {
  if (stream === null) throw unexpected("a message without its stream");
  const bytes = new Uint8Array(stream.size);
  let offset = 0;
  for await (const chunk of stream) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** How long what a message announces is, and how long what comes of it. */
export interface EncodedSize {
  /** How many bytes the stream carries. */
  readonly size: number;
  /** How many bytes come of them where they are compressed. */
  readonly plainSize?: number;
}

/** Refuses what is compressed and no shorter: else it could go on without end and become nothing. */
export function checkEncodedSize({ size, plainSize }: EncodedSize): void {
  if (plainSize !== undefined && size >= plainSize) {
    throw unexpected("what compression made longer");
  }
}

/**
 * Reads a stream to its end, and restores what is compressed.
 *
 * @throws {ProtocolError} `digest-mismatch` where it cannot be restored as stated.
 */
export async function readEncoded(
  encoded: EncodedSize,
  stream: ReceiveStream | null,
): Promise<Bytes> {
  checkEncodedSize(encoded);
  const { plainSize } = encoded;
  if (plainSize === undefined || stream === null) return await readStream(stream);
  return await decompressWhole(stream, plainSize);
}

/** Reads what a message announces, and checks it against the digest that was announced. */
export async function readBytes(
  encoded: EncodedSize,
  stream: ReceiveStream | null,
  digest: Bytes,
): Promise<Bytes> {
  const bytes = await readEncoded(encoded, stream);
  if (!equalBytes(await sha256Digest(bytes), digest)) {
    throw new ProtocolError("digest-mismatch", "what came is not what was announced");
  }
  return bytes;
}

/** Makes an error for something that has no place here. */
export function unexpected(what: string): ProtocolError {
  return new ProtocolError("message-unexpected", `the peer sent ${what} where it has no place`);
}

/** A message of the work, with the stream that it announced, if it did. */
export interface IncomingWork {
  /** The message. */
  readonly message: WorkMessage;
  /** The stream, or `null`. */
  readonly stream: ReceiveStream | null;
}

/** Takes the messages of the work, and answers what comes in between and is none. */
export class WorkInbox {
  readonly #session: Session;
  #actionsLeft = MAX_UNKNOWN_ACTIONS;

  /** Takes from this session; nothing else may. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Takes the next message; the end of the session before it is a failure. */
  async next(): Promise<IncomingWork> {
    for (;;) {
      const incoming = await this.#session.receive();
      if (incoming === null) {
        throw new ConnectionError(
          "truncated",
          "the peer ended the session before the work was done",
        );
      }
      const message = decodeWorkMessage(incoming.fields);
      if (message !== null) return { message, stream: this.#wantedStream(message, incoming) };
      await this.#answerUnknown(incoming);
    }
  }

  /** Gives up a stream that the message has no use for: nobody would read it. */
  #wantedStream(message: WorkMessage, { stream }: IncomingMessage): ReceiveStream | null {
    if (stream?.isOpenEnded === true) {
      throw new ProtocolError("message-malformed", "an open-ended stream has no place in the work");
    }
    if ("stream" in message || (message.state === "DATA" && message.content !== null)) {
      return stream;
    }
    stream?.cancel();
    return null;
  }

  /** Answers a message that is no work of this version: it may be an action of a later one. */
  async #answerUnknown({ fields, stream }: IncomingMessage): Promise<void> {
    const state = fields.raw("State");
    if (state === "RESULT" || state === "PROGRESS") throw unexpected("an answer to no call");
    if (state === "CANCEL") return void stream?.cancel();
    if (--this.#actionsLeft < 0) {
      throw new ProtocolError("too-many-messages", "the peer asks for unknown actions without end");
    }
    const id = fields.optionalInteger("Id", { max: 2 ** 32 - 1 });
    stream?.cancel();
    await this.#session.send({ State: "RESULT", Id: id, Status: "UnknownCommand" });
  }
}

/** Runs one role's part and ends the session as it deserves. */
export async function finishing<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await session.close();
    return result;
  } catch (error) {
    await session.fail(error);
    await session.close();
    throw error;
  }
}
