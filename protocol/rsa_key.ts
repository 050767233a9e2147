/**
 * The agent's ephemeral RSA keys on the wire: strict SubjectPublicKeyInfo in PEM (spec, section 3).
 *
 * @module
 */
import { base64 } from "@scure/base";
import { type Bytes, concatBytes, copyBytes, equalBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";

/** The sizes of RSA modulus that are accepted, in bits. */
export type RsaModulusBits = 2048 | 3072 | 4096;

const PEM_HEAD = "-----BEGIN PUBLIC KEY-----\n";
const PEM_TAIL = "\n-----END PUBLIC KEY-----";
const PEM_COLUMNS = 64;

const ALGORITHM = { name: "RSA-OAEP", hash: "SHA-256" } as const;

// DER of rsaEncryption with NULL parameters (RFC 8017, appendix A.1).
const ALGORITHM_IDENTIFIER = Uint8Array.of(
  ...[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00],
);
const EXPONENT_65537 = Uint8Array.of(0x02, 0x03, 0x01, 0x00, 0x01);

function longLength(tag: number, length: number): Bytes {
  return Uint8Array.of(tag, 0x82, length >> 8, length & 0xff);
}

/** Returns what precedes the modulus in the DER of a key of this size; nothing in it is variable. */
function derHead(modulusBytes: number): Bytes {
  const integer = concatBytes(longLength(0x02, modulusBytes + 1), Uint8Array.of(0));
  const sequenceBytes = integer.length + modulusBytes + EXPONENT_65537.length;
  const sequence = longLength(0x30, sequenceBytes);
  const bitString = concatBytes(
    longLength(0x03, 1 + sequence.length + sequenceBytes),
    Uint8Array.of(0),
  );
  const bodyBytes = ALGORITHM_IDENTIFIER.length + bitString.length + sequence.length +
    sequenceBytes;
  return concatBytes(
    longLength(0x30, bodyBytes),
    ALGORITHM_IDENTIFIER,
    bitString,
    sequence,
    integer,
  );
}

const HEADS: ReadonlyMap<RsaModulusBits, Bytes> = new Map(
  ([2048, 3072, 4096] as const).map((bits) => [bits, derHead(bits / 8)]),
);

/**
 * Checks the DER of a SubjectPublicKeyInfo before any parser of the platform sees it.
 *
 * @returns The size of the modulus in bits.
 * @throws {ProtocolError} `key-malformed` for anything but an odd RSA modulus of 2048, 3072 or 4096
 * bits with exponent 65537 in the one DER form that such a key has.
 */
export function checkRsaPublicKey(der: Uint8Array): RsaModulusBits {
  for (const [bits, head] of HEADS) {
    const end = head.length + bits / 8;
    if (der.length !== end + EXPONENT_65537.length) continue;
    const isWhole = equalBytes(der.subarray(0, head.length), head) &&
      equalBytes(der.subarray(end), EXPONENT_65537);
    const hasFullSize = (der[head.length] ?? 0) >= 0x80 && ((der[end - 1] ?? 0) & 1) === 1;
    if (isWhole && hasFullSize) return bits;
  }
  throw new ProtocolError(
    "key-malformed",
    "the public key is not RSA of 2048, 3072 or 4096 bits with exponent 65537",
  );
}

/** Writes DER as PEM: 64 columns, LF, no final newline. */
export function encodePublicKeyPem(der: Uint8Array): string {
  const text = base64.encode(der);
  const lines: string[] = [];
  for (let i = 0; i < text.length; i += PEM_COLUMNS) lines.push(text.slice(i, i + PEM_COLUMNS));
  return PEM_HEAD + lines.join("\n") + PEM_TAIL;
}

/**
 * Reads a public key in PEM, in the exact form that {@linkcode encodePublicKeyPem} writes.
 *
 * @throws {ProtocolError} `key-malformed`.
 */
export function decodePublicKeyPem(pem: string): Bytes {
  let der: Bytes | null = null;
  if (pem.startsWith(PEM_HEAD) && pem.endsWith(PEM_TAIL)) {
    try {
      const body = pem.slice(PEM_HEAD.length, -PEM_TAIL.length).replaceAll("\n", "");
      der = copyBytes(base64.decode(body));
    } catch {
      der = null;
    }
  }
  if (der === null || encodePublicKeyPem(der) !== pem) {
    throw new ProtocolError("key-malformed", "the public key is not PEM of 64 columns");
  }
  checkRsaPublicKey(der);
  return der;
}

/** Imports a checked public key for wrapping. */
export async function importRsaPublicKey(der: Bytes): Promise<CryptoKey> {
  checkRsaPublicKey(der);
  try {
    return await crypto.subtle.importKey("spki", der, ALGORITHM, false, ["encrypt"]);
  } catch (cause) {
    throw new ProtocolError("key-malformed", "the platform refuses the public key", { cause });
  }
}

/** An RSA key pair as an agent offers it. */
export interface RsaKeyPair {
  /** Unwraps; cannot be exported. */
  readonly privateKey: CryptoKey;
  /** Unwraps what the original's wire wraps, where the pair was made for that wire too. */
  readonly originalPrivateKey?: CryptoKey;
  /** The public half in PEM, as line 1 carries it. */
  readonly publicKeyPem: string;
}

/**
 * Makes a key pair; takes a third of a second on a fast core, seconds on a tenth of one.
 *
 * @example
 * ```ts
 * import { generateRsaKeyPair, RsaKeyStock } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock({ generate: () => generateRsaKeyPair(3072) });
 * const lease = await keys.lease();
 * console.assert(lease.wrappedBytes === 384);
 * lease.release();
 * ```
 */
export async function generateRsaKeyPair(bits: RsaModulusBits = 2048): Promise<RsaKeyPair> {
  const parameters = {
    ...ALGORITHM,
    modulusLength: bits,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const pair = await crypto.subtle.generateKey(parameters, false, ["encrypt", "decrypt"]);
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return { privateKey: pair.privateKey, publicKeyPem: encodePublicKeyPem(der) };
}

/**
 * Makes a key pair that can be offered to a peer of either wire.
 *
 * Web Crypto binds a key to one hash, and the original's OAEP has SHA-1: so the key is made to be
 * exported, and imported once for each; neither of the two can be exported again.
 *
 * @example
 * ```ts
 * import { generateSharedRsaKeyPair } from "@fluxvault/fluxvault/protocol/original";
 * import { RsaKeyStock } from "@fluxvault/fluxvault/protocol";
 *
 * const pair = await generateSharedRsaKeyPair();
 * console.assert(!pair.privateKey.extractable && !pair.originalPrivateKey?.extractable);
 * using originalKeys = new RsaKeyStock({ generate: () => Promise.resolve(pair) });
 * console.assert((await originalKeys.lease()).publicKeyPem === pair.publicKeyPem);
 * ```
 */
export async function generateSharedRsaKeyPair(): Promise<RsaKeyPair> {
  const parameters = {
    ...ALGORITHM,
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const pair = await crypto.subtle.generateKey(parameters, true, ["encrypt", "decrypt"]);
  const [spki, pkcs8] = await Promise.all([
    crypto.subtle.exportKey("spki", pair.publicKey),
    crypto.subtle.exportKey("pkcs8", pair.privateKey),
  ]);
  const der = new Uint8Array(pkcs8);
  const privateKey = await importPrivateKey(der, "SHA-256");
  const originalPrivateKey = await importPrivateKey(der, "SHA-1");
  der.fill(0);
  const publicKeyPem = encodePublicKeyPem(new Uint8Array(spki));
  return { privateKey, originalPrivateKey, publicKeyPem };
}

async function importPrivateKey(der: Bytes, hash: "SHA-256" | "SHA-1"): Promise<CryptoKey> {
  return await crypto.subtle.importKey("pkcs8", der, { name: "RSA-OAEP", hash }, false, [
    "decrypt",
  ]);
}
