/**
 * The keys that an authority signs with, and those that it makes.
 *
 * @module
 */
import type { Bytes } from "../../../protocol/mod.ts";

/** The kinds of key that an authority has itself. */
export const KEY_TYPES = ["P-256", "Ed25519"] as const;

/** One of them. */
export type KeyType = typeof KEY_TYPES[number];

/** What the platform calls a kind of key. */
function algorithmOf(type: KeyType): EcKeyImportParams | { name: "Ed25519" } {
  return type === "P-256" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
}

/** Returns how a kind of key signs. */
export function signatureOf(type: KeyType): EcdsaParams | { name: "Ed25519" } {
  return type === "P-256" ? { name: "ECDSA", hash: "SHA-256" } : { name: "Ed25519" };
}

/** A new key: its public half, and the private one in PKCS#8. */
export interface NewKey {
  /** What others check with. */
  readonly publicKey: CryptoKey;
  /** What signs; it cannot be read. */
  readonly privateKey: CryptoKey;
  /** The private key in PKCS#8, to be overwritten once it is sealed or handed over. */
  readonly pkcs8: Bytes;
}

/** Makes a key. */
export async function generateKey(type: KeyType): Promise<NewKey> {
  const pair = await crypto.subtle.generateKey(algorithmOf(type), true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("a pair of keys was not made as one");
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const privateKey = await importPrivateKey(pkcs8, type);
  return { publicKey: pair.publicKey, privateKey, pkcs8 };
}

/** Reads a private key in PKCS#8; it can sign and not be read again. */
export async function importPrivateKey(pkcs8: Bytes, type: KeyType): Promise<CryptoKey> {
  return await crypto.subtle.importKey("pkcs8", pkcs8, algorithmOf(type), false, ["sign"]);
}
