/**
 * X.509 certificates, as far as FluxVault looks at them itself (RFC 5280).
 *
 * @module
 */
import { type Bytes, copyBytes, encodeHex } from "../bytes.ts";
import {
  decodeDer,
  DER_TAGS,
  type DerElement,
  DerFault,
  DerReader,
  readBoolean,
  readOid,
  readTime,
  readUnsigned,
} from "./der_reader.ts";
import { EXTENSION_OIDS } from "./object_identifiers.ts";
import { readAlgorithm, readSigned, type SignedDer } from "./signed_der.ts";

/** A certificate. */
export interface Certificate {
  /** All of it, in DER. */
  readonly der: Bytes;
  /** The serial number, lower-case hex without leading zeros, of whole bytes. */
  readonly serialHex: string;
  /** Who issued it: a name in DER. */
  readonly issuer: Bytes;
  /** Whose it is: a name in DER. */
  readonly subject: Bytes;
  /** From when on it counts, in Unix milliseconds. */
  readonly notBeforeMs: number;
  /** Until when it counts, in Unix milliseconds. */
  readonly notAfterMs: number;
  /** The public key: a SubjectPublicKeyInfo in DER. */
  readonly publicKeyInfo: Bytes;
  /** The host names that it is for. */
  readonly dnsNames: readonly string[];
  /** The addresses that it is for: 4 or 16 bytes each. */
  readonly ipAddresses: readonly Bytes[];
  /** What it may be shown for, as object identifiers; `null` where it does not say. */
  readonly usages: readonly string[] | null;
  /** Whether it may sign other certificates. */
  readonly isAuthority: boolean;
  /** What its issuer signed. */
  readonly signed: SignedDer;
}

/** An extension of a certificate or a revocation list. */
export interface Extension {
  /** Its name. */
  readonly oid: string;
  /** Whether whoever does not know it must not take what has it. */
  readonly isCritical: boolean;
  /** What it says, in DER. */
  readonly value: Bytes;
}

const VERSION_3 = 2;
const MAX_SERIAL_BYTES = 20;
const MAX_EXTENSIONS = 32;
const MAX_NAMES = 128;
const CONTEXT = { version: 0xa0, issuerId: 0x81, subjectId: 0x82, extensions: 0xa3 } as const;
const NAME_TAGS = { dns: 0x82, ip: 0x87 } as const;

/** The critical extensions that this file reads, or leaves to whoever verifies the chain. */
const KNOWN = new Set<string>([
  EXTENSION_OIDS.keyUsage,
  EXTENSION_OIDS.subjectAltName,
  EXTENSION_OIDS.basicConstraints,
  EXTENSION_OIDS.nameConstraints,
  EXTENSION_OIDS.extendedKeyUsage,
]);

/**
 * Reads a certificate of version 3; its signature is not looked at.
 *
 * @returns `null` where the bytes are anything else, or have a critical extension that is not known.
 */
export function parseCertificate(der: Uint8Array): Certificate | null {
  return decodeDer(der, (reader) => {
    const { contents, whole } = reader.next(DER_TAGS.sequence);
    const signed = readSigned(new DerReader(contents));
    const body = new DerReader(signed.body).enter();
    const versionField = body.enter(CONTEXT.version);
    if (readUnsigned(versionField)[0] !== VERSION_3) throw new DerFault("another version");
    versionField.end();
    const serial = readUnsigned(body);
    if (serial.length > MAX_SERIAL_BYTES) throw new DerFault("a long serial number");
    if (readAlgorithm(body) !== signed.algorithm) throw new DerFault("two kinds of signature");
    const issuer = body.next(DER_TAGS.sequence).whole;
    const validity = body.enter();
    const [notBeforeMs, notAfterMs] = [readTime(validity), readTime(validity)];
    validity.end();
    const subject = body.next(DER_TAGS.sequence).whole;
    const publicKeyInfo = copyBytes(body.next(DER_TAGS.sequence).whole);
    body.nextIf(CONTEXT.issuerId);
    body.nextIf(CONTEXT.subjectId);
    const extensions = readExtensions(body, CONTEXT.extensions);
    body.end();
    const serialHex = encodeHex(serial);
    const rest = describe(extensions);
    return {
      ...{ der: whole, serialHex, issuer, subject, notBeforeMs, notAfterMs, publicKeyInfo, signed },
      ...rest,
    };
  });
}

/**
 * Reads extensions, each of which comes once.
 *
 * @param tag The tag of the element that holds them; none where it is not there.
 */
export function readExtensions(reader: DerReader, tag: number): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  const outer = reader.nextIf(tag);
  if (outer === null) return found;
  const holder = new DerReader(outer.contents);
  const list = holder.enter();
  holder.end();
  while (!list.isAtEnd) {
    const item = list.enter();
    const oid = readOid(item);
    const flag = item.nextIf(DER_TAGS.boolean);
    const isCritical = flag !== null && readBoolean(flag);
    // What is not critical by default is not written.
    if (flag !== null && !isCritical) throw new DerFault("a default that is written");
    const value = item.next(DER_TAGS.octetString).contents;
    item.end();
    if (found.has(oid) || found.size === MAX_EXTENSIONS) throw new DerFault("too many extensions");
    found.set(oid, { oid, isCritical, value });
  }
  return found;
}

function describe(
  extensions: ReadonlyMap<string, Extension>,
): Pick<Certificate, "dnsNames" | "ipAddresses" | "usages" | "isAuthority"> {
  for (const { oid, isCritical } of extensions.values()) {
    if (isCritical && !KNOWN.has(oid)) throw new DerFault("a critical extension that is not known");
  }
  const inside = (oid: string) => {
    const extension = extensions.get(oid);
    return extension === undefined ? null : new DerReader(extension.value);
  };
  return {
    ...readNames(inside(EXTENSION_OIDS.subjectAltName)),
    usages: readUsages(inside(EXTENSION_OIDS.extendedKeyUsage)),
    isAuthority: readIsAuthority(inside(EXTENSION_OIDS.basicConstraints)),
  };
}

function readNames(
  reader: DerReader | null,
): Pick<Certificate, "dnsNames" | "ipAddresses"> {
  const dnsNames: string[] = [];
  const ipAddresses: Bytes[] = [];
  for (const { tag, contents } of listOf(reader)) {
    if (tag === NAME_TAGS.dns) {
      const name = String.fromCharCode(...contents.subarray(0, 256));
      if (name.length !== contents.length || !/^[\x21-\x7e]+$/.test(name)) {
        throw new DerFault("no host name");
      }
      dnsNames.push(name);
    } else if (tag === NAME_TAGS.ip) {
      if (contents.length !== 4 && contents.length !== 16) throw new DerFault("no address");
      ipAddresses.push(contents);
    }
  }
  return { dnsNames, ipAddresses };
}

function readUsages(reader: DerReader | null): readonly string[] | null {
  if (reader === null) return null;
  return listOf(reader).map(({ whole }) => readOid(new DerReader(whole)));
}

function listOf(reader: DerReader | null): readonly DerElement[] {
  if (reader === null) return [];
  const list = reader.enter();
  reader.end();
  const found: DerElement[] = [];
  while (!list.isAtEnd) {
    if (found.length === MAX_NAMES) throw new DerFault("too many names");
    found.push(list.next());
  }
  if (found.length === 0) throw new DerFault("an empty list");
  return found;
}

function readIsAuthority(reader: DerReader | null): boolean {
  if (reader === null) return false;
  const inside = reader.enter();
  reader.end();
  const flag = inside.nextIf(DER_TAGS.boolean);
  // How many authorities may follow: whoever verifies the chain counts them.
  inside.nextIf(DER_TAGS.integer);
  inside.end();
  return flag !== null && readBoolean(flag);
}
