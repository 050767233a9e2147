/**
 * The two opening lines, in clear text (spec, section 2).
 *
 * @module
 */
import { type Bytes, encodeHex, encodeUtf8 } from "./bytes.ts";
import { OriginalPeerError, ProtocolError } from "./errors.ts";
import { MAX_OPENING_LINE_BYTES, OPENING_NONCE_BYTES, PROTOCOL_VERSION } from "./limits.ts";
import { MessageFields } from "./message_fields.ts";
import { decodePublicKeyPem } from "./rsa_key.ts";

/** The suite of this version: RSA-OAEP with SHA-256, AES-256-GCM, HKDF-SHA-256. */
export const SUITE_RSA_OAEP = "RSA-OAEP-256+A256GCM";

const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const SUITE_NAME = /^[A-Za-z0-9+-]{1,64}$/;
const MAX_SUITES = 16;

/** Line 1: what the agent offers. */
export interface AgentOpening {
  /** An ephemeral RSA public key in PEM. */
  readonly publicKeyPem: string;
  /** The names of the suites that the agent speaks. */
  readonly suites: readonly string[];
  /** 32 bytes, new for each connection. */
  readonly nonce: Bytes;
}

/** Line 2: what the keeper chose. */
export interface KeeperOpening {
  /** One of the suites that line 1 offered. */
  readonly suite: string;
  /** 32 bytes, new for each connection. */
  readonly nonce: Bytes;
  /** The session secret, wrapped to the agent's key. */
  readonly wrappedSecret: Bytes;
}

/** A client that answered in the manner of the original FluxVault, which has no version. */
export interface OriginalOpening {
  /** Always `true`; tells the two kinds of line 2 apart. */
  readonly isOriginal: true;
}

function encodeLine(members: Record<string, unknown>): Bytes {
  return encodeUtf8(JSON.stringify(members) + "\n");
}

function parseLine(line: Bytes, what: string): MessageFields {
  if (line.length > MAX_OPENING_LINE_BYTES) {
    throw new ProtocolError("line-too-long", `${what} is longer than ${MAX_OPENING_LINE_BYTES}`);
  }
  if (line[0] !== OPEN_BRACE || line.indexOf(NEWLINE) !== line.length - 1) {
    throw new ProtocolError("message-malformed", `${what} is not one line of JSON`);
  }
  return MessageFields.parse(line, what);
}

function requireVersion(fields: MessageFields, what: string): void {
  if (fields.raw("Version") !== PROTOCOL_VERSION) {
    throw new ProtocolError(
      "version-unsupported",
      `${what} speaks another version of the protocol than ${PROTOCOL_VERSION}`,
    );
  }
}

/** Writes line 1, newline included. */
export function encodeAgentOpening(opening: AgentOpening): Bytes {
  return encodeLine({
    State: "KEYSENT",
    Version: PROTOCOL_VERSION,
    PublicKey: opening.publicKeyPem,
    Suites: opening.suites,
    Nonce: encodeHex(opening.nonce),
  });
}

/**
 * Reads line 1.
 *
 * @returns What the agent offers, and its public key in DER.
 * @throws {ProtocolError} `version-unsupported` for the original's nodes and for later versions,
 * `key-malformed`, `message-malformed`, `line-too-long`.
 */
export function decodeAgentOpening(line: Bytes): AgentOpening & { readonly publicKeyDer: Bytes } {
  const what = "the agent's opening line";
  const fields = parseLine(line, what);
  if (!fields.has("Version") && typeof fields.raw("PublicKey") === "string") {
    throw new OriginalPeerError("the agent speaks the wire of the original FluxVault");
  }
  requireVersion(fields, "the agent");
  fields.text("State", /^KEYSENT$/);
  const publicKeyPem = fields.text("PublicKey", /^/);
  return {
    publicKeyPem,
    publicKeyDer: decodePublicKeyPem(publicKeyPem),
    suites: fields.texts("Suites", { pattern: SUITE_NAME, max: MAX_SUITES }),
    nonce: fields.hex("Nonce", OPENING_NONCE_BYTES),
  };
}

/** Writes line 2, newline included. */
export function encodeKeeperOpening(opening: KeeperOpening): Bytes {
  return encodeLine({
    State: "AESKEY",
    Version: PROTOCOL_VERSION,
    Suite: opening.suite,
    Nonce: encodeHex(opening.nonce),
    Key: encodeHex(opening.wrappedSecret),
  });
}

/**
 * Reads line 2.
 *
 * @param wrappedBytes How long the wrapped secret must be: the size of the offered key's modulus.
 * @returns The keeper's choice, or the mark of a client that speaks as the original FluxVault did.
 * @throws {ProtocolError} `version-unsupported`, `suite-unsupported`, `message-malformed`,
 * `line-too-long`.
 */
export function decodeKeeperOpening(
  line: Bytes,
  wrappedBytes: number,
): KeeperOpening | OriginalOpening {
  const what = "the keeper's opening line";
  const fields = parseLine(line, what);
  if (!fields.has("Version") && typeof fields.raw("enc_session_key") === "string") {
    return { isOriginal: true };
  }
  if (!fields.has("Version")) {
    throw new ProtocolError("message-malformed", `${what} has no Version`);
  }
  requireVersion(fields, "the keeper");
  fields.text("State", /^AESKEY$/);
  const suite = fields.text("Suite", SUITE_NAME);
  if (suite !== SUITE_RSA_OAEP) {
    throw new ProtocolError("suite-unsupported", "the keeper chose a suite that was not offered");
  }
  return {
    suite,
    nonce: fields.hex("Nonce", OPENING_NONCE_BYTES),
    wrappedSecret: fields.hex("Key", wrappedBytes),
  };
}
