/**
 * What an agent signs of its results: section 8, step 7.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { Counts } from "./results.ts";

const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

/** What is signed. */
export interface SignedResults {
  /** T. */
  readonly transcript: Uint8Array;
  /** The SHA-256 of the lines. */
  readonly digest: Uint8Array;
  /** The numbers of DONE. */
  readonly counts: Counts;
}

function signedBytes({ transcript, digest, counts }: SignedResults): Buffer {
  const { Created, Updated, Reowned, Removed, Unchanged, Missing, Failed } = counts;
  const numbers = Buffer.alloc(56);
  [Created, Updated, Reowned, Removed, Unchanged, Missing, Failed].forEach((count, i) => {
    numbers.writeBigUInt64BE(BigInt(count), 8 * i);
  });
  return Buffer.concat([Buffer.from("fluxvault/2 agent results\n"), transcript, digest, numbers]);
}

/** Signs results. */
export function signResults(identity: KeyObject, results: SignedResults): Buffer {
  return sign(null, signedBytes(results), identity);
}

/** Checks a signature under a raw key. */
export function verifyResults(
  key: Uint8Array,
  signature: Uint8Array,
  results: SignedResults,
): boolean {
  const der = Buffer.concat([SPKI_ED25519, key]);
  const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, signedBytes(results), publicKey, signature);
}
