/**
 * The messages of the original's wire, written and read (spec, sections 3 and 5).
 *
 * A member that nobody asks for is no mistake. The answer to a request repeats the whole request, as
 * the original's does.
 *
 * @module
 */
import { type Bytes, copyBytes, encodeHex, encodeUtf8 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import { decodePublicKeyPem } from "../rsa_key.ts";
import { TEXT_WAS_STREAMED } from "./channel.ts";
import type { EaxSealed } from "./eax.ts";
import { HexReader } from "./hex_reader.ts";
import { encodeJsonObject } from "./json_text.ts";
import { FILL_BYTES, MAX_NONCE_BYTES, TAG_BYTES } from "./limits.ts";

/** What is around the hex of a sealed message, newline included. */
const ENVELOPE_BYTES = 107;

/** The members of a message, in their order. */
export type Members = Map<string, unknown>;

/** How an answer ends. */
export type AnswerStatus = "Success" | "Match" | "FileNotFound";

function malformed(what: string): ProtocolError {
  return new ProtocolError("message-malformed", `${what} is absent or malformed`);
}

function textOf(members: ReadonlyMap<string, unknown>, name: string, what: string): string {
  const value = members.get(name);
  if (typeof value !== "string") throw malformed(`${name} of ${what}`);
  return value;
}

function hexOf(
  members: ReadonlyMap<string, unknown>,
  name: string,
  bounds: { readonly what: string; readonly min: number; readonly max: number },
): Bytes {
  const text = textOf(members, name, bounds.what);
  const reader = new HexReader();
  if (text.length > 2 * bounds.max) throw malformed(`${name} of ${bounds.what}`);
  const bytes = copyBytes(reader.decode(encodeUtf8(text)));
  if (!reader.isWhole || bytes.length < bounds.min) throw malformed(`${name} of ${bounds.what}`);
  return bytes;
}

function requireState(members: ReadonlyMap<string, unknown>, state: string, what: string): void {
  if (members.get("State") === state) return;
  throw new ProtocolError("message-unexpected", `another message came instead of ${what}`);
}

/** Writes KEYSENT as the original does. */
export function keySent(publicKeyPem: string): Members {
  return new Map([["State", "KEYSENT"], ["PublicKey", publicKeyPem]]);
}

/** What a node's KEYSENT says. */
export interface NodeKey {
  /** The public key in DER. */
  readonly publicKeyDer: Bytes;
  /** Whether the node speaks a later protocol too. */
  readonly isNewer: boolean;
}

/**
 * Reads KEYSENT.
 *
 * @throws {ProtocolError} `message-malformed`, `key-malformed`.
 */
export function readKeySent(members: ReadonlyMap<string, unknown>): NodeKey {
  const pem = textOf(members, "PublicKey", "the node's KEYSENT");
  return {
    publicKeyDer: decodePublicKeyPem(pem.endsWith("\n") ? pem.slice(0, -1) : pem),
    isNewer: members.has("Version"),
  };
}

/** AESKEY: the secret, wrapped to the node's key, and the session key, sealed with the secret. */
export interface WrappedKey extends EaxSealed {
  /** As long as the modulus of the node's key. */
  readonly wrappedSecret: Bytes;
  /** Of the sealed session key. */
  readonly nonce: Bytes;
}

/** Writes AESKEY. */
export function aesKey(key: WrappedKey): Members {
  return new Map([
    ["enc_session_key", encodeHex(key.wrappedSecret)],
    ["nonce", encodeHex(key.nonce)],
    ["tag", encodeHex(key.tag)],
    ["cipher", encodeHex(key.ciphertext)],
    ["State", "AESKEY"],
  ]);
}

/**
 * Reads AESKEY.
 *
 * @throws {ProtocolError} `message-malformed`.
 */
export function readAesKey(
  members: ReadonlyMap<string, unknown>,
  wrappedBytes: number,
): WrappedKey {
  const what = "the vault's AESKEY";
  return {
    wrappedSecret: hexOf(members, "enc_session_key", {
      what,
      min: wrappedBytes,
      max: wrappedBytes,
    }),
    nonce: hexOf(members, "nonce", { what, min: 1, max: MAX_NONCE_BYTES }),
    tag: hexOf(members, "tag", { what, min: TAG_BYTES, max: TAG_BYTES }),
    ciphertext: hexOf(members, "cipher", { what, min: 16, max: 32 }),
  };
}

/** Writes the node's STARTAES. */
export function startTest(fill: string): Members {
  return new Map([["State", "STARTAES"], ["Text", "Test"], ["fill", fill]]);
}

/** Checks the node's STARTAES and writes the answer to it. */
export function startPassed(test: ReadonlyMap<string, unknown>): Members {
  requireState(test, "STARTAES", "the node's STARTAES");
  if (test.get("Text") !== "Test") throw malformed("Text of the node's STARTAES");
  return new Map(test).set("Text", "Passed");
}

/** Checks the vault's STARTAES: it must be the answer to ours. */
export function checkPassed(answer: ReadonlyMap<string, unknown>, fill: string): void {
  const what = "the vault's STARTAES";
  requireState(answer, "STARTAES", what);
  if (answer.get("Text") !== "Passed") throw malformed(`Text of ${what}`);
  checkEcho(answer, "fill", { expected: fill, what });
}

/** An echo may be left out, but one that is another's shows that the message answers another. */
function checkEcho(
  answer: ReadonlyMap<string, unknown>,
  name: string,
  { expected, what }: { readonly expected: unknown; readonly what: string },
): void {
  if (!answer.has(name) || answer.get(name) === expected) return;
  throw new ProtocolError("message-unexpected", `${name} of ${what} answers another message`);
}

/** What a node asks for. */
export interface FileRequest {
  /** The name of the file, as the node's operator wrote it. */
  readonly name: string;
  /** The CRC-32 of the text that the node holds; 0 where it holds none. */
  readonly checksum: number;
  /** Random; the answer repeats it. */
  readonly fill: string;
}

/** Writes REQUEST. */
export function request({ name, checksum, fill }: FileRequest): Members {
  return new Map<string, unknown>([
    ["State", "REQUEST"],
    ["FILE", name],
    ["crc32", checksum],
    ["fill", fill],
  ]);
}

/** Writes DONE. */
export function done(fill: string): Members {
  return new Map([["State", "DONE"], ["fill", fill]]);
}

/** What a node says once the session is open. */
export type NodeWork =
  | { readonly kind: "done" }
  | { readonly kind: "request"; readonly name: string; readonly checksum: number }
  | { readonly kind: "unknown" };

/**
 * Reads what a node wants.
 *
 * @throws {ProtocolError} `message-malformed` for a request without name or checksum.
 */
export function readNodeWork(members: ReadonlyMap<string, unknown>): NodeWork {
  const what = "the node's REQUEST";
  const state = members.get("State");
  if (state === "DONE") return { kind: "done" };
  if (state !== "REQUEST") return { kind: "unknown" };
  const value = members.get("crc32");
  // The original's vault takes the digits of a number as a text, too.
  const checksum = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof checksum !== "number" || !Number.isInteger(checksum)) {
    throw malformed(`crc32 of ${what}`);
  }
  return { kind: "request", name: textOf(members, "FILE", what), checksum };
}

/** Writes the answer to a request: all of the request, and how it ends. */
export function answer(
  requested: ReadonlyMap<string, unknown>,
  { status, body = "" }: { readonly status: AnswerStatus; readonly body?: string },
): Members {
  const members = new Map(requested).set("State", "DATA");
  // What a request may have under these names is not repeated: they stand last, and are ours.
  for (const name of ["Status", "Body"]) members.delete(name);
  // The original's two ways to end give these in two orders.
  if (status === "Match") return members.set("Status", status).set("Body", body);
  return members.set("Body", body).set("Status", status);
}

/** Writes the answer to what is not known; the original's first version has these words. */
export function unknownCommand(received: ReadonlyMap<string, unknown>): Members {
  return new Map(received).set("Body", "").set("Status", "Unknown Command");
}

/**
 * Reads the answer to a request, whose text was handed on while it came.
 *
 * @throws {ProtocolError} `message-unexpected` where it answers another request,
 * `message-malformed`.
 */
export function readAnswer(
  members: ReadonlyMap<string, unknown>,
  { name, fill }: Pick<FileRequest, "name" | "fill">,
): AnswerStatus {
  const what = "the vault's DATA";
  requireState(members, "DATA", what);
  checkEcho(members, "FILE", { expected: name, what });
  checkEcho(members, "fill", { expected: fill, what });
  const status = textOf(members, "Status", what);
  if (status === "Match" || status === "FileNotFound") return status;
  if (status !== "Success") throw malformed(`Status of ${what}`);
  if (members.get("Body") !== TEXT_WAS_STREAMED) throw malformed(`Body of ${what}`);
  return status;
}

/**
 * Returns how long the line of a request for a file may become, newline included.
 *
 * The original's vault reads at most 8,192 bytes of it, and of a line that is too long for one TCP
 * segment perhaps less.
 *
 * @example
 * ```ts
 * import { requestLineBytes } from "@fluxvault/fluxvault/protocol/original";
 *
 * console.assert(requestLineBytes("db.password") < 8_192);
 * console.assert(requestLineBytes("x".repeat(4_096)) > 8_192); // No vault would read it whole.
 * ```
 */
export function requestLineBytes(name: string): number {
  const longest = { name, checksum: 2 ** 32 - 1, fill: "0".repeat(2 * FILL_BYTES) };
  const plaintext = encodeJsonObject(request(longest));
  return ENVELOPE_BYTES + 2 * plaintext.length;
}
