/**
 * Lists of revoked certificates (RFC 5280, section 5).
 *
 * @module
 */
import { EXTENSION_OIDS, writeUnsigned } from "../../../protocol/certificates/mod.ts";
import type { Bytes } from "../../../protocol/mod.ts";
import { BACK_DATED_MS } from "../limits.ts";
import type { Issuer } from "./certificate.ts";
import { signatureOf } from "./key_pair.ts";
import { loadX509 } from "./x509_library.ts";

/** The reasons for which a certificate can be revoked, with their numbers. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  "key-compromise": 1,
  "ca-compromise": 2,
  "affiliation-changed": 3,
  superseded: 4,
  "cessation-of-operation": 5,
  "privilege-withdrawn": 9,
} as const;

/** One of them. */
export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** A certificate that is revoked. */
export interface RevokedSerial {
  /** Its serial number, in hex. */
  readonly serial: string;
  /** Since when, in Unix milliseconds. */
  readonly revokedMs: number;
  /** Why. */
  readonly reason: RevocationReason;
}

/** The options of {@linkcode writeRevocationList}. */
export interface RevocationListOptions {
  /** Its number, which is higher than those before it. */
  readonly number: number;
  /** When it is made, in Unix milliseconds; it counts from 5 minutes before, as certificates do. */
  readonly thisUpdateMs: number;
  /** Until when it counts, in Unix milliseconds. */
  readonly nextUpdateMs: number;
  /** The certificates that are revoked. */
  readonly revoked: readonly RevokedSerial[];
}

/** Writes and signs a list, in DER. */
export async function writeRevocationList(
  { certificate, privateKey, type }: Issuer,
  options: RevocationListOptions,
): Promise<Bytes> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(certificate);
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(options.thisUpdateMs - BACK_DATED_MS),
    nextUpdate: new Date(options.nextUpdateMs),
    entries: options.revoked.map(({ serial, revokedMs, reason }) => ({
      serialNumber: serial,
      revocationDate: new Date(revokedMs),
      // RFC 5280, section 5.3.1: what is not said is not written.
      ...(reason === "unspecified" ? {} : { reason: Number(REVOCATION_REASONS[reason]) }),
    })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.Extension(EXTENSION_OIDS.crlNumber, false, encodeNumber(options.number)),
    ],
    signingAlgorithm: signatureOf(type),
    signingKey: privateKey,
  });
  return new Uint8Array(list.rawData);
}

function encodeNumber(number: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return writeUnsigned(bytes);
}
