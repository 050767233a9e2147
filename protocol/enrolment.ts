/**
 * The enrolment proof: the agent knows a secret from its private environment (spec, section 6).
 *
 * @module
 */
import { base64urlnopad } from "@scure/base";
import { type Bytes, concatBytes, copyBytes, encodeUtf8 } from "./bytes.ts";

/** The length of an enrolment proof in bytes. */
export const ENROLMENT_PROOF_BYTES = 32;

const CONTEXT = encodeUtf8("fluxvault/2 enrolment\n");
const SECRET_BYTES = 32;

/**
 * Reads an enrolment secret as it is handed around: 43 characters of base64url.
 *
 * @returns The 32 bytes, or `null` for anything else: a secret that a person made up is refused.
 *
 * @example
 * ```ts
 * import { decodeEnrolmentSecret } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(decodeEnrolmentSecret("A".repeat(43))?.length === 32);
 * console.assert(decodeEnrolmentSecret("a password of mine") === null);
 * ```
 */
export function decodeEnrolmentSecret(text: string): Bytes | null {
  try {
    const bytes = copyBytes(base64urlnopad.decode(text));
    return bytes.length === SECRET_BYTES ? bytes : null;
  } catch {
    return null;
  }
}

/** What an enrolment proof speaks of. */
export interface EnrolmentClaim {
  /** The transcript of the session; 32 bytes. */
  readonly transcript: Bytes;
  /** The agent's raw identity key; 32 bytes. */
  readonly publicKey: Bytes;
  /** The app that the agent says it belongs to, or `null`. */
  readonly app: string | null;
  /** The component that the agent says it is, or `null`. */
  readonly component: string | null;
}

/** Length-prefixes a name: uint16, big-endian, then UTF-8; an absent name has length 0. */
function prefixed(name: string | null): Bytes {
  const bytes = encodeUtf8(name ?? "");
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
}

function claimBytes(claim: EnrolmentClaim): Bytes {
  const { transcript, publicKey, app, component } = claim;
  return concatBytes(CONTEXT, transcript, publicKey, prefixed(app), prefixed(component));
}

async function importSecret(secret: Bytes, use: "sign" | "verify"): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", secret, algorithm, false, [use]);
}

/**
 * Computes the proof: HMAC-SHA-256 over the claim; 32 bytes.
 *
 * @example
 * ```ts
 * import { proveEnrolment, randomBytes, verifyEnrolment } from "@fluxvault/fluxvault/protocol";
 *
 * const secret = randomBytes(32); // Both know it: it is in the agent's private environment.
 * const claim = {
 *   transcript: randomBytes(32),
 *   publicKey: randomBytes(32),
 *   app: "shop",
 *   component: "web",
 * };
 * const proof = await proveEnrolment(secret, claim);
 * console.assert(await verifyEnrolment(secret, proof, claim));
 * ```
 */
export async function proveEnrolment(secret: Bytes, claim: EnrolmentClaim): Promise<Bytes> {
  const key = await importSecret(secret, "sign");
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, claimBytes(claim)));
}

/**
 * Tells whether a proof was made with this secret for this claim, in constant time.
 *
 * @example
 * ```ts
 * import { proveEnrolment, randomBytes, verifyEnrolment } from "@fluxvault/fluxvault/protocol";
 *
 * const secret = randomBytes(32);
 * const [transcript, publicKey] = [randomBytes(32), randomBytes(32)];
 * const claim = { transcript, publicKey, app: "shop", component: "web" };
 * const proof = await proveEnrolment(secret, claim);
 * // Whoever recorded it has no use for it: every session has a transcript of its own.
 * const later = { ...claim, transcript: randomBytes(32) };
 * console.assert(!await verifyEnrolment(secret, proof, later));
 * ```
 */
export async function verifyEnrolment(
  secret: Bytes,
  proof: Bytes,
  claim: EnrolmentClaim,
): Promise<boolean> {
  const key = await importSecret(secret, "verify");
  return await crypto.subtle.verify("HMAC", key, proof, claimBytes(claim));
}
