/**
 * RSA-OAEP with chosen randomness and chosen faults, which no library offers (RFC 8017, section 7.1).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, createHash, type KeyObject, publicEncrypt } from "node:crypto";

/** What to do otherwise than the standard says. */
export interface OaepOptions {
  /** The seed, as long as the hash. */
  readonly seed: Uint8Array;
  /** The hash, of the label and of the mask. @default {"sha256"} */
  readonly hash?: "sha256" | "sha1";
  /** The label. @default {""} */
  readonly label?: string;
  /** The first byte. @default {0} */
  readonly first?: number;
  /** What stands between padding and message. @default {1} */
  readonly separator?: number;
}

function mask(seed: Uint8Array, length: number, hash: string): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; 20 * i < length; i++) {
    parts.push(createHash(hash).update(seed).update(Buffer.from([0, 0, 0, i])).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}

/** Encrypts a block as it is. */
export function encryptRaw(publicKey: KeyObject, block: Uint8Array): Buffer {
  return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
}

/** Wraps a message. */
export function wrapWithOaep(
  publicKey: KeyObject,
  message: Uint8Array,
  options: OaepOptions,
): Buffer {
  const { seed, hash = "sha256", label = "", first = 0, separator = 1 } = options;
  const blockBytes = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const labelHash = createHash(hash).update(label).digest();
  const room = blockBytes - 2 - 2 * labelHash.length - message.length;
  const data = Buffer.concat([labelHash, Buffer.alloc(room), Buffer.from([separator]), message]);
  const maskedData = xor(data, mask(seed, data.length, hash));
  const maskedSeed = xor(
    seed.subarray(0, labelHash.length),
    mask(maskedData, labelHash.length, hash),
  );
  return encryptRaw(publicKey, Buffer.concat([Buffer.from([first]), maskedSeed, maskedData]));
}

/** Wraps a message with the older padding of PKCS #1, version 1.5. */
export function wrapWithPkcs1(publicKey: KeyObject, message: Uint8Array): Buffer {
  const blockBytes = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const padding = Buffer.alloc(blockBytes - 3 - message.length, 0x5a);
  const parts = [Buffer.from([0, 2]), padding, Buffer.from([0]), message];
  return encryptRaw(publicKey, Buffer.concat(parts));
}
