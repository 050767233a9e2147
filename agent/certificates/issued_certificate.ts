/**
 * What an authority gives for a request, and whether it is what was asked for.
 *
 * @module
 */
import { type Bytes, equalBytes } from "../../protocol/mod.ts";
import {
  type Certificate,
  type CertificateFault,
  decodePem,
  leadsToRoot,
  parseCertificate,
} from "../../protocol/certificates/mod.ts";

/** A certificate with all that it takes to show it. */
export interface IssuedCertificate {
  /** The certificate itself. */
  readonly certificate: Certificate;
  /** Whoever signed it: the root, or whoever the root signed. */
  readonly issuer: Certificate;
  /** The root of the authority. */
  readonly root: Certificate;
  /** The certificate and those between it and the root, as PEM. */
  readonly chainPem: string;
  /** The root, as PEM. */
  readonly rootPem: string;
}

/** Why what came cannot be used: for another key beside what a certificate can lack. */
export type IssuedFault =
  | Extract<
    CertificateFault,
    "malformed" | "wrong-authority" | "not-yet-valid" | "expired"
  >
  | "wrong-key";

/** The longest chain without the root. */
const MAX_CHAIN = 4;

/**
 * Checks what an authority gave.
 *
 * @param answer `chain` is one PEM text for each certificate, the new one first; `root` is one more.
 * @returns The certificate, or why it cannot be used.
 */
export async function checkIssued(
  answer: { readonly chain: readonly string[]; readonly root: string },
  { publicKeyInfo, nowMs }: { readonly publicKeyInfo: Bytes; readonly nowMs: number },
): Promise<IssuedCertificate | IssuedFault> {
  const chain = answer.chain.map(readOne);
  const root = readOne(answer.root);
  const [certificate] = chain;
  if (root === null || !certificate || chain.length > MAX_CHAIN) return "malformed";
  const known = chain.filter((one) => one !== null);
  if (known.length !== chain.length) return "malformed";
  if (!equalBytes(certificate.publicKeyInfo, publicKeyInfo)) return "wrong-key";
  if (nowMs < certificate.notBeforeMs) return "not-yet-valid";
  if (nowMs > certificate.notAfterMs) return "expired";
  if (!await leadsToRoot(known, { root, nowMs })) return "wrong-authority";
  const chainPem = answer.chain.map((text) => `${text.trimEnd()}\n`).join("");
  const rootPem = `${answer.root.trimEnd()}\n`;
  return { certificate, issuer: known[1] ?? root, root, chainPem, rootPem };
}

/** Returns when a certificate is to be renewed: after two thirds of its life, in Unix milliseconds. */
export function renewalTimeMs(
  { notBeforeMs, notAfterMs }: Pick<Certificate, "notBeforeMs" | "notAfterMs">,
): number {
  return notBeforeMs + Math.floor((notAfterMs - notBeforeMs) * 2 / 3);
}

function readOne(pem: string): Certificate | null {
  const [der, ...others] = decodePem("CERTIFICATE", pem) ?? [];
  return der === undefined || others.length > 0 ? null : parseCertificate(der);
}
