/**
 * Private keys as they are kept: encrypted with AES-256-GCM under the one secret of an authority.
 *
 * The file is JSON. What is in it beside the sealed key is authenticated with it, so that no file can
 * pass for another, or for one of another authority.
 *
 * @module
 */
import { base64urlnopad } from "@scure/base";
import {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  randomBytes,
  StorageError,
} from "../../../protocol/mod.ts";
import { importPrivateKey, type KeyType } from "../certificates/key_pair.ts";
import { NONCE_BYTES, SECRET_BYTES } from "../limits.ts";

/** Which key it is. */
export interface SealedKeyName {
  /** The id of the authority. */
  readonly authority: string;
  /** The id of the key. */
  readonly key: string;
  /** What kind of key it is. */
  readonly type: KeyType;
}

const VERSION = 1;
const CIPHER = "aes-256-gcm";

/** Makes a secret under which private keys are kept: 32 random bytes in 43 characters of base64url. */
export function generateAuthoritySecret(): string {
  const bytes = randomBytes(SECRET_BYTES);
  const text = base64urlnopad.encode(bytes);
  bytes.fill(0);
  return text;
}

/**
 * Reads such a secret.
 *
 * @returns The key that seals and opens, or `null` where it is none; the text is not repeated.
 */
export async function importAuthoritySecret(text: string): Promise<CryptoKey | null> {
  let raw: Bytes;
  try {
    raw = Uint8Array.from(base64urlnopad.decode(text));
  } catch {
    return null;
  }
  if (raw.length !== SECRET_BYTES) return null;
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return key;
}

/** Seals a private key, in PKCS#8, and writes it as a file; the key is overwritten. */
export async function sealPrivateKey(
  pkcs8: Bytes,
  secret: CryptoKey,
  name: SealedKeyName,
): Promise<Bytes> {
  const header = headerOf(name, randomBytes(NONCE_BYTES));
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithmOf(header), secret, pkcs8));
  pkcs8.fill(0);
  const members = { ...header, sealed: base64urlnopad.encode(sealed) };
  return encodeUtf8(`${JSON.stringify(members, null, 2)}\n`);
}

/**
 * Opens such a file.
 *
 * @returns The key, which can sign and not be read.
 * @throws {StorageError} `state-malformed` where it is damaged, another's, or sealed under another
 * secret.
 */
export async function openPrivateKey(
  file: Uint8Array,
  secret: CryptoKey,
  name: SealedKeyName,
): Promise<CryptoKey> {
  try {
    const members = JSON.parse(decodeUtf8(file));
    const header = headerOf(name, Uint8Array.from(base64urlnopad.decode(members.cipher.nonce)));
    const sealed = Uint8Array.from(base64urlnopad.decode(members.sealed));
    const pkcs8 = new Uint8Array(
      await crypto.subtle.decrypt(algorithmOf(header), secret, sealed),
    );
    const key = await importPrivateKey(pkcs8, name.type);
    pkcs8.fill(0);
    return key;
  } catch {
    // Why is not told: it would say something about the secret.
    throw new StorageError(
      "state-malformed",
      `the private key ${name.key} of the authority cannot be opened`,
      {
        hint: "Bring the folder of the authority back from a backup, with the secret of that time.",
      },
    );
  }
}

interface Header extends SealedKeyName {
  readonly version: number;
  readonly cipher: { readonly name: string; readonly nonce: string };
}

function headerOf({ authority, key, type }: SealedKeyName, nonce: Bytes): Header {
  return {
    version: VERSION,
    authority,
    key,
    type,
    cipher: { name: CIPHER, nonce: base64urlnopad.encode(nonce) },
  };
}

function algorithmOf(header: Header): AesGcmParams {
  const iv = Uint8Array.from(base64urlnopad.decode(header.cipher.nonce));
  return { name: "AES-GCM", iv, additionalData: encodeUtf8(JSON.stringify(header)) };
}
