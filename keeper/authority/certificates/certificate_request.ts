/**
 * Requests for certificates (PKCS#10, RFC 2986): nothing is taken from one but the public key.
 *
 * @module
 */
import { decodeDer, DER_TAGS } from "../../../protocol/certificates/mod.ts";
import type { Bytes } from "../../../protocol/mod.ts";
import { AuthorityError } from "../errors.ts";
import { MAX_REQUEST_BYTES, MAX_RSA_BITS, MIN_RSA_BITS } from "../limits.ts";
import { loadX509 } from "./x509_library.ts";

/** What is taken from a request. */
export interface RequestedKey {
  /** The public key, whose private half signed the request. */
  readonly publicKey: CryptoKey;
  /** What kind of key it is, as `P-256` or `RSA-2048`. */
  readonly type: string;
}

/** Hashes under which a signature proves something. */
const HASHES: readonly unknown[] = ["SHA-256", "SHA-384", "SHA-512"];
const CURVES: readonly unknown[] = ["P-256", "P-384"];

/**
 * Checks a request and returns its public key.
 *
 * @param der The request in DER, not in PEM.
 * @throws {AuthorityError} `request-malformed` where it is none, `key-refused` for a key that is too
 * weak or of another kind than P-256, P-384, Ed25519 and RSA from 2048 to 8192 bits, and
 * `request-unsigned` where the private half of that key did not sign it.
 */
export async function readCertificateRequest(der: Bytes): Promise<RequestedKey> {
  if (der.length > MAX_REQUEST_BYTES || !isOneSequence(der)) throw malformed();
  const { Pkcs10CertificateRequest } = await loadX509();
  let request: InstanceType<typeof Pkcs10CertificateRequest>;
  let algorithm: Algorithm;
  let signature: { readonly hash?: { readonly name?: unknown } };
  try {
    request = new Pkcs10CertificateRequest(der);
    algorithm = request.publicKey.algorithm;
    signature = request.signatureAlgorithm;
  } catch {
    throw malformed();
  }
  const type = typeOf(algorithm);
  if (type !== "Ed25519" && !HASHES.includes(signature.hash?.name)) throw unsigned();
  try {
    const publicKey = await request.publicKey.export();
    if (await request.verify()) return { publicKey, type };
  } catch {
    // A key that is none, such as a point that is not on the curve.
  }
  throw unsigned();
}

/** Tells whether the bytes are one sequence from end to end, in the one spelling of its length. */
function isOneSequence(der: Bytes): boolean {
  return decodeDer(der, (reader) => reader.next(DER_TAGS.sequence)) !== null;
}

function typeOf(algorithm: Algorithm): string {
  const { name, namedCurve, modulusLength, publicExponent } = algorithm as {
    readonly name: string;
    readonly namedCurve?: unknown;
    readonly modulusLength?: unknown;
    readonly publicExponent?: unknown;
  };
  if (name === "ECDSA" && CURVES.includes(namedCurve)) return String(namedCurve);
  if (name === "Ed25519") return name;
  if (name === "RSASSA-PKCS1-v1_5" && typeof modulusLength === "number") {
    const isOfUse = modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS &&
      publicExponent instanceof Uint8Array && isUsualExponent(publicExponent);
    if (isOfUse) return `RSA-${modulusLength}`;
  }
  throw new AuthorityError("key-refused", "no certificate is issued for such a key", {
    hint: "Make a key on P-256 or P-384, of Ed25519, or of RSA with 2048 bits or more.",
  });
}

/** 65537, which is what programs take. */
function isUsualExponent(bytes: Uint8Array): boolean {
  return Array.from(bytes).join(" ").replace(/^(?:0 )*/, "") === "1 0 1";
}

function malformed(): AuthorityError {
  return new AuthorityError("request-malformed", "this is no request for a certificate (PKCS#10)");
}

function unsigned(): AuthorityError {
  return new AuthorityError(
    "request-unsigned",
    "the request for a certificate was not signed by the key that it is for",
  );
}
