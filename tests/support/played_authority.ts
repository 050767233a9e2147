/** An authority that issues what a test asks for, right or wrong. */
import {
  type Bytes,
  concatBytes,
  copyBytes,
  encodeUtf8,
  randomBytes,
} from "../../protocol/bytes.ts";
import {
  type Certificate,
  COMMON_NAME_OID,
  encodePem,
  parseCertificate,
  USAGE_OIDS,
  writeBitString,
  writeDer,
  writeOid,
  writeSequence,
  writeUnsigned,
  writeUtf8String,
} from "../../protocol/certificates/mod.ts";
import { decodeDer } from "../../protocol/certificates/der_reader.ts";
import {
  type CertificateKey,
  type CertificateKeyAlgorithm,
  exportKeyPem,
  generateCertificateKey,
  signWithKey,
} from "../../agent/certificates/certificate_key.ts";

const OCTETS = 0x04;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a certificate says. */
export interface PlayedCertificate {
  /** The common name of whoever has it. */
  readonly subject: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddress?: readonly number[];
  readonly usages?: readonly (keyof typeof USAGE_OIDS)[];
  readonly isAuthority?: boolean;
  /** The domain below which an authority may give names. */
  readonly permitted?: string;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly serial?: Uint8Array;
  /** An extension of its own, critical. */
  readonly critical?: string;
  /** The key that is certified; a new one by default. */
  readonly publicKeyInfo?: Bytes;
  readonly algorithm?: CertificateKeyAlgorithm;
}

/** A certificate, with its key where that was made here. */
export interface Played {
  readonly der: Bytes;
  readonly pem: string;
  readonly keyPem: string;
  readonly serial: Uint8Array;
}

/** Reads a certificate that has to be one. */
export function readCertificate(der: Bytes): Certificate {
  const certificate = parseCertificate(der);
  if (certificate === null) throw new TypeError("no certificate");
  return certificate;
}

/** Issues certificates and lists. */
export class PlayedAuthority {
  readonly certificate: Played;
  readonly key: CertificateKey;
  /** Its common name. */
  readonly subject: string;

  private constructor(certificate: Played, key: CertificateKey, subject: string) {
    this.certificate = certificate;
    this.key = key;
    this.subject = subject;
  }

  /** Makes an authority: a root, or one below another. */
  static async create(
    says: Partial<PlayedCertificate> = {},
    parent: PlayedAuthority | null = null,
  ): Promise<PlayedAuthority> {
    const { subject = "played root", algorithm = "P-256" } = says;
    const key = await generateCertificateKey(algorithm, { extractable: true });
    const all = { ...says, subject, isAuthority: true, publicKeyInfo: key.publicKeyInfo };
    const issuer = parent ?? { key, subject };
    return new PlayedAuthority(await issue(all, issuer), key, subject);
  }

  /** Issues a certificate. */
  async issue(says: PlayedCertificate): Promise<Played> {
    return await issue(says, this);
  }

  /** Issues a list of what is revoked, in DER. */
  async revoke(
    serials: readonly Uint8Array[],
    { number = 1, critical = false, nowMs = Date.now() }: {
      readonly number?: number;
      readonly critical?: boolean;
      readonly nowMs?: number;
    } = {},
  ): Promise<Bytes> {
    const entries = serials.map((serial) => writeSequence(writeUnsigned(serial), time(nowMs)));
    const crlNumber = new Uint8Array([number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff]);
    const extensions = [
      extension("2.5.29.20", writeUnsigned(crlNumber)),
      ...critical ? [extension("2.5.29.28", writeSequence(), true)] : [],
    ];
    return await sign(this.key, (algorithm) =>
      writeSequence(
        writeUnsigned(new Uint8Array([1])),
        algorithm,
        name(this.subject),
        time(nowMs),
        time(nowMs + DAY_MS),
        ...entries.length === 0 ? [] : [writeSequence(...entries)],
        writeDer(0xa0, writeSequence(...extensions)),
      ));
  }
}

async function issue(
  says: PlayedCertificate,
  issuer: { readonly key: CertificateKey; readonly subject: string },
): Promise<Played> {
  const { notBeforeMs = Date.now() - HOUR_MS, notAfterMs = Date.now() + DAY_MS } = says;
  const { serial = concatBytes(new Uint8Array([0x4a]), randomBytes(8)) } = says;
  const key = says.publicKeyInfo === undefined
    ? await generateCertificateKey(says.algorithm ?? "P-256", { extractable: true })
    : null;
  const der = await sign(issuer.key, (algorithm) =>
    writeSequence(
      writeDer(0xa0, writeUnsigned(new Uint8Array([2]))),
      writeUnsigned(serial),
      algorithm,
      name(issuer.subject),
      writeSequence(time(notBeforeMs), time(notAfterMs)),
      name(says.subject),
      says.publicKeyInfo ?? key?.publicKeyInfo ?? new Uint8Array(0),
      writeDer(0xa3, writeSequence(...extensionsOf(says))),
    ));
  const keyPem = key === null ? "" : await exportKeyPem(key);
  return { der, pem: encodePem("CERTIFICATE", der), keyPem, serial };
}

function extensionsOf(says: PlayedCertificate): Bytes[] {
  const { dnsNames = [], ipAddress, usages, isAuthority = false, permitted, critical } = says;
  const dns = (text: string) => writeDer(0x82, encodeUtf8(text));
  const names = [
    ...dnsNames.map(dns),
    ...ipAddress === undefined ? [] : [writeDer(0x87, new Uint8Array(ipAddress))],
  ];
  const isTrue = writeDer(0x01, new Uint8Array([0xff]));
  const found = [extension("2.5.29.19", writeSequence(...isAuthority ? [isTrue] : []), true)];
  // keyCertSign and cRLSign, or digitalSignature.
  const bits = isAuthority ? [1, 0x06] : [7, 0x80];
  found.push(extension("2.5.29.15", writeDer(0x03, new Uint8Array(bits)), true));
  if (names.length > 0) found.push(extension("2.5.29.17", writeSequence(...names)));
  if (usages !== undefined) {
    const oids = usages.map((usage) => writeOid(USAGE_OIDS[usage]));
    found.push(extension("2.5.29.37", writeSequence(...oids)));
  }
  if (permitted !== undefined) {
    const subtrees = writeDer(0xa0, writeSequence(dns(permitted)));
    found.push(extension("2.5.29.30", writeSequence(subtrees), true));
  }
  if (critical !== undefined) found.push(extension(critical, writeSequence(), true));
  return found;
}

async function sign(key: CertificateKey, compose: (algorithm: Bytes) => Bytes): Promise<Bytes> {
  const { oid } = await signWithKey(key, new Uint8Array(0));
  const algorithm = writeSequence(writeOid(oid));
  const body = compose(algorithm);
  const { bytes } = await signWithKey(key, body);
  return writeSequence(body, algorithm, writeBitString(bytes));
}

function extension(oid: string, value: Bytes, isCritical = false): Bytes {
  const flag = isCritical ? [writeDer(0x01, new Uint8Array([0xff]))] : [];
  return writeSequence(writeOid(oid), ...flag, writeDer(OCTETS, value));
}

function name(commonName: string): Bytes {
  const attribute = writeSequence(writeOid(COMMON_NAME_OID), writeUtf8String(commonName));
  return writeSequence(writeDer(0x31, attribute));
}

function time(ms: number): Bytes {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  return writeDer(0x17, encodeUtf8(text.slice(2)));
}

/** Reads the public key of a request, as a certificate holds it. */
export function publicKeyOf(request: Uint8Array): Bytes {
  const key = decodeDer(request, (reader) => {
    const all = reader.enter();
    const body = all.enter();
    body.next();
    body.next();
    const { whole } = body.next();
    all.next();
    all.next();
    return copyBytes(whole);
  });
  if (key === null) throw new TypeError("no request");
  return key;
}
