/**
 * The messages of the work that follows a handshake (spec, section 8).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";

/** Numbers a question so that its answer can be told from others; 32 bits. */
export type MessageId = number;

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
  /** Whether the agent only says what it would do. @default {false} */
  readonly isPlan?: true;
  /** Whether the results may come compressed. @default {false} */
  readonly acceptsDeflate?: true;
}

/** agent to keeper: I hold that manifest already, or send it. */
export interface ManifestReplyMessage {
  /** Which message this is. */
  readonly state: "MANIFEST-REPLY";
  /** The number of the MANIFEST. */
  readonly id: MessageId;
  /** Whether the agent holds a manifest with that digest. */
  readonly isHeld: boolean;
  /** Whether it holds another, and would be told in which parts that one differs. */
  readonly hasOther: boolean;
  /** Whether the manifest may come compressed. @default {false} */
  readonly acceptsDeflate?: true;
}

/** keeper to agent: these are the parts of the manifest; their list follows on a stream. */
export interface ManifestPartsMessage {
  /** Which message this is. */
  readonly state: "MANIFEST-PARTS";
  /** The number of the MANIFEST. */
  readonly id: MessageId;
  /** The stream that carries the list. */
  readonly stream: number;
  /** The length of the list. */
  readonly size: number;
}

/** agent to keeper: these parts I lack; a bit for each part follows on a stream. */
export interface ManifestWantsMessage {
  /** Which message this is. */
  readonly state: "MANIFEST-WANTS";
  /** The number of the MANIFEST. */
  readonly id: MessageId;
  /** The stream that carries the bits. */
  readonly stream: number;
  /** Their length in bytes. */
  readonly size: number;
}

/** keeper to agent: the bytes of the manifest, or of the parts that it lacks, follow on a stream. */
export interface ManifestDataMessage {
  /** Which message this is. */
  readonly state: "MANIFEST-DATA";
  /** The number of the MANIFEST. */
  readonly id: MessageId;
  /** The stream that carries the bytes. */
  readonly stream: number;
  /** Their length. */
  readonly size: number;
  /** How many bytes come of them where they are compressed; as many as there are by default. */
  readonly plainSize?: number;
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
  /** Whether the contents may come compressed. @default {false} */
  readonly acceptsDeflate?: true;
}

/** agent to keeper: send me these small files, one after the other. */
export interface BatchMessage {
  /** Which message this is. */
  readonly state: "BATCH";
  /** Its number, from the same row as those of requests. */
  readonly id: MessageId;
  /** The numbers of the files among the entries of the manifest, counted from 0, ascending. */
  readonly entries: readonly number[];
  /** Whether the contents may come compressed. @default {false} */
  readonly acceptsDeflate?: true;
}

/** keeper to agent: here they are. */
export interface BatchDataMessage {
  /** Which message this is. */
  readonly state: "BATCH-DATA";
  /** The number of the BATCH. */
  readonly id: MessageId;
  /** The stream that carries the contents, in the order in which they were asked for. */
  readonly stream: number;
  /** How many bytes it carries. */
  readonly size: number;
  /** How many bytes come of them where they are compressed; as many as there are by default. */
  readonly plainSize?: number;
  /** Those that are not among them: they are no longer what the manifest said. */
  readonly changed: readonly number[];
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
  /** How many bytes come of them where they are compressed; as many as there are by default. */
  readonly plainSize?: number;
  /** From which byte of the file on; 0 unless the request named an offset and its prefix agreed. */
  readonly offset: number;
  /** The SHA-256 of the whole file; 32 bytes. */
  readonly digest: Bytes;
  /** The permission bits of the file, 0 to 0o777. */
  readonly mode: number;
}

/** How many files ended how. */
export interface ResultCounts {
  /** Files and folders that were not there and are now. */
  readonly created: number;
  /** Files that were there, differed, and were replaced. */
  readonly updated: number;
  /** Files and folders whose mode or owner was set right. */
  readonly reowned: number;
  /** Files and folders that were there, should not have been, and are gone. */
  readonly removed: number;
  /** Files and folders that were as declared. */
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
  /** How many bytes it carries. */
  readonly size: number;
  /** How many bytes come of them where they are compressed; as many as there are by default. */
  readonly plainSize?: number;
  /** The SHA-256 of the lines; 32 bytes. */
  readonly digest: Bytes;
  /** The agent's signature over its results, or `null` where it signs nothing; 64 bytes. */
  readonly signature: Bytes | null;
}

/** keeper to agent: received; the session is complete. */
export interface DoneReplyMessage {
  /** Which message this is. */
  readonly state: "DONE-REPLY";
}

/** keeper to agent: I deliver nothing, and call no more. */
export interface EndMessage {
  /** Which message this is. */
  readonly state: "END";
}

/** agent to keeper: nor do I; both close. */
export interface EndReplyMessage {
  /** Which message this is. */
  readonly state: "END-REPLY";
}

/** Any message of the work. */
export type WorkMessage =
  | ManifestMessage
  | ManifestReplyMessage
  | ManifestPartsMessage
  | ManifestWantsMessage
  | ManifestDataMessage
  | RequestMessage
  | DataMessage
  | BatchMessage
  | BatchDataMessage
  | DoneMessage
  | DoneReplyMessage
  | EndMessage
  | EndReplyMessage;
