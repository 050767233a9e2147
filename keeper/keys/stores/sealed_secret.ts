/**
 * A secret under a passphrase, as the bytes of a file: Argon2id (RFC 9106) and AES-256-GCM.
 *
 * The file is JSON. Everything in it beside the sealed secret, the id and the cost of the key among it,
 * is authenticated with it, so that no file can pass for another. What a file asks for is bounded
 * before it is done: a damaged one takes neither gigabytes nor hours.
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
import {
  KDF_MEMORY_KIB,
  KDF_PASSES,
  MAX_KDF_MEMORY_KIB,
  MAX_KDF_WORK_KIB,
  MAX_SECRET_LENGTH,
  NONCE_BYTES,
  SALT_BYTES,
} from "../limits.ts";

/** What deriving a key from a passphrase costs, whoever tries. */
export interface KeyCost {
  /** The memory that it takes, in KiB. */
  readonly memoryKiB: number;
  /** How often it passes over that memory. */
  readonly passes: number;
}

/** What a new file costs: a second, and 64 MiB. */
export const DEFAULT_KEY_COST: KeyCost = Object.freeze({
  memoryKiB: KDF_MEMORY_KIB,
  passes: KDF_PASSES,
});

/** A secret that is sealed, and what is known of it without its passphrase. */
export interface SealedSecret {
  /** The id of the secret. */
  readonly id: string;
  /** What its key costs. */
  readonly cost: KeyCost;
  /** The salt of its key; 16 bytes. */
  readonly salt: Bytes;
  /** The nonce; 12 bytes. */
  readonly nonce: Bytes;
  /** The secret, encrypted, with its tag. */
  readonly sealed: Bytes;
}

/** The options of {@linkcode sealSecret}. */
export interface SealOptions {
  /** The id of the secret. */
  readonly id: string;
  /** What its key is to cost. @default {DEFAULT_KEY_COST} */
  readonly cost?: KeyCost;
}

const VERSION = 1;
const KDF = "argon2id";
const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const LANES = 1;
/** The least memory that Argon2 works with, in KiB. */
const MIN_MEMORY_KIB = 8;

type Header = Omit<SealedSecret, "sealed">;

/** Seals a secret under a passphrase. */
export async function sealSecret(
  secret: string,
  passphrase: string,
  { id, cost = DEFAULT_KEY_COST }: SealOptions,
): Promise<SealedSecret> {
  const header: Header = {
    id,
    cost,
    salt: randomBytes(SALT_BYTES),
    nonce: randomBytes(NONCE_BYTES),
  };
  const key = await deriveKey(passphrase, header);
  const plain = encodeUtf8(secret);
  const sealed = await crypto.subtle.encrypt(algorithmOf(header), key, plain);
  plain.fill(0);
  return { ...header, sealed: new Uint8Array(sealed) };
}

/**
 * Opens a secret.
 *
 * @returns The secret, or `null` where the passphrase is another or anything was changed.
 */
export async function openSealedSecret(
  sealed: SealedSecret,
  passphrase: string,
): Promise<string | null> {
  const key = await deriveKey(passphrase, sealed);
  let plain: Bytes;
  try {
    plain = new Uint8Array(await crypto.subtle.decrypt(algorithmOf(sealed), key, sealed.sealed));
  } catch {
    return null;
  }
  const secret = decodeUtf8(plain);
  plain.fill(0);
  return secret;
}

async function deriveKey(passphrase: string, { cost, salt }: Header): Promise<CryptoKey> {
  // It is loaded only where a passphrase is used.
  const { argon2idAsync } = await import("@noble/hashes/argon2.js");
  // One text can be typed as different code points.
  const password = encodeUtf8(passphrase.normalize("NFC"));
  const raw = Uint8Array.from(
    await argon2idAsync(password, salt, {
      m: cost.memoryKiB,
      t: cost.passes,
      p: LANES,
      dkLen: KEY_BYTES,
    }),
  );
  password.fill(0);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return key;
}

function algorithmOf(header: Header): AesGcmParams {
  const additionalData = encodeUtf8(JSON.stringify(membersOf(header)));
  return { name: "AES-GCM", iv: header.nonce, additionalData };
}

function membersOf({ id, cost, salt, nonce }: Header) {
  return {
    version: VERSION,
    id,
    kdf: {
      name: KDF,
      memoryKiB: cost.memoryKiB,
      passes: cost.passes,
      lanes: LANES,
      salt: base64urlnopad.encode(salt),
    },
    cipher: { name: CIPHER, nonce: base64urlnopad.encode(nonce) },
  };
}

/** Writes the file of a sealed secret. */
export function encodeSealedSecret(secret: SealedSecret): Bytes {
  const members = { ...membersOf(secret), sealed: base64urlnopad.encode(secret.sealed) };
  return encodeUtf8(`${JSON.stringify(members, null, 2)}\n`);
}

/**
 * Reads the file of a sealed secret.
 *
 * @throws {StorageError} `state-malformed` where it is none, is of another version, or asks for more
 * memory or time than it may.
 */
export function decodeSealedSecret(bytes: Uint8Array): SealedSecret {
  let file: Record<string, unknown>;
  try {
    file = objectOf(JSON.parse(decodeUtf8(bytes)));
  } catch {
    throw malformed("it is no JSON object");
  }
  if (file["version"] !== VERSION) throw malformed(`it is not of version ${VERSION}`);
  const { id } = file;
  if (typeof id !== "string") throw malformed("its id is missing");
  const kdf = objectOf(file["kdf"]);
  const cipher = objectOf(file["cipher"]);
  if (kdf["name"] !== KDF || kdf["lanes"] !== LANES || cipher["name"] !== CIPHER) {
    throw malformed("it is encrypted in an unknown way");
  }
  return {
    id,
    cost: costOf(kdf),
    salt: bytesOf(kdf["salt"], SALT_BYTES),
    nonce: bytesOf(cipher["nonce"], NONCE_BYTES),
    sealed: sealedOf(file["sealed"]),
  };
}

function malformed(reason: string): StorageError {
  return new StorageError("state-malformed", `this is no file of a key: ${reason}`);
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw malformed("a part of it is missing");
}

function costOf({ memoryKiB, passes }: Record<string, unknown>): KeyCost {
  const isSound = typeof memoryKiB === "number" && Number.isSafeInteger(memoryKiB) &&
    typeof passes === "number" && Number.isSafeInteger(passes) &&
    memoryKiB >= MIN_MEMORY_KIB && memoryKiB <= MAX_KDF_MEMORY_KIB &&
    passes >= 1 && memoryKiB * passes <= MAX_KDF_WORK_KIB;
  if (!isSound) throw malformed("it asks for more memory or time than it may");
  return { memoryKiB, passes };
}

function bytesOf(value: unknown, length?: number): Bytes {
  let bytes: Bytes | null = null;
  try {
    if (typeof value === "string") bytes = Uint8Array.from(base64urlnopad.decode(value));
  } catch {
    // It is refused below.
  }
  if (bytes === null || (length !== undefined && bytes.length !== length)) {
    throw malformed("a part of it is damaged");
  }
  return bytes;
}

function sealedOf(value: unknown): Bytes {
  const sealed = bytesOf(value);
  if (sealed.length >= TAG_BYTES && sealed.length <= TAG_BYTES + MAX_SECRET_LENGTH) return sealed;
  throw malformed("a part of it is damaged");
}
