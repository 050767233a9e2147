/**
 * The two opening lines, and how the secret gets from the keeper to the agent: sections 2 and 3.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  constants,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { Failure, require } from "./failure.ts";
import { hexOf, parseObject, textOf } from "./json.ts";

/** The one suite of this version. */
export const SUITE = "RSA-OAEP-256+A256GCM";

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };

/** Composes line 1. */
export function composeLine1(publicKey: KeyObject, nonce: Uint8Array): Buffer {
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString().trimEnd();
  const fields = {
    State: "KEYSENT",
    Version: 2,
    PublicKey: pem,
    Suites: [SUITE],
    Nonce: Buffer.from(nonce).toString("hex"),
  };
  return Buffer.from(JSON.stringify(fields) + "\n");
}

/** DER of a SubjectPublicKeyInfo around an RSA modulus, with nothing left to choose. */
function encodeSpki(modulus: Uint8Array): Buffer {
  const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    const size = body.length < 128
      ? [body.length]
      : body.length < 256
      ? [0x81, body.length]
      : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...size]), body]);
  };
  const oid = Buffer.from("06092a864886f70d0101010500", "hex");
  const integers = [tlv(2, Buffer.from([0]), modulus), tlv(2, Buffer.from([1, 0, 1]))];
  return tlv(0x30, tlv(0x30, oid), tlv(3, Buffer.from([0]), tlv(0x30, ...integers)));
}

/** Checks a public key as line 1 carries it. */
export function parsePublicKey(pem: string): KeyObject {
  const lines = pem.split("\n");
  require(lines[0] === "-----BEGIN PUBLIC KEY-----", "key-malformed", "first line");
  require(lines.at(-1) === "-----END PUBLIC KEY-----", "key-malformed", "last line");
  const body = lines.slice(1, -1);
  require(body.every((line, i) => line.length === 64 || i === body.length - 1), "key-malformed");
  const last = body.at(-1)?.length ?? 0;
  require(last > 0 && last <= 64, "key-malformed", "last line of base64");
  const der = Buffer.from(body.join(""), "base64");
  require(der.toString("base64") === body.join(""), "key-malformed", "base64");
  for (const bits of [2048, 3072, 4096]) {
    // The modulus lies before 02 03 01 00 01, the exponent.
    const modulus = der.subarray(-5 - bits / 8, -5);
    if (!der.equals(encodeSpki(modulus))) continue;
    const high = modulus[0] as number;
    require(high >= 128 && (modulus.at(-1) as number) % 2 === 1, "key-malformed", "modulus");
    return createPublicKey({ key: der, format: "der", type: "spki" });
  }
  throw new Failure("key-malformed", "not such a key");
}

/** What a keeper reads in line 1. */
export interface Line1 {
  /** The agent's key. */
  readonly publicKey: KeyObject;
  /** What the agent offers. */
  readonly suites: readonly string[];
}

/** Reads line 1. */
export function parseLine1(line: Uint8Array): Line1 {
  const fields = parseObject(line);
  require(fields.Version === 2, "version-unsupported");
  require(fields.State === "KEYSENT", "message-malformed", "State");
  hexOf(fields, "Nonce", 32);
  const suites = fields.Suites;
  require(Array.isArray(suites) && suites.length <= 16, "message-malformed", "Suites");
  for (const suite of suites) {
    require(
      typeof suite === "string" && /^[A-Za-z0-9+-]{1,64}$/.test(suite),
      "message-malformed",
    );
  }
  require(suites.includes(SUITE), "suite-unsupported");
  return { publicKey: parsePublicKey(textOf(fields, "PublicKey")), suites };
}

/** Composes line 2 around a wrapped secret. */
export function composeLine2(nonce: Uint8Array, wrapped: Uint8Array): Buffer {
  const fields = {
    State: "AESKEY",
    Version: 2,
    Suite: SUITE,
    Nonce: Buffer.from(nonce).toString("hex"),
    Key: Buffer.from(wrapped).toString("hex"),
  };
  return Buffer.from(JSON.stringify(fields) + "\n");
}

/** Reads line 2 and gives the wrapped secret. */
export function parseLine2(line: Uint8Array, modulusBytes: number): Buffer {
  const fields = parseObject(line);
  const isOriginal = !("Version" in fields) && typeof fields.enc_session_key === "string";
  require(!isOriginal, "version-unsupported", "the original FluxVault's");
  require("Version" in fields, "message-malformed", "no Version");
  require(fields.Version === 2, "version-unsupported");
  require(fields.State === "AESKEY", "message-malformed", "State");
  require(textOf(fields, "Suite") === SUITE, "suite-unsupported");
  hexOf(fields, "Nonce", 32);
  return hexOf(fields, "Key", modulusBytes);
}

/** The length of a key's modulus. */
export function modulusBytesOf(key: KeyObject): number {
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
}

/** Wraps S for the agent. */
export function wrapSecret(publicKey: KeyObject, secret: Uint8Array): Buffer {
  return publicEncrypt({ key: publicKey, ...OAEP }, secret);
}

/** Unwraps S; what is not 32 wrapped bytes gives 32 random ones, and nobody is told. */
export function unwrapSecret(privateKey: KeyObject, wrapped: Uint8Array): Buffer {
  const substitute = randomBytes(32);
  try {
    const secret = privateDecrypt({ key: privateKey, ...OAEP }, wrapped);
    return secret.length === 32 ? secret : substitute;
  } catch {
    return substitute;
  }
}
