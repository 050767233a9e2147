/**
 * A certificate that an operator declares for the application beside an agent, and what comes of it.
 *
 * @module
 */
import {
  type CertificateKey,
  type CertificatePart,
  type DeclaredCertificate,
  encodeHex,
  encodeUtf8,
  sha256Digest,
} from "../../protocol/mod.ts";

/** What a certificate may be shown for. */
export type CertificateUsage = "server" | "client";

/** A certificate as it is declared; each agent that gets it makes a key of its own. */
export interface ApplicationCertificate {
  /** Its name: `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly name: string;
  /** The host names and addresses that it carries; `null` for those of the container itself. */
  readonly names: readonly string[] | null;
  /** What it may be shown for; at least one. */
  readonly usage: readonly CertificateUsage[];
  /** What kind of key it is for. */
  readonly key: CertificateKey;
  /** How long it lives, in seconds; 3,600 to 7,776,000. */
  readonly lifetimeS: number;
}

/** For whom a certificate is. */
export interface CertificateHolder {
  /** The app, or `null`. */
  readonly app: string | null;
  /** The component, or `null`. */
  readonly component: string | null;
}

/** What of a certificate a declaration brings: one part, or `null` for a folder with those in use. */
export interface DeclaredIssue {
  /** The name of the certificate. */
  readonly certificate: string;
  /** The part. */
  readonly part: CertificatePart | null;
}

/** One file or folder that a declaration of a certificate brings. */
export type IssuedItem =
  /** A file with a part of it. */
  | { readonly kind: "issued"; readonly below: string; readonly part: CertificatePart }
  /** The folder that they are in. */
  | { readonly kind: "folder"; readonly below: string };

/** The files of a whole certificate, as most programs want them. */
const WHOLE: readonly IssuedItem[] = [
  { kind: "folder", below: "" },
  { kind: "issued", below: "chain.pem", part: "chain" },
  { kind: "issued", below: "key.pem", part: "key" },
  { kind: "issued", below: "root.pem", part: "root" },
];

const SINGLE: Readonly<Record<CertificatePart, readonly IssuedItem[]>> = {
  key: [{ kind: "issued", below: "", part: "key" }],
  certificate: [{ kind: "issued", below: "", part: "certificate" }],
  chain: [{ kind: "issued", below: "", part: "chain" }],
  root: [{ kind: "issued", below: "", part: "root" }],
};

/** Returns what a declaration of a certificate brings; the same list each time. */
export function issuedItems({ part }: DeclaredIssue): readonly IssuedItem[] {
  return part === null ? WHOLE : SINGLE[part];
}

/** Returns the permission bits of a part where none are declared: the key is nobody else's. */
export function defaultIssuedMode(part: CertificatePart): number {
  return part === "key" ? 0o600 : 0o644;
}

/**
 * Returns a certificate as a manifest has it, for one holder: whatever else would be certified is in its
 * terms.
 */
export async function declareCertificate(
  { name, names, usage, key, lifetimeS }: ApplicationCertificate,
  { app, component }: CertificateHolder,
): Promise<DeclaredCertificate> {
  const fold = (text: string | null) => text?.toLowerCase() ?? null;
  // Names that are not declared are made of app and component.
  const subject = names === null ? { app: fold(app), component: fold(component) } : names.map(fold);
  const terms = JSON.stringify([subject, [...usage].sort(), lifetimeS]);
  return { name, key, terms: encodeHex(await sha256Digest(encodeUtf8(terms))) };
}

/** A certificate as the keeper's authority is ordered to issue it. */
export interface OrderedCertificate {
  /** The names that it carries; those of the container where there are none. */
  readonly names?: readonly string[];
  /** The names that the operator allows to the app: a name that is declared is allowed. */
  readonly allowedNames?: readonly string[];
  /** What it is for. */
  readonly usage: readonly CertificateUsage[];
  /** How long it lives, in milliseconds. */
  readonly lifetimeMs: number;
}

/** Names of containers: whose they are is known without anybody's permission, and nobody can give it. */
const CONTAINER = /^(?:flux|zel)[^.]*$|(?:^|\.)fluxdockernetwork_/;

/** Returns what the authority is ordered to issue. */
export function orderCertificate(
  { names, usage, lifetimeS }: ApplicationCertificate,
): OrderedCertificate {
  const common = { usage, lifetimeMs: lifetimeS * 1_000 };
  if (names === null) return common;
  // What a name allows is itself and what is below it, and so is what a star stands for.
  const allowed = names.map((name) => name.replace(/^\*\./, ""));
  const allowedNames = [...new Set(allowed)].filter((name) => !CONTAINER.test(name));
  return { ...common, names, allowedNames };
}
