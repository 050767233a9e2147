/**
 * How the messages of the work are written and read (spec, section 8).
 *
 * @module
 */
import { type Bytes, encodeHex } from "./bytes.ts";
import { DEFLATE } from "./content_encoding.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { ProtocolError } from "./errors.ts";
import { IDENTITY_SIGNATURE_BYTES } from "./identity.ts";
import { MAX_FILE_BYTES, MAX_MANIFEST_BYTES } from "./limits.ts";
import type { MessageFields } from "./message_fields.ts";
import type {
  DataContent,
  DataMessage,
  DataStatus,
  MessageId,
  RequestMessage,
  ResultCounts,
  WorkMessage,
} from "./messages.ts";
import { findPathFault } from "./secret_path.ts";
import { STATEMENT_SIGNATURE } from "./statement.ts";

const MAX_ID = 2 ** 32 - 1;

function optionalHex(bytes: Bytes | null): string | null {
  return bytes === null ? null : encodeHex(bytes);
}

function encodeCounts(counts: ResultCounts): Record<string, number> {
  const { created, updated, reowned, removed, unchanged, missing, failed } = counts;
  return {
    Created: created,
    Updated: updated,
    Reowned: reowned,
    Removed: removed,
    Unchanged: unchanged,
    Missing: missing,
    Failed: failed,
  };
}

function encodingMembers({ plainSize }: DataContent): Record<string, unknown> {
  return plainSize === undefined ? {} : { Encoding: DEFLATE, PlainSize: plainSize };
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
        ...(message.isPlan === true ? { Plan: true } : {}),
      };
    case "MANIFEST-REPLY":
      return {
        State: "MANIFEST-REPLY",
        Id: message.id,
        Held: message.isHeld,
        ...(message.hasOther ? { Other: true } : {}),
      };
    case "MANIFEST-PARTS":
    case "MANIFEST-WANTS":
    case "MANIFEST-DATA":
      return {
        State: message.state,
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
        ...(message.acceptsDeflate === true ? { Accept: DEFLATE } : {}),
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
          ...encodingMembers(message.content),
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
    // One that this version does not know asks for nothing.
    ...(fields.optionalText("Accept", /^/) === DEFLATE ? { acceptsDeflate: true } : {}),
  };
}

const ONLY_DEFLATE = new RegExp(`^${DEFLATE}$`);
const DATA_STATUS = /^(?:Success|Match|FileNotFound|Denied|Changed)$/;

function readEncoding(fields: MessageFields): { readonly plainSize?: number } {
  if (fields.optionalText("Encoding", ONLY_DEFLATE) === null) return {};
  return { plainSize: fields.integer("PlainSize", { max: MAX_FILE_BYTES }) };
}

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
      ...readEncoding(fields),
    },
  };
}

function readCounts(fields: MessageFields): ResultCounts {
  return {
    created: fields.integer("Created"),
    updated: fields.integer("Updated"),
    reowned: fields.integer("Reowned"),
    removed: fields.integer("Removed"),
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
  const state = fields.text("State", /^[A-Z][A-Z-]{0,63}$/);
  switch (state) {
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
        ...(fields.optionalBoolean("Plan") ? { isPlan: true } : {}),
      };
    case "MANIFEST-REPLY":
      return {
        state: "MANIFEST-REPLY",
        id: readId(fields),
        isHeld: fields.boolean("Held"),
        hasOther: fields.optionalBoolean("Other"),
      };
    case "MANIFEST-PARTS":
    case "MANIFEST-WANTS":
    case "MANIFEST-DATA":
      return {
        state,
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
