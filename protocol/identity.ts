/**
 * The agent's identity: an Ed25519 key that outlives sessions (spec, section 6).
 *
 * @module
 */
import { base32nopad, base64urlnopad } from "@scure/base";
import { type Bytes, concatBytes, encodeHex, encodeUtf8, randomBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import { PeerRejectedError } from "./errors.ts";

/** The length of a raw Ed25519 public key, and of a private seed. */
export const IDENTITY_KEY_BYTES = 32;
/** The length of an Ed25519 signature. */
export const IDENTITY_SIGNATURE_BYTES = 64;

const CONTEXT = encodeUtf8("fluxvault/2 agent identity\n");
const PRIME = 2n ** 255n - 19n;

// The y coordinates of all points of order 1, 2, 4 and 8: there are five of them.
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7n;
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  PRIME - 1n,
  ORDER_8_Y,
  PRIME - ORDER_8_Y,
]);

/**
 * Tells whether 32 bytes encode a point that a signature may rest on.
 *
 * Some platforms verify forgeries under points of small order or encodings that are not canonical;
 * both are refused here, before any platform is asked.
 */
function isSoundPoint(bytes: Uint8Array): boolean {
  let y = 0n;
  for (let i = 31; i >= 0; i--) y = (y << 8n) | BigInt((bytes[i] ?? 0) & (i === 31 ? 0x7f : 0xff));
  return y < PRIME && !SMALL_ORDER_Y.has(y);
}

/** Signs for an agent. */
export interface AgentIdentity {
  /** The raw public key; 32 bytes. */
  readonly publicKey: Bytes;
  /** Signs bytes with Ed25519; 64 bytes come out. */
  sign(bytes: Bytes): Promise<Bytes>;
}

// PKCS#8 of an Ed25519 seed (RFC 8410): everything before the 32 bytes of the seed.
const PKCS8_HEAD = Uint8Array.of(
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22],
  ...[0x04, 0x20],
);

/**
 * Makes a new identity.
 *
 * @returns The seed to store: 32 secret bytes for {@linkcode importIdentity}.
 *
 * @example
 * ```ts
 * import { generateIdentitySeed, importIdentity } from "@fluxvault/fluxvault/protocol";
 *
 * const identity = await importIdentity(await generateIdentitySeed());
 * console.assert(identity.publicKey.length === 32);
 * ```
 */
export function generateIdentitySeed(): Promise<Bytes> {
  // RFC 8032, section 5.1.5: a private key is 32 bytes of random data and nothing else.
  return Promise.resolve(randomBytes(IDENTITY_KEY_BYTES));
}

/**
 * Loads an identity from its seed.
 *
 * @throws {RangeError} if the seed has another length than 32 bytes.
 *
 * @example
 * ```ts
 * import { generateIdentitySeed, importIdentity } from "@fluxvault/fluxvault/protocol";
 *
 * const identity = await importIdentity(await generateIdentitySeed());
 * console.assert(identity.publicKey.length === 32);
 * ```
 */
export async function importIdentity(seed: Bytes): Promise<AgentIdentity> {
  if (seed.length !== IDENTITY_KEY_BYTES) throw new RangeError("an identity seed has 32 bytes");
  const pkcs8 = concatBytes(PKCS8_HEAD, seed);
  const exportable = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", exportable);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  pkcs8.fill(0);
  const publicKey = new Uint8Array(base64urlnopad.decode(jwk.x ?? ""));
  return {
    publicKey,
    async sign(bytes: Bytes): Promise<Bytes> {
      return new Uint8Array(await crypto.subtle.sign("Ed25519", key, bytes));
    },
  };
}

/** Signs the transcript of a session: the proof that the identity is at this end of it. */
export function signTranscript(identity: AgentIdentity, transcript: Bytes): Promise<Bytes> {
  return identity.sign(concatBytes(CONTEXT, transcript));
}

/** An agent's proof of identity. */
export interface IdentityProof {
  /** The raw public key; 32 bytes. */
  readonly publicKey: Bytes;
  /** The signature, over the transcript of a session or what else it proves; 64 bytes. */
  readonly signature: Bytes;
}

/**
 * Tells whether a signature by an identity holds over a message.
 *
 * The message begins with a context string that nothing else signs under (spec, section 6).
 *
 * @returns `false` also for a key or a signature that no platform should rest on.
 *
 * @example
 * ```ts
 * import {
 *   generateIdentitySeed,
 *   importIdentity,
 *   verifyIdentitySignature,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const { publicKey, sign } = await importIdentity(await generateIdentitySeed());
 * const message = new TextEncoder().encode("my-app receipt\n42 files");
 * const signature = await sign(message);
 * console.assert(await verifyIdentitySignature({ publicKey, signature }, message));
 * message[message.length - 1] = 0;
 * console.assert(!await verifyIdentitySignature({ publicKey, signature }, message));
 * ```
 */
export async function verifyIdentitySignature(
  { publicKey, signature }: IdentityProof,
  message: Bytes,
): Promise<boolean> {
  if (!isSoundPoint(publicKey)) return false;
  if (!isSoundPoint(signature.subarray(0, IDENTITY_KEY_BYTES))) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    // A key that the platform refuses is as bad as a signature that does not verify.
    return false;
  }
}

/**
 * Checks a proof of identity against this end's own transcript.
 *
 * @throws {PeerRejectedError} `identity-invalid`.
 */
export async function verifyIdentityProof(proof: IdentityProof, transcript: Bytes): Promise<void> {
  if (await verifyIdentitySignature(proof, concatBytes(CONTEXT, transcript))) return;
  throw new PeerRejectedError("identity-invalid", "the agent's proof of identity is not valid", {
    by: "us",
    hint: "Somebody may be between the keeper and the agent; check the network path.",
  });
}

/**
 * Returns the fingerprint of an identity as people compare it: `SHA256:` and 43 characters.
 *
 * @param publicKey The raw public key; 32 bytes.
 *
 * @example
 * ```ts
 * import { generateIdentitySeed, identityFingerprint, importIdentity } from "@fluxvault/fluxvault/protocol";
 *
 * const { publicKey } = await importIdentity(await generateIdentitySeed());
 * console.assert((await identityFingerprint(publicKey)).startsWith("SHA256:"));
 * ```
 */
export async function identityFingerprint(publicKey: Bytes): Promise<string> {
  return "SHA256:" + base64urlnopad.encode(await sha256Digest(publicKey));
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9_-]{43}$/;

/**
 * Writes a fingerprint so that people can read it aloud and compare it: the same SHA-256 in lower-case
 * base32 (RFC 4648: no 0, 1, 8 or 9), 13 groups of 4 characters with hyphens between them.
 *
 * @param fingerprint What {@linkcode identityFingerprint} returned.
 * @throws {TypeError} if it is none.
 *
 * @example
 * ```ts
 * import { fingerprintGroups } from "@fluxvault/fluxvault/protocol";
 *
 * const groups = fingerprintGroups(`SHA256:${"A".repeat(43)}`);
 * console.assert(groups === Array(13).fill("aaaa").join("-"));
 * ```
 */
export function fingerprintGroups(fingerprint: string): string {
  if (!FINGERPRINT.test(fingerprint)) throw new TypeError("this is no fingerprint of an identity");
  // 44 characters are 33 whole bytes, whatever the spare bits of the last one are.
  const digest = base64urlnopad.decode(`${fingerprint.slice("SHA256:".length)}A`).subarray(0, 32);
  return (base32nopad.encode(digest).toLowerCase().match(/.{4}/g) ?? []).join("-");
}

/** Returns the lower-case hex of the SHA-256 of a raw public key, as statements name an agent. */
export async function identityDigestHex(publicKey: Bytes): Promise<string> {
  return encodeHex(await sha256Digest(publicKey));
}
