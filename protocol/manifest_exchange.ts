/**
 * How a manifest gets from the keeper to the agent, in both roles and in the order of the messages
 * (spec, section 8).
 *
 * @module
 */
import { type Bytes, equalBytes, joinBytes } from "./bytes.ts";
import { compressLines } from "./content_encoding.ts";
import { sha256Digest } from "./digest.ts";
import { ProtocolError } from "./errors.ts";
import {
  MANIFEST_ID,
  readBytes,
  readEncoded,
  readStream,
  sendBytes,
  sendMessage,
  unexpected,
  type WorkInbox,
} from "./exchange.ts";
import { MIN_BYTES_FOR_PARTS } from "./limits.ts";
import {
  decodeManifest,
  decodeManifestBeside,
  type EncodedManifest,
  type ReadManifest,
} from "./manifest.ts";
import {
  chooseParts,
  decodePartList,
  encodePartList,
  encodeWants,
  joinParts,
  maxPartListBytes,
  PART_RECORD_BYTES,
  pickWanted,
  splitManifest,
  wantsBytes,
} from "./manifest_parts.ts";
import type {
  ManifestDataMessage,
  ManifestMessage,
  ManifestReplyMessage,
  MessageId,
  WorkMessage,
} from "./messages.ts";
import type { SecretStore } from "./secret_store.ts";
import type { Session } from "./session.ts";

/** The two ends of the work in one session. */
export interface WorkSession {
  /** Sends. */
  readonly session: Session;
  /** Takes. */
  readonly inbox: WorkInbox;
}

/**
 * Gives an agent the manifest that was announced to it, or what of it the agent lacks.
 *
 * @throws {ProtocolError} if the agent breaks the protocol.
 */
export async function giveManifest(
  { session, inbox }: WorkSession,
  { bytes }: EncodedManifest,
): Promise<void> {
  const id = MANIFEST_ID;

  // 2. MANIFEST-REPLY
  const { message: reply } = await inbox.next();
  if (reply.state !== "MANIFEST-REPLY" || reply.id !== id) {
    throw unexpected("another message than the reply to the manifest");
  }
  if (reply.isHeld) return;
  const parts = reply.hasOther ? partsOf(bytes) : null;
  let wanted = bytes;

  if (parts !== null) {
    // 2a. MANIFEST-PARTS
    const list = await encodePartList(parts);
    await sendBytes(session, list, (stream) => {
      return { state: "MANIFEST-PARTS", id, stream, size: list.length };
    });

    // 2b. MANIFEST-WANTS
    const { message: wants, stream } = await inbox.next();
    const isDue = wants.state === "MANIFEST-WANTS" && wants.id === id &&
      wants.size === wantsBytes(parts.length);
    if (!isDue) throw unexpected("another message than the parts that it wants");
    wanted = joinBytes(pickWanted(parts, await readStream(stream)));
  }

  // 3. MANIFEST-DATA
  const packed = await pack(wanted, reply);
  const sent = packed ?? wanted;
  const encoding = packed === null ? {} : { plainSize: wanted.length };
  await sendBytes(session, sent, (stream) => {
    return { state: "MANIFEST-DATA", id, stream, size: sent.length, ...encoding };
  });
}

/** What was compressed before: many agents are given the same manifest. */
const PACKED = new WeakMap<Bytes, Promise<Bytes | null>>();

/** Compresses a manifest, or parts of one, where that is worth it. */
function pack(bytes: Bytes, reply: ManifestReplyMessage): Promise<Bytes | null> {
  if (reply.acceptsDeflate !== true) return Promise.resolve(null);
  const packed = PACKED.get(bytes) ?? compressLines(bytes, reply);
  PACKED.set(bytes, packed);
  return packed;
}

/** Returns the parts of a manifest, or `null` where their list would not be worth its length. */
function partsOf(bytes: Bytes): Bytes[] | null {
  if (bytes.length < MIN_BYTES_FOR_PARTS) return null;
  const parts = splitManifest(bytes);
  return parts.length * PART_RECORD_BYTES > maxPartListBytes(bytes.length) ? null : parts;
}

/** What {@linkcode takeManifest} works with. */
export interface ManifestTaking {
  /** What the keeper announced. */
  readonly announced: ManifestMessage;
  /** Who declares it: the address of the keeper's key, or `null` where the keeper does not sign. */
  readonly declaredBy: string | null;
  /** May hold it, or another. */
  readonly store: SecretStore;
}

/**
 * Takes the manifest that a keeper announced, from the keeper or, where the store holds it, from there.
 *
 * What another keeper declared counts as not held: it is none of this one's business, and whoever may
 * ask of many parts whether they are held finds out the digests of weak secrets.
 *
 * @returns The manifest, whose bytes have the digest that was announced.
 * @throws {ProtocolError} if the keeper breaks the protocol.
 */
export async function takeManifest(
  { session, inbox }: WorkSession,
  { announced, declaredBy, store }: ManifestTaking,
): Promise<ReadManifest> {
  const { id } = announced;

  // 2. MANIFEST-REPLY
  const known = await store.heldManifest();
  const held = known?.declaredBy === declaredBy ? known : null;
  const isHeld = held !== null && equalBytes(held.message.digest, announced.digest);
  const hasOther = held !== null && !isHeld;
  const accept = isHeld ? {} : { acceptsDeflate: true as const };
  await sendMessage(session, { state: "MANIFEST-REPLY", id, isHeld, hasOther, ...accept });
  if (isHeld) return held;

  const { message: first, stream } = await inbox.next();
  if (held === null || first.state !== "MANIFEST-PARTS") {
    // 3. MANIFEST-DATA
    if (!isDataOf(first, { id, size: announced.size })) {
      throw unexpected("another message than the manifest that it announced");
    }
    const bytes = await readBytes(first, stream, announced.digest);
    return { bytes, manifest: decodeManifest(bytes) };
  }

  // 2a. MANIFEST-PARTS
  if (first.id !== id || first.size > maxPartListBytes(announced.size)) {
    throw unexpected("other parts than those of the manifest that it announced");
  }
  const records = decodePartList(await readStream(stream), announced.size);
  const choice = await chooseParts(records, held.bytes);

  // 2b. MANIFEST-WANTS
  const bits = encodeWants(choice);
  await sendBytes(session, bits, (stream) => {
    return { state: "MANIFEST-WANTS", id, stream, size: bits.length };
  });

  // 3. MANIFEST-DATA
  const { message: data, stream: rest } = await inbox.next();
  if (!isDataOf(data, { id, size: choice.missingBytes })) {
    throw unexpected("another message than the parts that were asked for");
  }
  const bytes = joinParts(records, { held: choice.held, came: await readEncoded(data, rest) });
  if (equalBytes(await sha256Digest(bytes), announced.digest)) {
    return { bytes, manifest: decodeManifestBeside(held, bytes) };
  }
  throw new ProtocolError(
    "digest-mismatch",
    "the parts do not make the manifest that was announced",
  );
}

/** Tells whether a message announces so many bytes of the manifest. */
function isDataOf(
  message: WorkMessage,
  due: { readonly id: MessageId; readonly size: number },
): message is ManifestDataMessage {
  if (message.state !== "MANIFEST-DATA" || message.id !== due.id) return false;
  return (message.plainSize ?? message.size) === due.size;
}
