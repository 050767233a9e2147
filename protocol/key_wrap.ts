/**
 * The session secret, wrapped by the keeper to the agent's RSA key (spec, section 3).
 *
 * @module
 */
import { type Bytes, randomBytes } from "./bytes.ts";
import { SESSION_SECRET_BYTES } from "./limits.ts";

/** Wraps a secret with RSA-OAEP and SHA-256; the result is as long as the key's modulus. */
export async function wrapSecret(publicKey: CryptoKey, secret: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt({ name: "RSA-OAEP" }, publicKey, secret));
}

/** What {@linkcode unwrapSecret} found. */
export interface UnwrappedSecret {
  /** The secret, or 32 random bytes where the unwrap failed. */
  readonly secret: Bytes;
  /** Whether the unwrap failed. Only for counting: a peer must never learn it. */
  readonly hasFailed: boolean;
}

/**
 * Unwraps a secret; never throws for what the peer sent.
 *
 * A failure yields random bytes, so that the dialogue goes on unchanged and ends where any wrong key
 * ends: at the first frame that does not open. A peer thus learns nothing about the padding.
 *
 * @param lengths How many bytes it may have.
 */
export async function unwrapSecret(
  privateKey: CryptoKey,
  wrapped: Bytes,
  lengths: readonly number[] = [SESSION_SECRET_BYTES],
): Promise<UnwrappedSecret> {
  const substitute = randomBytes(SESSION_SECRET_BYTES);
  try {
    const plain = await crypto.subtle.decrypt({ name: "RSA-OAEP" }, privateKey, wrapped);
    const secret = new Uint8Array(plain);
    if (lengths.includes(secret.length)) return { secret, hasFailed: false };
  } catch {
    // The substitute is the answer to every failure.
  }
  return { secret: substitute, hasFailed: true };
}
