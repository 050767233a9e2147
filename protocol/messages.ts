/**
 * The messages of the work that follows a handshake (spec, section 8).
 *
 * @module
 */
import { type Bytes, encodeHex } from "./bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { ProtocolError } from "./errors.ts";
import { IDENTITY_SIGNATURE_BYTES } from "./identity.ts";
import { MAX_FILE_BYTES, MAX_MANIFEST_BYTES } from "./limits.ts";
import type { MessageFields } from "./message_fields.ts";
import { findPathFault } from "./secret_path.ts";
import { STATEMENT_SIGNATURE } from "./statement.ts";

/** Numbers a question so that its answer can be told from others; 32 bits. */
export type MessageId = number;

const MAX_ID = 2 ** 32 - 1;

/** keeper to agent: here is what you should hold. */
export interface ManifestMessage {
  /** Which message this is. */
  readonly state: "MANIFEST";
  /** Its number. */
  readonly id: MessageId;
  /** Grows with each manifest of the same signer for the same component. */
  readonly revision: number;
  /** When it was issued, in Unix seconds. */
  readonly issued: number;
  /** When it ends, in Unix seconds. */
  readonly expires: number;
  /** The SHA-256 of its bytes; 32 bytes. */
  readonly digest: Bytes;
  /** The length of its bytes. */
  readonly size: number;
  /** The keeper's signature over the manifest statement, or `null`. */
  readonly signature: string | null;
}

/** agent to keeper: I hold that manifest already, or send it. */
export interface ManifestReplyMessage {
  /** Which message this is. */
  readonly state: "MANIFEST-REPLY";
  /** The number of the MANIFEST. */
  readonly id: MessageId;
  /** Whether the agent holds a manifest with that digest. */
  readonly isHeld: boolean;
}

/** keeper to agent: the bytes of the manifest follow on a stream. */
export interface ManifestDataMessage {
  /** Which message this is. */
  readonly state: "MANIFEST-DATA";
  /** The number of the MANIFEST. */
  readonly id: MessageId;
  /** The stream that carries the bytes. */
  readonly stream: number;
  /** Their length. */
  readonly size: number;
}

/** agent to keeper: send me that file. */
export interface RequestMessage {
  /** Which message this is. */
  readonly state: "REQUEST";
  /** Its number. */
  readonly id: MessageId;
  /** The path as the manifest or the agent's own list names it. */
  readonly file: string;
  /** The SHA-256 of what the agent holds there, or `null` where it holds nothing; 32 bytes. */
  readonly digest: Bytes | null;
  /** How many bytes of the file the agent has already. */
  readonly offset: number;
  /** The SHA-256 of those bytes, or `null` at offset 0; 32 bytes. */
  readonly prefix: Bytes | null;
}

/** How a keeper answers a request. */
export type DataStatus =
  /** The bytes follow on a stream. */
  | "Success"
  /** The agent's digest is the one that the vault has. */
  | "Match"
  /** The vault does not hold the file that it should. */
  | "FileNotFound"
  /** The agent may not have it, existing or not. */
  | "Denied"
  /** The file is no longer what the manifest said. */
  | "Changed";

/** keeper to agent: the answer to a request. */
export interface DataMessage {
  /** Which message this is. */
  readonly state: "DATA";
  /** The number of the REQUEST. */
  readonly id: MessageId;
  /** How the request went. */
  readonly status: DataStatus;
  /** What follows, if the status is `Success`. */
  readonly content: DataContent | null;
}

/** What a `Success` announces. */
export interface DataContent {
  /** The stream that carries the bytes. */
  readonly stream: number;
  /** How many bytes the stream carries. */
  readonly size: number;
  /** From which byte of the file on; 0 unless the request named an offset and its prefix agreed. */
  readonly offset: number;
  /** The SHA-256 of the whole file; 32 bytes. */
  readonly digest: Bytes;
  /** The permission bits of the file, 0 to 0o777. */
  readonly mode: number;
}

/** How many files ended how. */
export interface ResultCounts {
  /** Files that were not there and are now. */
  readonly created: number;
  /** Files that were there, differed, and were replaced. */
  readonly updated: number;
  /** Files that were as declared. */
  readonly unchanged: number;
  /** Files that the vault does not hold, or that the agent may not have. */
  readonly missing: number;
  /** Files that could not be delivered; what was there before is untouched. */
  readonly failed: number;
}

/** agent to keeper: that is all, and this is how it went; the results follow on a stream. */
export interface DoneMessage {
  /** Which message this is. */
  readonly state: "DONE";
  /** How many files ended how. */
  readonly counts: ResultCounts;
  /** The stream that carries a line for each file that is not unchanged. */
  readonly stream: number;
  /** The length of those lines in bytes. */
  readonly size: number;
  /** Their SHA-256; 32 bytes. */
  readonly digest: Bytes;
  /** The agent's signature over its results, or `null` where it signs nothing; 64 bytes. */
  readonly signature: Bytes | null;
}

/** keeper to agent: received; the session is complete. */
export interface DoneReplyMessage {
  /** Which message this is. */
  readonly state: "DONE-REPLY";
}

/** Any message of the work. */
export type WorkMessage =
  | ManifestMessage
  | ManifestReplyMessage
  | ManifestDataMessage
  | RequestMessage
  | DataMessage
  | DoneMessage
  | DoneReplyMessage;

function optionalHex(bytes: Bytes | null): string | null {
  return bytes === null ? null : encodeHex(bytes);
}

function encodeCounts(counts: ResultCounts): Record<string, number> {
  const { created, updated, unchanged, missing, failed } = counts;
  return {
    Created: created,
    Updated: updated,
    Unchanged: unchanged,
    Missing: missing,
    Failed: failed,
  };
}

/** Writes a message as the members of its JSON object. */
export function encodeWorkMessage(message: WorkMessage): Record<string, unknown> {
  switch (message.state) {
    case "MANIFEST":
      return {
        State: "MANIFEST",
        Id: message.id,
        Revision: message.revision,
        Issued: message.issued,
        Expires: message.expires,
        Digest: encodeHex(message.digest),
        Size: message.size,
        ...(message.signature === null ? {} : { Signature: message.signature }),
      };
    case "MANIFEST-REPLY":
      return { State: "MANIFEST-REPLY", Id: message.id, Held: message.isHeld };
    case "MANIFEST-DATA":
      return {
        State: "MANIFEST-DATA",
        Id: message.id,
        Stream: message.stream,
        StreamSize: message.size,
      };
    case "REQUEST":
      return {
        State: "REQUEST",
        Id: message.id,
        File: message.file,
        Digest: optionalHex(message.digest),
        ...(message.offset === 0
          ? {}
          : { Offset: message.offset, Prefix: optionalHex(message.prefix) }),
      };
    case "DATA":
      return {
        State: "DATA",
        Id: message.id,
        Status: message.status,
        ...(message.content === null ? {} : {
          Stream: message.content.stream,
          StreamSize: message.content.size,
          Offset: message.content.offset,
          Digest: encodeHex(message.content.digest),
          Mode: message.content.mode,
        }),
      };
    case "DONE":
      return {
        State: "DONE",
        Counts: encodeCounts(message.counts),
        Stream: message.stream,
        StreamSize: message.size,
        Digest: encodeHex(message.digest),
        ...(message.signature === null ? {} : { Signature: encodeHex(message.signature) }),
      };
    case "DONE-REPLY":
      return { State: "DONE-REPLY" };
  }
}

function readId(fields: MessageFields): MessageId {
  return fields.integer("Id", { max: MAX_ID });
}

function readManifestSize(fields: MessageFields): number {
  const size = fields.integer("Size");
  if (size > MAX_MANIFEST_BYTES) {
    throw new ProtocolError(
      "manifest-too-large",
      `the manifest exceeds ${MAX_MANIFEST_BYTES} bytes`,
    );
  }
  return size;
}

function readStreamId(fields: MessageFields): number {
  return fields.integer("Stream", { max: MAX_ID });
}

function readRequest(fields: MessageFields): RequestMessage {
  const file = fields.text("File", /^/);
  if (findPathFault(file) !== null) {
    throw new ProtocolError("message-malformed", "File of a REQUEST is no well-formed path");
  }
  const offset = fields.optionalInteger("Offset", { max: MAX_FILE_BYTES }) ?? 0;
  return {
    state: "REQUEST",
    id: readId(fields),
    file,
    digest: fields.optionalHex("Digest", DIGEST_BYTES),
    offset,
    prefix: offset === 0 ? null : fields.hex("Prefix", DIGEST_BYTES),
  };
}

const DATA_STATUS = /^(?:Success|Match|FileNotFound|Denied|Changed)$/;

function readData(fields: MessageFields): DataMessage {
  const status = fields.text("Status", DATA_STATUS) as DataStatus;
  return {
    state: "DATA",
    id: readId(fields),
    status,
    content: status !== "Success" ? null : {
      stream: readStreamId(fields),
      size: fields.integer("StreamSize", { max: MAX_FILE_BYTES }),
      offset: fields.optionalInteger("Offset", { max: MAX_FILE_BYTES }) ?? 0,
      digest: fields.hex("Digest", DIGEST_BYTES),
      mode: fields.integer("Mode", { max: 0o777 }),
    },
  };
}

function readCounts(fields: MessageFields): ResultCounts {
  return {
    created: fields.integer("Created"),
    updated: fields.integer("Updated"),
    unchanged: fields.integer("Unchanged"),
    missing: fields.integer("Missing"),
    failed: fields.integer("Failed"),
  };
}

/**
 * Reads a message of the work.
 *
 * @returns The message, or `null` where its `State` is none of this module: it may be an action that
 * one side registered.
 * @throws {ProtocolError} `message-malformed`, `manifest-too-large`.
 */
export function decodeWorkMessage(fields: MessageFields): WorkMessage | null {
  switch (fields.text("State", /^[A-Z][A-Z-]{0,63}$/)) {
    case "MANIFEST":
      return {
        state: "MANIFEST",
        id: readId(fields),
        revision: fields.integer("Revision"),
        issued: fields.integer("Issued"),
        expires: fields.integer("Expires"),
        digest: fields.hex("Digest", DIGEST_BYTES),
        size: readManifestSize(fields),
        signature: fields.optionalText("Signature", STATEMENT_SIGNATURE),
      };
    case "MANIFEST-REPLY":
      return { state: "MANIFEST-REPLY", id: readId(fields), isHeld: fields.boolean("Held") };
    case "MANIFEST-DATA":
      return {
        state: "MANIFEST-DATA",
        id: readId(fields),
        stream: readStreamId(fields),
        size: fields.integer("StreamSize", { max: MAX_MANIFEST_BYTES }),
      };
    case "REQUEST":
      return readRequest(fields);
    case "DATA":
      return readData(fields);
    case "DONE":
      return {
        state: "DONE",
        counts: readCounts(fields.object("Counts")),
        stream: readStreamId(fields),
        size: fields.integer("StreamSize", { max: MAX_MANIFEST_BYTES }),
        digest: fields.hex("Digest", DIGEST_BYTES),
        signature: fields.optionalHex("Signature", IDENTITY_SIGNATURE_BYTES),
      };
    case "DONE-REPLY":
      return { state: "DONE-REPLY" };
    default:
      return null;
  }
}
