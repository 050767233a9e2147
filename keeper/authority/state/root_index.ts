/**
 * What an authority knows of its root, and which intermediates that vouched for.
 *
 * @module
 */
import { type Bytes, isAppName } from "../../../protocol/mod.ts";
import type { Validity } from "../certificates/certificate.ts";
import {
  bytesOf,
  countOf,
  decodeIndex,
  encodeBase64,
  encodeIndex,
  encodeRevocation,
  encodeSignedList,
  encodeTime,
  listOf,
  malformed,
  type Members,
  membersOf,
  type Revocation,
  revocationOf,
  serialOf,
  type SignedList,
  signedListOf,
  textOf,
  timeOf,
  wordOf,
} from "./index_members.ts";
import { KEY_TYPES, type KeyType } from "../certificates/key_pair.ts";

/** A certificate of the authority itself. */
export interface KeptCertificate extends Validity {
  /** Its serial number, in hex. */
  readonly serial: string;
  /** It, in DER. */
  readonly certificate: Bytes;
}

/** An intermediate that the root vouched for. */
export interface IntermediateRecord extends Validity {
  /** Its serial number, in hex. */
  readonly serial: string;
  /** The app that it is for. */
  readonly app: string;
  /** Which key of the app it is for, from 1. */
  readonly keyNumber: number;
  /** Whether it was revoked. */
  readonly revoked: Revocation | null;
}

/** The index of the root. */
export interface RootIndex {
  /** The id of the authority, by which its secret is found. */
  readonly id: string;
  /** The kind of all its keys. */
  readonly type: KeyType;
  /** The id under which the private key of the root is kept. */
  readonly keyId: string;
  /** The root. */
  readonly root: KeptCertificate;
  /** The intermediates. */
  readonly intermediates: readonly IntermediateRecord[];
  /** Which of them are revoked, or `null` where no list was asked for. */
  readonly revocations: SignedList | null;
}

const ID = /^[0-9a-f]{16}$/;

/** Writes the index. */
export function encodeRootIndex({ id, type, keyId, root, ...index }: RootIndex): Bytes {
  return encodeIndex({
    id,
    type,
    keyId,
    root: encodeKept(root),
    intermediates: index.intermediates.map(({ serial, app, keyNumber, revoked, ...validity }) => ({
      serial,
      app,
      keyNumber,
      ...encodeValidity(validity),
      revoked: encodeRevocation(revoked),
    })),
    revocations: encodeSignedList(index.revocations),
  });
}

/**
 * Reads the index.
 *
 * @throws {StorageError} `state-malformed` where it is none.
 */
export function decodeRootIndex(bytes: Uint8Array): RootIndex {
  const index = decodeIndex(bytes);
  const id = textOf(index["id"], "id");
  if (!ID.test(id)) throw malformed("id is damaged");
  return {
    id,
    type: wordOf(index["type"], KEY_TYPES, "type"),
    keyId: serialOf(index["keyId"], "keyId"),
    root: keptOf(index["root"], "root"),
    intermediates: listOf(index["intermediates"], "intermediates", readIntermediate),
    revocations: signedListOf(index["revocations"], "revocations"),
  };
}

function readIntermediate(value: unknown, what: string): IntermediateRecord {
  const members = membersOf(value, what);
  return {
    serial: serialOf(members["serial"], `${what}.serial`),
    app: appOf(members["app"], `${what}.app`),
    keyNumber: countOf(members["keyNumber"], `${what}.keyNumber`),
    ...validityOf(members, what),
    revoked: revocationOf(members["revoked"], `${what}.revoked`),
  };
}

/** Reads the name of an app. */
export function appOf(value: unknown, what: string): string {
  const app = textOf(value, what);
  if (isAppName(app)) return app;
  throw malformed(`${what} is no name of an app`);
}

/** Writes a certificate of the authority itself. */
export function encodeKept({ serial, certificate, ...validity }: KeptCertificate): Members {
  return { serial, ...encodeValidity(validity), certificate: encodeBase64(certificate) };
}

/** Reads a certificate of the authority itself. */
export function keptOf(value: unknown, what: string): KeptCertificate {
  const members = membersOf(value, what);
  return {
    serial: serialOf(members["serial"], `${what}.serial`),
    ...validityOf(members, what),
    certificate: bytesOf(members["certificate"], `${what}.certificate`),
  };
}

/** Writes from when to when a certificate is valid. */
export function encodeValidity({ notBeforeMs, notAfterMs }: Validity): Members {
  return { notBefore: encodeTime(notBeforeMs), notAfter: encodeTime(notAfterMs) };
}

/** Reads from when to when a certificate is valid. */
export function validityOf(members: Members, what: string): Validity {
  return {
    notBeforeMs: timeOf(members["notBefore"], `${what}.notBefore`),
    notAfterMs: timeOf(members["notAfter"], `${what}.notAfter`),
  };
}
