/**
 * Bitcoin signed messages, as FluxOS takes them: a text, signed so that the address of the signer can
 * be worked out from the signature.
 *
 * The hash is double SHA-256 of `0x18 "Bitcoin Signed Message:\n"`, the length of the text in UTF-8 as
 * a CompactSize, and the text. The signature is canonical base64 of 65 bytes: a header, r and s. The
 * header is 27 and the number of the candidate key, and 4 more where the public key is compressed.
 *
 * What a caller signs must be composed by himself: a signature over a text that a peer chose is a login
 * or an app update on the Flux network. Signature bytes identify nothing, since anybody can turn a
 * signature into another one of the same signer and text.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { getPublicKey, Point, recoverPublicKeyAsync, signAsync } from "@noble/secp256k1";
import { base64 } from "@scure/base";
import type { FluxPrivateKey } from "./wif.ts";
import { zelIdOf } from "./zelid.ts";

const MAGIC = "\x18Bitcoin Signed Message:\n";
const SIGNATURE_BYTES = 65;
const FIRST_HEADER = 27;
const COMPRESSED_HEADER = 31;
const HEADERS_END = 35;
/** 65 bytes in base64. */
const BASE64_LENGTH = 88;

const ENCODER = new TextEncoder();

/** Writes a length as Bitcoin's CompactSize. */
function compactSize(length: number): Uint8Array {
  if (length < 0xfd) return Uint8Array.of(length);
  if (length <= 0xffff) return Uint8Array.of(0xfd, length & 0xff, length >> 8);
  const long = new Uint8Array(5);
  long[0] = 0xfe;
  new DataView(long.buffer).setUint32(1, length, true);
  return long;
}

/** Returns what is signed of a text; 32 bytes. */
export function hashSignedMessage(text: string): Uint8Array {
  const message = ENCODER.encode(text);
  const hasher = sha256.create();
  hasher.update(ENCODER.encode(MAGIC)).update(compactSize(message.length)).update(message);
  return sha256(hasher.digest());
}

/**
 * Signs a text, always with the lower of the two values that s may have, and always alike.
 *
 * @returns 88 characters of base64.
 *
 * @example
 * ```ts
 * import { generatePrivateKey, recoverSigner, signMessage, zelIdOfKey } from "@fluxvault/fluxvault/flux";
 *
 * const key = generatePrivateKey();
 * const signature = await signMessage("a text of our own", key);
 * console.assert(await recoverSigner("a text of our own", signature) === zelIdOfKey(key));
 * ```
 */
export async function signMessage(text: string, key: FluxPrivateKey): Promise<string> {
  const hash = hashSignedMessage(text);
  const signed = await signAsync(hash, key.secret, { prehash: false, format: "recovered" });
  const signature = signed.slice();
  // The library writes the number of the candidate key where Bitcoin has the header.
  signature[0] = (signed[0] ?? 0) + (key.isCompressed ? COMPRESSED_HEADER : FIRST_HEADER);
  return base64.encode(signature);
}

/**
 * Works out who signed a text.
 *
 * Any signature that is well-formed leads to some address: compare it with the one that is expected.
 *
 * @returns The ZelID of the signer, or `null` where the signature is none.
 *
 * @example
 * ```ts
 * import { decodeWif, recoverSigner, signMessage } from "@fluxvault/fluxvault/flux";
 *
 * // A key that is public, for demonstrations.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * const signature = await signMessage("a statement of our own", key);
 * const signer = await recoverSigner("a statement of our own", signature);
 * console.assert(signer === "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM");
 * ```
 */
export async function recoverSigner(text: string, signature: string): Promise<string | null> {
  const bytes = decodeSignature(signature);
  if (bytes === null) return null;
  const header = bytes[0] ?? 0;
  const isCompressed = header >= COMPRESSED_HEADER;
  bytes[0] = header - (isCompressed ? COMPRESSED_HEADER : FIRST_HEADER);
  try {
    const options = { prehash: false };
    const publicKey = await recoverPublicKeyAsync(bytes, hashSignedMessage(text), options);
    return zelIdOf(isCompressed ? publicKey : Point.fromBytes(publicKey).toBytes(false));
  } catch {
    // r or s is out of its range, or leads to no point of the curve.
    return null;
  }
}

function decodeSignature(signature: string): Uint8Array | null {
  if (signature.length !== BASE64_LENGTH) return null;
  let bytes: Uint8Array;
  try {
    bytes = base64.decode(signature);
  } catch {
    return null;
  }
  const header = bytes[0] ?? 0;
  const isSound = bytes.length === SIGNATURE_BYTES && base64.encode(bytes) === signature &&
    header >= FIRST_HEADER && header < HEADERS_END;
  return isSound ? bytes.slice() : null;
}

/**
 * Returns the ZelID of a private key.
 *
 * @example
 * ```ts
 * import { decodeWif, zelIdOfKey } from "@fluxvault/fluxvault/flux";
 *
 * // A key that is public, for demonstrations.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * console.assert(zelIdOfKey(key) === "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM");
 * ```
 */
export function zelIdOfKey({ secret, isCompressed }: FluxPrivateKey): string {
  return zelIdOf(getPublicKey(secret, isCompressed));
}
