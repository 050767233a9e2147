/**
 * What both roles of the work share: sending and taking its messages, and its end (spec, section 8).
 *
 * @module
 */
import { type Bytes, equalBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import { ConnectionError, ProtocolError } from "./errors.ts";
import { encodeWorkMessage, type WorkMessage } from "./messages.ts";
import type { FileResult } from "./results.ts";
import type { IncomingMessage, Session } from "./session.ts";
import type { ReceiveStream } from "./streams.ts";

/** The number of the one manifest of a delivery. */
export const MANIFEST_ID = 0;

/** How a delivery went. */
export interface DeliveryReport {
  /** A result for every entry of the manifest, and for what the agent asked for besides. */
  readonly files: readonly FileResult[];
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

/** Reads a stream to its end and checks it against the digest that was announced. */
export async function readBytes(stream: ReceiveStream | null, digest: Bytes): Promise<Bytes> {
  if (stream === null) throw unexpected("a message without its stream");
  const bytes = new Uint8Array(stream.size);
  let offset = 0;
  for await (const chunk of stream) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  if (!equalBytes(await sha256Digest(bytes), digest)) {
    throw new ProtocolError("digest-mismatch", "what came is not what was announced");
  }
  return bytes;
}

/** Makes an error for something that has no place here. */
export function unexpected(what: string): ProtocolError {
  return new ProtocolError("message-unexpected", `the peer sent ${what} where it has no place`);
}

/** Answers a message that is no work of this version: it may be an action of a later one. */
export async function answerUnknown(session: Session, { fields }: IncomingMessage): Promise<void> {
  if (fields.raw("State") === "RESULT") throw unexpected("a result that nobody asked for");
  const id = fields.optionalInteger("Id", { max: 2 ** 32 - 1 });
  await session.send({ State: "RESULT", Id: id, Status: "UnknownCommand" });
}

/** Takes the next message; the end of the session before it is a failure. */
export async function nextMessage(session: Session): Promise<IncomingMessage> {
  const incoming = await session.receive();
  if (incoming !== null) return incoming;
  throw new ConnectionError("truncated", "the peer ended the session before the work was done");
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
