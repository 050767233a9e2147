/**
 * Who the agent is and what the keeper signs: section 6.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { require } from "./failure.ts";
import { type Fields, hexOf, isAbsent, MAX_NUMBER, numberOf, textOf } from "./json.ts";
import { sha256 } from "./key_schedule.ts";

const NAME = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

/** Whether an encoded point is of order 1, 2, 4 or 8, or not canonical. */
export function isWeakPoint(encoded: Uint8Array): boolean {
  const bytes = Buffer.from(encoded).reverse();
  const y = BigInt(`0x${bytes.toString("hex")}`) & (2n ** 255n - 1n);
  if (y >= P) return true;
  const y2 = (y * y) % P;
  // y = 0 has order 4, y^2 = 1 order 1 or 2; a double with y = 0 means d y^4 + 2 y^2 - 1 = 0.
  return y === 0n || y2 === 1n || (D * y2 * y2 + 2n * y2 - 1n) % P === 0n;
}

/** The agent's raw public key. */
export function rawKey(identity: KeyObject): Buffer {
  const der = createPublicKey(identity).export({ type: "spki", format: "der" });
  return Buffer.from(der.subarray(SPKI_ED25519.length));
}

function signedText(transcript: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from("fluxvault/2 agent identity\n"), transcript]);
}

/** Proves the agent's identity for this session. */
export function proveIdentity(identity: KeyObject, transcript: Uint8Array): Buffer {
  return sign(null, signedText(transcript), identity);
}

/** Checks it. */
export function verifyIdentity(key: Buffer, signature: Buffer, transcript: Uint8Array): boolean {
  if (isWeakPoint(key) || isWeakPoint(signature.subarray(0, 32))) return false;
  const der = Buffer.concat([SPKI_ED25519, key]);
  try {
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, signedText(transcript), publicKey, signature);
  } catch {
    return false;
  }
}

/** Where an agent says that it belongs. */
export interface Scope {
  /** The name of the application, or null. */
  readonly app: string | null;
  /** The name of the component, or null. */
  readonly component: string | null;
}

/** Computes the proof that the agent holds the enrolment secret. */
export function proveEnrolment(
  secret: string,
  transcript: Uint8Array,
  key: Uint8Array,
  scope: Scope,
): Buffer {
  require(/^[A-Za-z0-9_-]{43}$/.test(secret), "TypeError", "an enrolment secret");
  const bytes = Buffer.from(secret, "base64url");
  require(bytes.toString("base64url") === secret, "TypeError", "an enrolment secret");
  const hmac = createHmac("sha256", bytes).update("fluxvault/2 enrolment\n");
  hmac.update(transcript).update(key);
  for (const name of [scope.app ?? "", scope.component ?? ""]) {
    const text = Buffer.from(name);
    hmac.update(Buffer.from([text.length >> 8, text.length & 255])).update(text);
  }
  return hmac.digest();
}

/** What an agent says of itself. */
export interface Claim extends Scope {
  /** Its process, 16 bytes. */
  readonly instance: Buffer;
  /** Its raw key, 32 bytes. */
  readonly key: Buffer;
  /** The proof for the key. */
  readonly signature: Buffer;
  /** The proof of enrolment, or null. */
  readonly enrolment: Buffer | null;
}

function nameOf(fields: Fields, name: string): string | null {
  if (isAbsent(fields[name])) return null;
  const text = textOf(fields, name);
  require(NAME.test(text), "message-malformed", name);
  return text;
}

/** Reads the agent's STARTAES. */
export function parseClaim(fields: Fields): Claim {
  require(textOf(fields, "Text") === "Test", "message-malformed", "Text");
  const identity = fields.Identity;
  require(typeof identity === "object" && identity !== null, "message-malformed", "Identity");
  return {
    app: nameOf(fields, "App"),
    component: nameOf(fields, "Component"),
    instance: hexOf(fields, "Instance", 16),
    key: hexOf(identity as Fields, "Key", 32),
    signature: hexOf(identity as Fields, "Signature", 64),
    enrolment: isAbsent(fields.Enrolment) ? null : hexOf(fields, "Enrolment", 32),
  };
}

/** The statement's subject and time. */
export interface StatementParts extends Scope {
  /** The agent's raw key. */
  readonly key: Uint8Array;
  /** T. */
  readonly transcript: Uint8Array;
  /** When it was made, in seconds. */
  readonly issued: number;
}

/** Composes what the keeper signs in the handshake. */
export function composeStatement(parts: StatementParts): string {
  return [
    "FluxVault keeper statement",
    "version: 2",
    `app: ${parts.app ?? "-"}`,
    `component: ${parts.component ?? "-"}`,
    `agent: ${sha256(parts.key).toString("hex")}`,
    `transcript: ${Buffer.from(parts.transcript).toString("hex")}`,
    `issued: ${parts.issued}`,
    `expires: ${parts.issued + 300}`,
  ].join("\n");
}

/** What a signed manifest states. */
export interface ManifestStatementParts extends Scope {
  /** The agent's raw key. */
  readonly key: Uint8Array;
  /** Grows with each manifest. */
  readonly revision: number;
  /** When it was made, in seconds. */
  readonly issued: number;
  /** When it ends, in seconds. */
  readonly expires: number;
  /** The SHA-256 of its bytes. */
  readonly digest: Uint8Array;
}

/** Composes what the keeper signs of a manifest. */
export function composeManifestStatement(parts: ManifestStatementParts): string {
  return [
    "FluxVault keeper manifest",
    "version: 2",
    `app: ${parts.app ?? "-"}`,
    `component: ${parts.component ?? "-"}`,
    `agent: ${sha256(parts.key).toString("hex")}`,
    `revision: ${parts.revision}`,
    `issued: ${parts.issued}`,
    `expires: ${parts.expires}`,
    `manifest: ${Buffer.from(parts.digest).toString("hex")}`,
  ].join("\n");
}

/** What a keeper says of itself. */
export interface KeeperClaim {
  /** For the log. */
  readonly address: string;
  /** In seconds. */
  readonly issued: number;
  /** In seconds. */
  readonly expires: number;
  /** 65 bytes in base64. */
  readonly signature: string;
}

/** Reads the keeper's STARTAES; null where it does not sign. */
export function parsePassed(fields: Fields): KeeperClaim | null {
  require(textOf(fields, "Text") === "Passed", "message-malformed", "Text");
  if (isAbsent(fields.Keeper)) return null;
  require(typeof fields.Keeper === "object" && fields.Keeper !== null, "message-malformed");
  const keeper = fields.Keeper as Fields;
  const address = textOf(keeper, "Address");
  require(/^[1-9A-HJ-NP-Za-km-z]{25,34}$/.test(address), "message-malformed", "Address");
  return {
    address,
    issued: numberOf(keeper, "Issued", MAX_NUMBER),
    expires: numberOf(keeper, "Expires", MAX_NUMBER),
    signature: signatureOf(keeper),
  };
}

/** Reads a signature of 65 bytes in canonical base64. */
export function signatureOf(fields: Fields): string {
  const text = textOf(fields, "Signature");
  const bytes = Buffer.from(text, "base64");
  require(bytes.length === 65 && bytes.toString("base64") === text, "message-malformed");
  return text;
}

/** Checks the keeper's statement as the agent does. */
export function checkStatement(
  claim: KeeperClaim | null,
  parts: Omit<StatementParts, "issued"> & { readonly now: number },
  verifier: (text: string, signature: string) => boolean,
): void {
  require(claim !== null, "statement-missing");
  const { issued, expires } = claim;
  require(expires === issued + 300, "statement-expired", "lifetime");
  require(Math.abs(issued - parts.now) <= 300, "statement-expired", "issued");
  require(expires >= parts.now, "statement-expired", "expires");
  const text = composeStatement({ ...parts, issued });
  require(verifier(text, claim.signature), "statement-invalid");
}
