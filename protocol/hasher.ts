/**
 * SHA-256 in pieces.
 *
 * Web Crypto hashes only what is in memory at once. A file that streams past needs a hasher that
 * takes pieces; `@noble/hashes` gives one that runs anywhere, and a program that has a faster one at
 * hand (ten times so on a server) passes it in as a {@linkcode HasherFactory}.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, copyBytes } from "./bytes.ts";

/** Computes one SHA-256 digest over bytes that come in pieces. */
export interface Hasher {
  /** Takes the next piece; must have read it when it returns. */
  update(bytes: Uint8Array): void;
  /** Ends the computation and returns the 32 bytes; the hasher is spent. */
  digest(): Bytes;
}

/**
 * Makes a fresh SHA-256 hasher; may have to load it first.
 *
 * @example
 * ```ts
 * import { createHash } from "node:crypto";
 * import type { HasherFactory } from "@fluxvault/fluxvault/protocol";
 *
 * // A faster one, where there is Node's.
 * const createHasher: HasherFactory = () => {
 *   const hash = createHash("sha256");
 *   return {
 *     update: (bytes) => void hash.update(bytes),
 *     digest: () => new Uint8Array(hash.digest()),
 *   };
 * }; // For `receiveAsAgent(session, store, { createHasher })`.
 * const hasher = await createHasher();
 * hasher.update(new TextEncoder().encode("abc"));
 * console.assert(hasher.digest()[0] === 0xba);
 * ```
 */
export type HasherFactory = () => Hasher | Promise<Hasher>;

/**
 * Makes a SHA-256 hasher in pure JavaScript, at some 150 MB/s.
 *
 * @example
 * ```ts
 * import { createHasher, sha256Digest } from "@fluxvault/fluxvault/protocol";
 *
 * const bytes = new TextEncoder().encode("abc");
 * const hasher = createHasher();
 * hasher.update(bytes);
 * console.assert(hasher.digest().join() === (await sha256Digest(bytes)).join());
 * ```
 */
export function createHasher(): Hasher {
  const hash = sha256.create();
  return {
    update(bytes: Uint8Array): void {
      hash.update(bytes);
    },
    digest(): Bytes {
      return copyBytes(hash.digest());
    },
  };
}
