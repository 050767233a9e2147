/**
 * What is drawn at random in a session of the original's wire, so that a recorded one can be played
 * again to the byte.
 *
 * @module
 */
import { type Bytes, encodeHex, randomBytes } from "../bytes.ts";
import { FILL_BYTES, NONCE_BYTES, SECRET_BYTES, SESSION_KEY_BYTES } from "./limits.ts";

/** Draws what a session needs. */
export interface Entropy {
  /** Draws the secret that is wrapped to the node's key; 16, 24 or 32 bytes. */
  secret(): Bytes;
  /** Draws the session key; 16, 24 or 32 bytes. */
  sessionKey(): Bytes;
  /** Draws the nonce of a sealed message; 16 bytes. */
  nonce(): Bytes;
  /** Draws the filling of a message; hex. */
  fill(): string;
  /** Wraps the secret with RSA-OAEP, SHA-1 and an empty label. */
  wrap(publicKey: CryptoKey, secret: Bytes): Promise<Bytes>;
}

/** The platform's generator, and keys of full strength where the original's had half. */
export const PLATFORM_ENTROPY: Entropy = Object.freeze({
  secret: () => randomBytes(SECRET_BYTES),
  sessionKey: () => randomBytes(SESSION_KEY_BYTES),
  nonce: () => randomBytes(NONCE_BYTES),
  fill: () => encodeHex(randomBytes(FILL_BYTES)),
  wrap: async (publicKey: CryptoKey, secret: Bytes) =>
    new Uint8Array(await crypto.subtle.encrypt({ name: "RSA-OAEP" }, publicKey, secret)),
});
