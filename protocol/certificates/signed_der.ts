/**
 * What is signed in DER: certificates, requests and revocation lists have one form.
 *
 * @module
 */
import { type Bytes, concatBytes } from "../bytes.ts";
import {
  decodeDer,
  DerFault,
  type DerReader,
  readBitString,
  readOid,
  readUnsigned,
} from "./der_reader.ts";
import { writeSequence, writeUnsigned } from "./der_writer.ts";
import { KEY_OIDS, SIGNATURE_OIDS } from "./object_identifiers.ts";

/** Something with a signature over it. */
export interface SignedDer {
  /** What is signed, with tag and length. */
  readonly body: Bytes;
  /** The kind of signature, as an object identifier. */
  readonly algorithm: string;
  /** The signature as it is written there. */
  readonly signature: Bytes;
}

/** A curve, with the length of a coordinate in bytes. */
interface Curve {
  readonly name: "P-256" | "P-384";
  readonly bytes: number;
}

const CURVES: Readonly<Record<string, Curve>> = {
  [KEY_OIDS.p256]: { name: "P-256", bytes: 32 },
  [KEY_OIDS.p384]: { name: "P-384", bytes: 48 },
};

const HASHES: Readonly<Record<string, string>> = {
  [SIGNATURE_OIDS.ecdsaSha256]: "SHA-256",
  [SIGNATURE_OIDS.ecdsaSha384]: "SHA-384",
};

/** Reads what is signed, the kind of signature, and the signature; `reader` stands inside of all. */
export function readSigned(reader: DerReader): SignedDer {
  const { whole } = reader.next(0x30);
  const algorithm = readAlgorithm(reader);
  const signature = readBitString(reader);
  reader.end();
  return { body: whole, algorithm, signature };
}

/**
 * Reads the name of an algorithm that has no parameters.
 *
 * @throws {DerFault} if it has: no kind of signature that is known here does.
 */
export function readAlgorithm(reader: DerReader): string {
  const inside = reader.enter();
  const algorithm = readOid(inside);
  inside.end();
  return algorithm;
}

/**
 * Verifies a signature: ECDSA over P-256 or P-384, or Ed25519.
 *
 * @param publicKeyInfo The public key of whoever should have signed, as in its certificate.
 * @returns Whether it holds; `false` as well where key or signature are of a kind that is not known.
 */
export async function verifySignedDer(
  { body, algorithm, signature }: SignedDer,
  publicKeyInfo: Bytes,
): Promise<boolean> {
  const kind = decodeDer(publicKeyInfo, readKeyKind);
  if (kind === null) return false;
  try {
    if (kind === "Ed25519") {
      if (algorithm !== SIGNATURE_OIDS.ed25519) return false;
      const key = await crypto.subtle.importKey("spki", publicKeyInfo, kind, false, ["verify"]);
      return await crypto.subtle.verify(kind, key, signature, body);
    }
    const hash = HASHES[algorithm];
    const raw = rawSignature(signature, kind.bytes);
    if (hash === undefined || raw === null) return false;
    const named = { name: "ECDSA", namedCurve: kind.name };
    const key = await crypto.subtle.importKey("spki", publicKeyInfo, named, false, ["verify"]);
    return await crypto.subtle.verify({ name: "ECDSA", hash }, key, raw, body);
  } catch {
    // A point that is on no curve.
    return false;
  }
}

/** Writes an ECDSA signature of Web Crypto, two numbers side by side, as certificates have it. */
export function encodeEcdsaSignature(raw: Uint8Array): Bytes {
  const half = raw.length / 2;
  return writeSequence(writeUnsigned(raw.subarray(0, half)), writeUnsigned(raw.subarray(half)));
}

function rawSignature(signature: Bytes, bytes: number): Bytes | null {
  return decodeDer(signature, (reader) => {
    const inside = reader.enter();
    const [r, s] = [readUnsigned(inside), readUnsigned(inside)];
    inside.end();
    if (r.length > bytes || s.length > bytes) throw new DerFault("a number out of bounds");
    return concatBytes(new Uint8Array(bytes - r.length), r, new Uint8Array(bytes - s.length), s);
  });
}

function readKeyKind(reader: DerReader): "Ed25519" | Curve {
  const info = reader.enter();
  const algorithm = info.enter();
  const name = readOid(algorithm);
  const curve = name === KEY_OIDS.elliptic ? CURVES[readOid(algorithm)] : undefined;
  algorithm.end();
  readBitString(info);
  info.end();
  if (name === KEY_OIDS.ed25519) return "Ed25519";
  if (curve === undefined) throw new DerFault("a key of another kind");
  return curve;
}
