/**
 * What an authority does not do, with a stable code.
 *
 * @module
 */
import { FluxVaultError, type FluxVaultErrorOptions } from "../../protocol/mod.ts";

/** The reasons for which there is no certificate. */
export type AuthorityErrorCode =
  | "authority-expired"
  | "authority-missing"
  | "certificate-revoked"
  | "certificate-unknown"
  | "key-refused"
  | "name-refused"
  | "request-malformed"
  | "request-unsigned"
  | "too-many-certificates";

/** The authority does not do what it was asked; nothing was issued. */
export class AuthorityError extends FluxVaultError {
  /** Which of the reasons it is. */
  declare readonly code: AuthorityErrorCode;

  /** Makes an error about a certificate. */
  constructor(code: AuthorityErrorCode, message: string, options: FluxVaultErrorOptions = {}) {
    super(code, message, options);
  }
}
