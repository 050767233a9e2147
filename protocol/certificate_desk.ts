/**
 * What an agent needs of whatever makes keys for its application and has them certified (spec,
 * section 8).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { FluxVaultError, type FluxVaultErrorOptions } from "./errors.ts";
import type { CertificatePart, DeclaredCertificate, Manifest } from "./manifest_entry.ts";

/** The name of the action by which an agent asks its keeper for a certificate. */
export const CERTIFICATE_ACTION = "certificate";

/** What became of one certificate, part by part, in PEM. */
export type IssuedContents = Readonly<Record<CertificatePart, Bytes>>;

/** What can be remembered of a part without holding it. */
export interface IssuedPart {
  /** The SHA-256 of its contents in lower-case hex. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
}

/** What is remembered of a certificate that was issued. */
export interface KnownCertificate {
  /** What each part holds, whether it is in place or not. */
  readonly parts: Readonly<Record<CertificatePart, IssuedPart>>;
  /** Whether the time has come to have another issued. */
  readonly isDue: boolean;
}

/** The ways in which a certificate comes to nothing. */
export type CertificateErrorCode =
  /** What came is not for this key, does not lead to the root that came with it, or is past its time. */
  | "certificate-invalid"
  /** The keeper has been asked and issues none, or has not answered in time. */
  | "certificate-refused"
  /** One of both sides knows nothing of certificates for applications. */
  | "certificate-unsupported";

/**
 * One certificate could not be had; the delivery goes on without what comes of it.
 *
 * @example
 * ```ts
 * import { CertificateError, type CertificateDesk } from "@fluxvault/fluxvault/protocol";
 *
 * // For `receiveAsAgent(session, store, { certificates: desk })`.
 * const desk: CertificateDesk = {
 *   recall: () => null,
 *   issue: (certificate) =>
 *     Promise.reject(new CertificateError("certificate-refused", `no ${certificate.name} here`)),
 *   keep: () => Promise.resolve(),
 * };
 * const issuing = desk.issue(
 *   { name: "web", key: "P-256", terms: "00".repeat(32) },
 *   { declaredBy: null, call: () => Promise.resolve(null) },
 * );
 * console.assert(await issuing.catch(({ code }) => code) === "certificate-refused");
 * ```
 */
export class CertificateError extends FluxVaultError {
  /** Which of them it is. */
  declare readonly code: CertificateErrorCode;

  /** Makes an error about one certificate. */
  constructor(code: CertificateErrorCode, message: string, options: FluxVaultErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Whom a certificate is had for, and of whom. */
export interface CertificateOrder {
  /** Who declares it: the address of the keeper's key, or `null` where the keeper does not sign. */
  readonly declaredBy: string | null;
  /**
   * Calls the action of that name at the keeper, and returns what it answers.
   *
   * @throws {CallError} if the keeper has no such action, or it failed.
   */
  readonly call: (input: unknown) => Promise<unknown>;
}

/** Makes keys, has them certified, and remembers what came of it; never what the keys are. */
export interface CertificateDesk {
  /**
   * Says what is known of a certificate that was issued on just these terms.
   *
   * @returns `null` where none is known.
   */
  recall(
    certificate: DeclaredCertificate,
    declaredBy: string | null,
  ): KnownCertificate | null;
  /**
   * Makes a key and has the keeper certify it.
   *
   * @throws {CertificateError} if that comes to nothing, and the session goes on.
   * @throws What ended the session.
   */
  issue(certificate: DeclaredCertificate, order: CertificateOrder): Promise<IssuedContents>;
  /**
   * Remembers what was issued for a manifest that is about to be put in place, and forgets what the same
   * keeper declares no more; after a wipe, all. What cannot be written down is said, and must not throw.
   */
  keep(manifest: Manifest, declaredBy: string | null): Promise<void>;
}
