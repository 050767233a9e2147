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
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_FILES,
  MAX_FILE_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_MANIFEST_LINES,
} from "./limits.ts";
import type { MessageFields } from "./message_fields.ts";
import type {
  BatchDataMessage,
  BatchMessage,
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

function acceptMember(
  { acceptsDeflate }: { readonly acceptsDeflate?: true },
): Record<string, unknown> {
  return acceptsDeflate === true ? { Accept: DEFLATE } : {};
}

function encodingMembers(
  { plainSize }: { readonly plainSize?: number },
): Record<string, unknown> {
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
        ...acceptMember(message),
      };
    case "MANIFEST-REPLY":
      return {
        State: "MANIFEST-REPLY",
        Id: message.id,
        Held: message.isHeld,
        ...(message.hasOther ? { Other: true } : {}),
        ...acceptMember(message),
      };
    case "MANIFEST-PARTS":
    case "MANIFEST-WANTS":
    case "MANIFEST-DATA":
      return {
        State: message.state,
        Id: message.id,
        Stream: message.stream,
        StreamSize: message.size,
        ...("plainSize" in message ? encodingMembers(message) : {}),
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
        ...acceptMember(message),
      };
    case "BATCH":
      return { State: "BATCH", Id: message.id, Entries: message.entries, ...acceptMember(message) };
    case "BATCH-DATA":
      return {
        State: "BATCH-DATA",
        Id: message.id,
        Stream: message.stream,
        StreamSize: message.size,
        ...(message.changed.length === 0 ? {} : { Changed: message.changed }),
        ...encodingMembers(message),
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
        ...encodingMembers(message),
      };
    case "DONE-REPLY":
    case "END":
    case "END-REPLY":
      return { State: message.state };
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

/** Reads what the messages of a manifest have in common. */
function readSized(
  fields: MessageFields,
): { readonly id: MessageId; readonly stream: number; readonly size: number } {
  const size = fields.integer("StreamSize", { max: MAX_MANIFEST_BYTES });
  return { id: readId(fields), stream: readStreamId(fields), size };
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
    ...readAccept(fields),
  };
}

function readAccept(fields: MessageFields): { readonly acceptsDeflate?: true } {
  // One that this version does not know asks for nothing.
  return fields.optionalText("Accept", /^/) === DEFLATE ? { acceptsDeflate: true } : {};
}

const ENTRY_NUMBERS = { max: MAX_MANIFEST_LINES - 1, maxLength: MAX_BATCH_FILES } as const;

function readBatch(fields: MessageFields): BatchMessage {
  const entries = fields.ascending("Entries", ENTRY_NUMBERS);
  if (entries.length === 0) throw new ProtocolError("message-malformed", "a BATCH names no file");
  return { state: "BATCH", id: readId(fields), entries, ...readAccept(fields) };
}

function readBatchData(fields: MessageFields): BatchDataMessage {
  return {
    state: "BATCH-DATA",
    id: readId(fields),
    stream: readStreamId(fields),
    size: fields.integer("StreamSize", { max: MAX_BATCH_BYTES }),
    changed: fields.optionalAscending("Changed", ENTRY_NUMBERS) ?? [],
    ...readEncoding(fields, MAX_BATCH_BYTES),
  };
}

const ONLY_DEFLATE = new RegExp(`^${DEFLATE}$`);
const DATA_STATUS = /^(?:Success|Match|FileNotFound|Denied|Changed)$/;

function readEncoding(fields: MessageFields, max: number): { readonly plainSize?: number } {
  if (fields.optionalText("Encoding", ONLY_DEFLATE) === null) return {};
  return { plainSize: fields.integer("PlainSize", { max }) };
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
      ...readEncoding(fields, MAX_FILE_BYTES),
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
        ...readAccept(fields),
      };
    case "MANIFEST-REPLY":
      return {
        state: "MANIFEST-REPLY",
        id: readId(fields),
        isHeld: fields.boolean("Held"),
        hasOther: fields.optionalBoolean("Other"),
        ...readAccept(fields),
      };
    case "MANIFEST-DATA":
      return { state, ...readSized(fields), ...readEncoding(fields, MAX_MANIFEST_BYTES) };
    case "MANIFEST-PARTS":
    case "MANIFEST-WANTS":
      return { state, ...readSized(fields) };
    case "REQUEST":
      return readRequest(fields);
    case "DATA":
      return readData(fields);
    case "BATCH":
      return readBatch(fields);
    case "BATCH-DATA":
      return readBatchData(fields);
    case "DONE":
      return {
        state: "DONE",
        counts: readCounts(fields.object("Counts")),
        stream: readStreamId(fields),
        size: fields.integer("StreamSize", { max: MAX_MANIFEST_BYTES }),
        digest: fields.hex("Digest", DIGEST_BYTES),
        signature: fields.optionalHex("Signature", IDENTITY_SIGNATURE_BYTES),
        ...readEncoding(fields, MAX_MANIFEST_BYTES),
      };
    case "DONE-REPLY":
    case "END":
    case "END-REPLY":
      return { state };
    default:
      return null;
  }
}
