/**
 * The keeper's certificate authority: certificates for agents, for the keeper, and for applications.
 *
 * @module
 */
export {
  Authority,
  type AuthorityOptions,
  type AuthorityView,
  type KeeperCertificate,
  type ListedCertificate,
} from "./authority.ts";
export { AuthorityError, type AuthorityErrorCode } from "./errors.ts";
export type { ApplicationTerms, IssueOrder } from "./issue_order.ts";
export { type IssuedCertificate, renewalTime } from "./issued_certificate.ts";
export type { RevokedCertificate } from "./revoked_certificate.ts";
export { KeeperCertificates, type KeeperCertificatesOptions } from "./keeper_certificates.ts";
export { openAuthority, type OpenAuthorityOptions } from "./opened_authority.ts";
export { KEY_TYPES, type KeyType } from "./certificates/key_pair.ts";
export { REVOCATION_REASONS, type RevocationReason } from "./certificates/revocation_list.ts";
export type { KeyUsage } from "./certificates/certificate.ts";
export type { Purpose } from "./state/app_index.ts";
export type { AuthoritySecrets, AuthorityStore } from "./state/authority_store.ts";
