/**
 * Whether a certificate counts, here and now, for what it is shown for.
 *
 * Beside what TLS itself verifies (signatures, chain, constraints of names), and in part once more: what
 * the platform does not look at is revocation, and which of the certificates of an app is whose.
 *
 * @module
 */
import { equalBytes } from "../bytes.ts";
import type { Certificate } from "./certificate.ts";
import { USAGE_OIDS } from "./object_identifiers.ts";
import { verifySignedDer } from "./signed_der.ts";

/** Why a certificate does not count. */
export type CertificateFault =
  /** It is none, or not of a form that is known. */
  | "malformed"
  /** It is from another authority. */
  | "wrong-authority"
  /** It does not count yet, or no more. */
  | "not-yet-valid"
  | "expired"
  /** It is not for this end of a connection. */
  | "wrong-purpose"
  /** It is somebody else's. */
  | "wrong-name"
  /** Its issuer has revoked it. */
  | "revoked";

/** What is asked of a certificate. */
export interface CertificateExpectation {
  /** Which end of a connection shows it. */
  readonly usage: keyof typeof USAGE_OIDS;
  /** The one host name that it has to be for; case does not matter. */
  readonly name: string;
  /** The time, in Unix milliseconds. */
  readonly nowMs: number;
  /** Whether its issuer has revoked a serial number. */
  readonly isRevoked: (serialHex: string) => boolean;
}

/** Returns why a certificate does not count, or `null` where it does; signatures are not looked at. */
export function findCertificateFault(
  certificate: Certificate,
  { usage, name, nowMs, isRevoked }: CertificateExpectation,
): CertificateFault | null {
  const { dnsNames, ipAddresses, usages, isAuthority } = certificate;
  if (nowMs < certificate.notBeforeMs) return "not-yet-valid";
  if (nowMs > certificate.notAfterMs) return "expired";
  // One purpose and one name: what an application was given opens no agent.
  const isForUsage = usages?.length === 1 && usages[0] === USAGE_OIDS[usage];
  if (isAuthority || !isForUsage) return "wrong-purpose";
  const isNamed = dnsNames.length === 1 && dnsNames[0]?.toLowerCase() === name.toLowerCase();
  if (!isNamed || ipAddresses.length > 0) return "wrong-name";
  return isRevoked(certificate.serialHex) ? "revoked" : null;
}

/**
 * Whether a chain leads to a root: each is signed by the next, the last by the root, and all of them but
 * the first are authorities that count now.
 *
 * @param chain The certificate first, then whoever issued it; without the root.
 */
export async function leadsToRoot(
  chain: readonly Certificate[],
  { root, nowMs }: { readonly root: Certificate; readonly nowMs: number },
): Promise<boolean> {
  const path = [...chain, root];
  for (const [i, issuer] of path.entries()) {
    if (i === 0) continue;
    const issued = path[i - 1];
    const counts = issuer.isAuthority && nowMs >= issuer.notBeforeMs && nowMs <= issuer.notAfterMs;
    if (issued === undefined || !counts || !equalBytes(issued.issuer, issuer.subject)) return false;
    if (!await verifySignedDer(issued.signed, issuer.publicKeyInfo)) return false;
  }
  return chain.length > 0;
}
