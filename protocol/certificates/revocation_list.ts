/**
 * Lists of revoked certificates (RFC 5280, section 5).
 *
 * @module
 */
import { encodeHex, equalBytes } from "../bytes.ts";
import { type Certificate, readExtensions } from "./certificate.ts";
import { decodeDer, DER_TAGS, DerFault, DerReader, readTime, readUnsigned } from "./der_reader.ts";
import { EXTENSION_OIDS } from "./object_identifiers.ts";
import { readAlgorithm, readSigned, type SignedDer, verifySignedDer } from "./signed_der.ts";

/** A list of what its issuer has revoked. */
export interface RevocationList {
  /** Who issued it: a name in DER. */
  readonly issuer: Uint8Array;
  /** Its number: of two lists of an issuer the one with the greater number counts. */
  readonly number: number;
  /** When it was made, in Unix milliseconds. */
  readonly thisUpdateMs: number;
  /** When the next one is due, in Unix milliseconds. */
  readonly nextUpdateMs: number;
  /** The serial numbers that are revoked, as {@linkcode Certificate.serialHex} has them. */
  readonly serials: ReadonlySet<string>;
  /** What its issuer signed. */
  readonly signed: SignedDer;
}

const VERSION_2 = 1;
const CONTEXT_EXTENSIONS = 0xa0;
const MAX_NUMBER_BYTES = 6;
const MAX_SERIAL_BYTES = 20;

/**
 * Reads a list of version 2 with a number and a time of the next; its signature is not looked at.
 *
 * @returns `null` where the bytes are anything else: a part of a list, or one for some reasons only.
 */
export function parseRevocationList(der: Uint8Array): RevocationList | null {
  return decodeDer(der, (reader) => {
    const signed = readSigned(reader.enter());
    const body = new DerReader(signed.body).enter();
    if (readUnsigned(body)[0] !== VERSION_2) throw new DerFault("another version");
    if (readAlgorithm(body) !== signed.algorithm) throw new DerFault("two kinds of signature");
    const issuer = body.next(DER_TAGS.sequence).whole;
    const [thisUpdateMs, nextUpdateMs] = [readTime(body), readTime(body)];
    const entries = body.nextIf(DER_TAGS.sequence);
    const serials = entries === null
      ? new Set<string>()
      : readSerials(new DerReader(entries.contents));
    const extensions = readExtensions(body, CONTEXT_EXTENSIONS);
    body.end();
    // Those that may be critical say that this is not all of what is revoked.
    for (const { isCritical } of extensions.values()) {
      if (isCritical) throw new DerFault("a critical extension");
    }
    const number = readNumber(extensions.get(EXTENSION_OIDS.crlNumber)?.value);
    return { issuer, number, thisUpdateMs, nextUpdateMs, serials, signed };
  });
}

/** Whether a list is of this issuer, by name and signature. */
export async function isRevocationListOf(
  list: RevocationList,
  { subject, publicKeyInfo, isAuthority }: Certificate,
): Promise<boolean> {
  if (!isAuthority || !equalBytes(list.issuer, subject)) return false;
  return await verifySignedDer(list.signed, publicKeyInfo);
}

function readSerials(list: DerReader): ReadonlySet<string> {
  const serials = new Set<string>();
  if (list.isAtEnd) throw new DerFault("an empty list");
  while (!list.isAtEnd) {
    const entry = list.enter();
    const serial = readUnsigned(entry);
    if (serial.length > MAX_SERIAL_BYTES) throw new DerFault("a long serial number");
    readTime(entry);
    entry.nextIf(DER_TAGS.sequence);
    entry.end();
    serials.add(encodeHex(serial));
  }
  return serials;
}

function readNumber(value: Uint8Array | undefined): number {
  if (value === undefined) throw new DerFault("no number");
  const reader = new DerReader(value.slice());
  const bytes = readUnsigned(reader);
  reader.end();
  if (bytes.length > MAX_NUMBER_BYTES) throw new DerFault("a number out of bounds");
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
