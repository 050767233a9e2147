/**
 * Certificates: the agent's half. It makes keys and requests, and checks what the keeper issues.
 *
 * Loaded only where certificates are used.
 *
 * @module
 */
export {
  type CertificateKey,
  type CertificateKeyAlgorithm,
  exportKeyPem,
  generateCertificateKey,
} from "./certificate_key.ts";
export { CERTIFICATE, type CertificateInput, type CertificateOutput } from "./certificate_calls.ts";
export { composeRequest } from "./certificate_request.ts";
export { Enrolment } from "./enrolment.ts";
export { HeldCertificate } from "./held_certificate.ts";
export {
  checkIssued,
  type IssuedCertificate,
  type IssuedFault,
  renewalTimeMs,
} from "./issued_certificate.ts";
