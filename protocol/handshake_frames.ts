/**
 * From the two opening lines to sealed frames, and the few messages that a handshake reads from them
 * (spec, sections 3 to 6).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { ConnectionError, ProtocolError } from "./errors.ts";
import { decodeFrame } from "./frame.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";
import { deriveSessionSecrets, DirectionKeys, type Exporter } from "./key_schedule.ts";
import { MAX_HANDSHAKE_SEALED_BYTES } from "./limits.ts";
import type { Link } from "./link.ts";
import { MessageFields } from "./message_fields.ts";
import { FrameOpener, FrameSealer } from "./sealing.ts";
import type { SessionOptions } from "./session_parts.ts";
import { hashTranscript } from "./transcript.ts";

/** Both directions of a link once the key is agreed. */
export interface Frames {
  readonly reader: FrameReader;
  readonly writer: FrameWriter;
  readonly transcript: Bytes;
  readonly exporter: Exporter;
}

/** What the opening lines agreed on. */
export interface KeyExchange {
  readonly role: "agent" | "keeper";
  readonly lineFromAgent: Bytes;
  readonly lineFromKeeper: Bytes;
  readonly secret: Bytes;
}

/** Derives the keys of both directions; the secret is erased. */
export async function startFrames(
  link: Link,
  exchange: KeyExchange,
  options: SessionOptions,
): Promise<Frames> {
  const transcript = await hashTranscript(exchange.lineFromAgent, exchange.lineFromKeeper);
  const secrets = await deriveSessionSecrets(exchange.secret, transcript);
  exchange.secret.fill(0);
  const { agentToKeeper, keeperToAgent, exporter } = secrets;
  const [toSeal, toOpen] = exchange.role === "agent"
    ? [agentToKeeper, keeperToAgent]
    : [keeperToAgent, agentToKeeper];
  const sealer = new FrameSealer(new DirectionKeys(toSeal, { transcript, use: "seal" }));
  const opener = new FrameOpener(new DirectionKeys(toOpen, { transcript, use: "open" }));
  return {
    reader: new FrameReader(link, opener, options),
    writer: new FrameWriter(link, sealer),
    transcript,
    exporter,
  };
}

/**
 * Reads one message of the handshake.
 *
 * @throws {ProtocolError} `message-unexpected` for another kind of frame, `message-malformed`.
 * @throws {ConnectionError} `truncated`.
 */
export async function readMessage(frames: Frames, what: string): Promise<MessageFields> {
  const plaintext = await frames.reader.read(MAX_HANDSHAKE_SEALED_BYTES);
  if (plaintext === null) {
    throw new ConnectionError("truncated", `the connection ended instead of ${what}`);
  }
  const frame = decodeFrame(plaintext);
  if (frame.kind !== "message") {
    throw new ProtocolError("message-unexpected", `a ${frame.kind} frame came instead of ${what}`);
  }
  return MessageFields.parse(frame.json, what);
}
