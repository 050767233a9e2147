/**
 * Certificates as an authority writes them: its root, the intermediates of apps, and what these issue.
 *
 * @module
 */
import { USAGE_OIDS } from "../../../protocol/certificates/mod.ts";
import { type Bytes, encodeHex, randomBytes } from "../../../protocol/mod.ts";
import type { KeyType } from "./key_pair.ts";
import { signatureOf } from "./key_pair.ts";
import { SERIAL_BYTES } from "../limits.ts";
import { readIpAddress } from "./ip_address.ts";
import { encodeNameConstraints, NAME_CONSTRAINTS } from "./name_constraints.ts";
import { loadX509, type X509Library } from "./x509_library.ts";

/** What a certificate is for, in the words of TLS. */
export type KeyUsage = "server" | "client";

/** From when to when a certificate is valid, in Unix milliseconds; whole seconds are written. */
export interface Validity {
  /** Its start. */
  readonly notBeforeMs: number;
  /** Its end. */
  readonly notAfterMs: number;
}

/** Who signs. */
export interface Issuer {
  /** The certificate of the issuer in DER. */
  readonly certificate: Bytes;
  /** Its private key. */
  readonly privateKey: CryptoKey;
  /** The kind of that key. */
  readonly type: KeyType;
}

/** What all certificates have. */
export interface CertificateOptions extends Validity {
  /** The serial number, in hex. */
  readonly serial: string;
  /** The public key that it vouches for. */
  readonly publicKey: CryptoKey;
}

/** The options of {@linkcode writeRoot}. */
export interface RootOptions extends CertificateOptions {
  /** The private half of the key. */
  readonly privateKey: CryptoKey;
  /** The kind of that key. */
  readonly type: KeyType;
  /** The id of the authority, by which two of them are told apart. */
  readonly id: string;
}

/** The options of {@linkcode writeIntermediate}. */
export interface IntermediateOptions extends CertificateOptions {
  /** The app that it is for. */
  readonly app: string;
  /** Which key of the app it is, from 1: two keys never have one name. */
  readonly number: number;
  /** The names that it may vouch for. */
  readonly permitted: readonly string[];
}

/** The options of {@linkcode writeLeaf}. */
export interface LeafOptions extends CertificateOptions {
  /** The app. */
  readonly app: string;
  /** What its subject is called: the component, `keeper`, or the app. */
  readonly subject: string;
  /** What it is for; at least one. */
  readonly usage: readonly KeyUsage[];
  /** The names that it carries; at least one. */
  readonly names: readonly string[];
}

const ORGANISATION = "FluxVault";

/** Makes a serial number: 16 random bytes, of which the first two bits are fixed. */
export function generateSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  // It is a number that is not negative, and one without zeros before it.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return encodeHex(bytes);
}

/** Writes the certificate of a root, which vouches for itself. */
export async function writeRoot(options: RootOptions): Promise<Bytes> {
  const x509 = await loadX509();
  const { id, publicKey, privateKey, type } = options;
  const name = [{ O: [ORGANISATION] }, { CN: [`FluxVault root ${id}`] }];
  return await write(x509, options, {
    subject: name,
    issuer: name,
    signingKey: privateKey,
    type,
    extensions: [
      ...await authorityExtensions(x509, { publicKey, below: 1 }),
      await x509.AuthorityKeyIdentifierExtension.create(publicKey),
    ],
  });
}

/** Writes the certificate of an app's intermediate, which is bound to names and to TLS. */
export async function writeIntermediate(
  issuer: Issuer,
  options: IntermediateOptions,
): Promise<Bytes> {
  const x509 = await loadX509();
  const { app, number, permitted, publicKey } = options;
  const ordinal = number === 1 ? "" : ` ${number}`;
  return await writeSigned(x509, issuer, options, {
    subject: [{ O: [ORGANISATION] }, { OU: [app] }, { CN: [`FluxVault intermediate${ordinal}`] }],
    extensions: [
      ...await authorityExtensions(x509, { publicKey, below: 0 }),
      new x509.ExtendedKeyUsageExtension(Object.values(USAGE_OIDS)),
      new x509.Extension(NAME_CONSTRAINTS, true, encodeNameConstraints(permitted)),
    ],
  });
}

/** Writes a certificate that vouches for nobody else. */
export async function writeLeaf(issuer: Issuer, options: LeafOptions): Promise<Bytes> {
  const x509 = await loadX509();
  const { app, subject, usage, names, publicKey } = options;
  const general = names.map((value) => ({
    type: readIpAddress(value) === null ? "dns" as const : "ip" as const,
    value,
  }));
  return await writeSigned(x509, issuer, options, {
    subject: [{ O: [ORGANISATION] }, { OU: [app] }, { CN: [subject] }],
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usage.map((word) => USAGE_OIDS[word])),
      new x509.SubjectAlternativeNameExtension(general),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
}

async function authorityExtensions(
  x509: X509Library,
  { publicKey, below }: { readonly publicKey: CryptoKey; readonly below: number },
) {
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  return [
    new x509.BasicConstraintsExtension(true, below, true),
    new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

type Extension = InstanceType<X509Library["Extension"]>;
type NamePart = Record<string, string[]>;
type Name = InstanceType<X509Library["Name"]>;

interface Content {
  readonly subject: NamePart[];
  readonly extensions: readonly Extension[];
}

async function writeSigned(
  x509: X509Library,
  { certificate, privateKey, type }: Issuer,
  options: CertificateOptions,
  { subject, extensions }: Content,
): Promise<Bytes> {
  const { subjectName, publicKey } = new x509.X509Certificate(certificate);
  return await write(x509, options, {
    subject,
    issuer: subjectName,
    signingKey: privateKey,
    type,
    extensions: [...extensions, await x509.AuthorityKeyIdentifierExtension.create(publicKey)],
  });
}

async function write(
  x509: X509Library,
  { serial, publicKey, notBeforeMs, notAfterMs }: CertificateOptions,
  content: Content & {
    readonly issuer: NamePart[] | Name;
    readonly signingKey: CryptoKey;
    readonly type: KeyType;
  },
): Promise<Bytes> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: content.subject,
    issuer: content.issuer,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    publicKey,
    signingKey: content.signingKey,
    signingAlgorithm: signatureOf(content.type),
    extensions: [...content.extensions],
  });
  return new Uint8Array(certificate.rawData);
}
