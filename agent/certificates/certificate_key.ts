/**
 * Key pairs for certificates.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import {
  encodeEcdsaSignature,
  encodePem,
  SIGNATURE_OIDS,
} from "../../protocol/certificates/mod.ts";

/** The kinds of keys that there are. */
export type CertificateKeyAlgorithm = "P-256" | "P-384" | "Ed25519";

/** A key pair for a certificate. */
export interface CertificateKey {
  /** Its kind. */
  readonly algorithm: CertificateKeyAlgorithm;
  /** Signs; leaves the platform only where it was made so. */
  readonly privateKey: CryptoKey;
  /** The public half: a SubjectPublicKeyInfo in DER. */
  readonly publicKeyInfo: Bytes;
}

/** How keys of a kind are made, and how they sign. */
interface KeyKind {
  readonly generation: AlgorithmIdentifier | EcKeyGenParams;
  readonly signing: AlgorithmIdentifier | EcdsaParams;
  readonly signatureOid: string;
}

const KINDS: Readonly<Record<CertificateKeyAlgorithm, KeyKind>> = {
  "P-256": {
    generation: { name: "ECDSA", namedCurve: "P-256" },
    signing: { name: "ECDSA", hash: "SHA-256" },
    signatureOid: SIGNATURE_OIDS.ecdsaSha256,
  },
  "P-384": {
    generation: { name: "ECDSA", namedCurve: "P-384" },
    signing: { name: "ECDSA", hash: "SHA-384" },
    signatureOid: SIGNATURE_OIDS.ecdsaSha384,
  },
  "Ed25519": {
    generation: { name: "Ed25519" },
    signing: { name: "Ed25519" },
    signatureOid: SIGNATURE_OIDS.ed25519,
  },
};

/**
 * Makes a key pair.
 *
 * @param options `extractable` where the private key is to be written out: to a file for an
 * application, or for TLS, which takes it as text.
 */
export async function generateCertificateKey(
  algorithm: CertificateKeyAlgorithm,
  { extractable = false }: { readonly extractable?: boolean } = {},
): Promise<CertificateKey> {
  const { generation } = KINDS[algorithm];
  const pair = await crypto.subtle.generateKey(generation, extractable, ["sign", "verify"]);
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  const publicKeyInfo = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  return { algorithm, privateKey, publicKeyInfo };
}

/**
 * Writes a private key as PEM (PKCS #8), with a newline at its end.
 *
 * @throws {DOMException} `InvalidAccessError` if the key was not made extractable.
 */
export async function exportKeyPem({ privateKey }: CertificateKey): Promise<string> {
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const text = encodePem("PRIVATE KEY", der);
  der.fill(0);
  return text;
}

/** A signature as certificates carry it. */
export interface CertificateSignature {
  /** Its kind, as an object identifier. */
  readonly oid: string;
  /** The signature itself. */
  readonly bytes: Bytes;
}

/** Signs bytes. */
export async function signWithKey(
  { algorithm, privateKey }: CertificateKey,
  bytes: Bytes,
): Promise<CertificateSignature> {
  const { signing, signatureOid: oid } = KINDS[algorithm];
  const raw = new Uint8Array(await crypto.subtle.sign(signing, privateKey, bytes));
  return { oid, bytes: algorithm === "Ed25519" ? raw : encodeEcdsaSignature(raw) };
}
