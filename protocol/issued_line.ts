/**
 * The lines of a manifest about certificates, and about the files that come of them (spec, section 8).
 *
 * @module
 */
import { encodeHex } from "./bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { addOwner, LINE_NAME, type Members, readHookName, readOwner } from "./line_members.ts";
import type {
  CertificateKey,
  CertificatePart,
  DeclaredCertificate,
  IssuedEntry,
} from "./manifest_entry.ts";
import type { MessageFields } from "./message_fields.ts";

const CERTIFICATE_KEY = /^(?:P-256|P-384|Ed25519)$/;
const CERTIFICATE_PART = /^(?:key|certificate|chain|root)$/;
const ONLY_STRATEGY = /^STRICT$/;
const ANY_TEXT = /^/;

/** Tells whether a text can name a certificate. */
export function isCertificateName(text: string): boolean {
  return LINE_NAME.test(text);
}

/** Returns the members of the line of a certificate. */
export function certificateMembers({ name, key, terms }: DeclaredCertificate): Members {
  return { Kind: "certificate", Name: name, Key: key, Terms: terms };
}

/**
 * Reads the line of a certificate.
 *
 * @throws {ProtocolError} `message-malformed`.
 */
export function readCertificate(fields: MessageFields): DeclaredCertificate {
  return {
    name: fields.text("Name", LINE_NAME),
    key: fields.text("Key", CERTIFICATE_KEY) as CertificateKey,
    terms: encodeHex(fields.hex("Terms", DIGEST_BYTES)),
  };
}

/** Returns the members of the line of a file that comes of a certificate. */
export function issuedMembers(entry: IssuedEntry): Members {
  const { path, certificate, part, mode, strategy, inPlace, hook } = entry;
  const members: Members = {
    Path: path,
    Kind: "issued",
    Certificate: certificate,
    Part: part,
    Mode: mode,
    Strategy: strategy,
  };
  addOwner(members, entry);
  if (inPlace === true) members["InPlace"] = true;
  if (hook !== undefined) members["Hook"] = hook;
  return members;
}

/**
 * Reads the line of a file that comes of a certificate.
 *
 * @throws {ProtocolError} `message-malformed`.
 */
export function readIssued(fields: MessageFields): IssuedEntry {
  return {
    kind: "issued",
    path: fields.text("Path", ANY_TEXT),
    certificate: fields.text("Certificate", LINE_NAME),
    part: fields.text("Part", CERTIFICATE_PART) as CertificatePart,
    strategy: fields.text("Strategy", ONLY_STRATEGY) as "STRICT",
    ...readOwner(fields),
    ...(fields.raw("InPlace") === true ? { inPlace: true } : {}),
    ...readHookName(fields),
  };
}
