/**
 * What an authority knows of an app: its intermediates, and what these issued.
 *
 * @module
 */
import type { Bytes } from "../../../protocol/mod.ts";
import type { KeyUsage, Validity } from "../certificates/certificate.ts";
import {
  bytesOf,
  countOf,
  decodeIndex,
  encodeBase64,
  encodeIndex,
  encodeRevocation,
  encodeSignedList,
  listOf,
  malformed,
  type Members,
  membersOf,
  optionalTextOf,
  type Revocation,
  revocationOf,
  serialOf,
  type SignedList,
  signedListOf,
  textOf,
  wordOf,
} from "./index_members.ts";
import {
  appOf,
  encodeKept,
  encodeValidity,
  type KeptCertificate,
  keptOf,
  validityOf,
} from "./root_index.ts";

/** What a certificate is for. */
export const PURPOSES = ["agent", "keeper", "application"] as const;

/** One of these: an agent serves, a keeper asks, and an application does as it was declared. */
export type Purpose = typeof PURPOSES[number];

/** An intermediate of the app. */
export interface IntermediateCertificate extends KeptCertificate {
  /** The names that it may vouch for. */
  readonly permitted: readonly string[];
}

/** A key of the app, with the intermediates that are for it: each later one permits more, or lasts longer. */
export interface IntermediateKey {
  /** Its number, from 1. */
  readonly number: number;
  /** The id under which its private half is kept. */
  readonly keyId: string;
  /** The intermediates, of which the last one is used; at least one. */
  readonly certificates: readonly IntermediateCertificate[];
}

/** A certificate that was issued. */
export interface IssuedRecord extends Validity {
  /** Its serial number, in hex. */
  readonly serial: string;
  /** The number of the key that signed it. */
  readonly keyNumber: number;
  /** The component, or `null`. */
  readonly component: string | null;
  /** What it is for. */
  readonly purpose: Purpose;
  /** What it is called in the loadout, or `null`. */
  readonly declared: string | null;
  /** What it is for, in the words of TLS. */
  readonly usage: readonly KeyUsage[];
  /** The names that it carries. */
  readonly names: readonly string[];
  /** The fingerprint of the agent that asked for it, or `null` where the operator did. */
  readonly holder: string | null;
  /** It, in DER. */
  readonly certificate: Bytes;
  /** How long it was to live, in milliseconds. */
  readonly lifetimeMs: number;
  /** Whether it was revoked. */
  readonly revoked: Revocation | null;
}

/** The index of an app. */
export interface AppIndex {
  /** The app. */
  readonly app: string;
  /** The names beyond those of the app that the operator declared. */
  readonly allowed: readonly string[];
  /** Its keys, of which the last one is used. */
  readonly keys: readonly IntermediateKey[];
  /** What was issued, in the order in which it was. */
  readonly issued: readonly IssuedRecord[];
  /** Which of it is revoked, or `null` where no list was asked for. */
  readonly revocations: SignedList | null;
}

const USAGES: readonly KeyUsage[] = ["server", "client"];

/** Returns the index of an app for which nothing was done yet. */
export function emptyAppIndex(app: string): AppIndex {
  return { app, allowed: [], keys: [], issued: [], revocations: null };
}

/** Writes the index. */
export function encodeAppIndex({ app, allowed, keys, issued, revocations }: AppIndex): Bytes {
  return encodeIndex({
    app,
    allowed,
    keys: keys.map(({ number, keyId, certificates }) => ({
      number,
      keyId,
      certificates: certificates.map(({ permitted, ...kept }) => ({
        ...encodeKept(kept),
        permitted,
      })),
    })),
    issued: issued.map(encodeIssued),
    revocations: encodeSignedList(revocations),
  });
}

function encodeIssued(
  { notBeforeMs, notAfterMs, certificate, revoked, ...record }: IssuedRecord,
): Members {
  return {
    ...record,
    ...encodeValidity({ notBeforeMs, notAfterMs }),
    certificate: encodeBase64(certificate),
    revoked: encodeRevocation(revoked),
  };
}

/**
 * Reads the index.
 *
 * @throws {StorageError} `state-malformed` where it is none.
 */
export function decodeAppIndex(bytes: Uint8Array): AppIndex {
  const index = decodeIndex(bytes);
  const keys = listOf(index["keys"], "keys", readKey);
  if (keys.some(({ number }, at) => number <= (keys[at - 1]?.number ?? 0))) {
    throw malformed("keys are out of order");
  }
  const issued = listOf(index["issued"], "issued", readIssued);
  if (new Set(issued.map(({ serial }) => serial)).size !== issued.length) {
    throw malformed("a serial number is there twice");
  }
  return {
    app: appOf(index["app"], "app"),
    allowed: listOf(index["allowed"], "allowed", textOf),
    keys,
    issued,
    revocations: signedListOf(index["revocations"], "revocations"),
  };
}

function readKey(value: unknown, what: string): IntermediateKey {
  const members = membersOf(value, what);
  const certificates = listOf(members["certificates"], `${what}.certificates`, readCertificate);
  if (certificates.length === 0) throw malformed(`${what} has no certificate`);
  return {
    number: countOf(members["number"], `${what}.number`),
    keyId: serialOf(members["keyId"], `${what}.keyId`),
    certificates,
  };
}

function readCertificate(value: unknown, what: string): IntermediateCertificate {
  const { permitted } = membersOf(value, what);
  return { ...keptOf(value, what), permitted: listOf(permitted, `${what}.permitted`, textOf) };
}

function readIssued(value: unknown, what: string): IssuedRecord {
  const members = membersOf(value, what);
  const of = (name: string) => `${what}.${name}`;
  return {
    serial: serialOf(members["serial"], of("serial")),
    keyNumber: countOf(members["keyNumber"], of("keyNumber")),
    component: optionalTextOf(members["component"], of("component")),
    purpose: wordOf(members["purpose"], PURPOSES, of("purpose")),
    declared: optionalTextOf(members["declared"], of("declared")),
    usage: listOf(members["usage"], of("usage"), (item, name) => wordOf(item, USAGES, name)),
    names: listOf(members["names"], of("names"), textOf),
    holder: optionalTextOf(members["holder"], of("holder")),
    ...validityOf(members, what),
    certificate: bytesOf(members["certificate"], of("certificate")),
    lifetimeMs: countOf(members["lifetimeMs"], of("lifetimeMs")),
    revoked: revocationOf(members["revoked"], of("revoked")),
  };
}
