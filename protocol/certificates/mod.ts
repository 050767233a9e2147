/**
 * X.509 certificates: reading them, and writing DER.
 *
 * Small and strict; nothing here issues one. Both programs load it only where certificates are used.
 *
 * @module
 */
export { type Certificate, parseCertificate } from "./certificate.ts";
export {
  type CertificateExpectation,
  type CertificateFault,
  findCertificateFault,
  leadsToRoot,
} from "./certificate_check.ts";
export { agentCertificateName, appDomain, keeperCertificateName } from "./certificate_names.ts";
export { decodeDer, DER_TAGS } from "./der_reader.ts";
export {
  writeBitString,
  writeDer,
  writeOid,
  writeSequence,
  writeUnsigned,
  writeUtf8String,
} from "./der_writer.ts";
export {
  COMMON_NAME_OID,
  EXTENSION_OIDS,
  KEY_OIDS,
  SIGNATURE_OIDS,
  USAGE_OIDS,
} from "./object_identifiers.ts";
export { decodeBase64, decodePem, encodePem, type PemLabel } from "./pem.ts";
export { isRevocationListOf, parseRevocationList, type RevocationList } from "./revocation_list.ts";
export { encodeEcdsaSignature } from "./signed_der.ts";
