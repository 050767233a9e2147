/**
 * Private keys as wallets write them: Wallet Import Format, on Bitcoin's main network.
 *
 * Base58check of a byte 0x80, the 32 bytes of the key, and a byte 0x01 where the public key is to be
 * compressed. No message of this module quotes what it was given.
 *
 * @module
 */
import { utils } from "@noble/secp256k1";
import { decodeBase58Check, encodeBase58Check, isZelId } from "./zelid.ts";

/** A private key on secp256k1. */
export interface FluxPrivateKey {
  /** The key; 32 bytes, from 1 up to the order of the curve. */
  readonly secret: Uint8Array;
  /** Whether its public key is compressed, on which its ZelID depends. */
  readonly isCompressed: boolean;
}

const MAINNET = 0x80;
const TESTNET = 0xef;
const COMPRESSED = 0x01;
const SECRET_BYTES = 32;

/**
 * Reads a private key.
 *
 * @throws {RangeError} that says what is wrong with it, as the end of a sentence about the key.
 *
 * @example
 * ```ts
 * import { decodeWif } from "@fluxvault/fluxvault/flux";
 *
 * // A key that is public, for demonstrations.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * console.assert(key.isCompressed && key.secret.length === 32);
 * ```
 */
export function decodeWif(text: string): FluxPrivateKey {
  if (isZelId(text)) throw new RangeError("is an address, not a private key");
  const bytes = decodeBase58Check(text);
  if (bytes === null) throw new RangeError("is mistyped: its checksum does not fit");
  const [version, last] = [bytes[0], bytes[bytes.length - 1]];
  if (version === TESTNET) throw new RangeError("is for a test network");
  const isCompressed = bytes.length === SECRET_BYTES + 2;
  const isWhole = isCompressed ? last === COMPRESSED : bytes.length === SECRET_BYTES + 1;
  if (version !== MAINNET || !isWhole) throw new RangeError("is no private key in WIF");
  const secret = bytes.slice(1, 1 + SECRET_BYTES);
  bytes.fill(0);
  if (!utils.isValidSecretKey(secret)) throw new RangeError("is no key of this curve");
  return { secret, isCompressed };
}

/**
 * Writes a private key.
 *
 * @example
 * ```ts
 * import { decodeWif, encodeWif, generatePrivateKey } from "@fluxvault/fluxvault/flux";
 *
 * const key = generatePrivateKey();
 * console.assert(decodeWif(encodeWif(key)).isCompressed === key.isCompressed);
 * ```
 */
export function encodeWif({ secret, isCompressed }: FluxPrivateKey): string {
  const payload = new Uint8Array(1 + SECRET_BYTES + (isCompressed ? 1 : 0));
  payload[0] = MAINNET;
  payload.set(secret, 1);
  if (isCompressed) payload[1 + SECRET_BYTES] = COMPRESSED;
  const text = encodeBase58Check(payload);
  payload.fill(0);
  return text;
}

/**
 * Makes a new private key.
 *
 * @example
 * ```ts
 * import { generatePrivateKey, isZelId, zelIdOfKey } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(isZelId(zelIdOfKey(generatePrivateKey())));
 * ```
 */
export function generatePrivateKey(): FluxPrivateKey {
  return { secret: utils.randomSecretKey(), isCompressed: true };
}
