/**
 * The names that algorithms, attributes and extensions have in certificates.
 *
 * @module
 */

/** Kinds of public keys, and the curves of elliptic ones. */
export const KEY_OIDS = Object.freeze({
  elliptic: "1.2.840.10045.2.1",
  p256: "1.2.840.10045.3.1.7",
  p384: "1.3.132.0.34",
  ed25519: "1.3.101.112",
});

/** Kinds of signatures. */
export const SIGNATURE_OIDS = Object.freeze({
  ecdsaSha256: "1.2.840.10045.4.3.2",
  ecdsaSha384: "1.2.840.10045.4.3.3",
  ed25519: "1.3.101.112",
});

/** Extensions of certificates and of revocation lists. */
export const EXTENSION_OIDS = Object.freeze({
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  crlNumber: "2.5.29.20",
  nameConstraints: "2.5.29.30",
  extendedKeyUsage: "2.5.29.37",
});

/** What a certificate may be shown for. */
export const USAGE_OIDS = Object.freeze({
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
});

/** The attribute of a name that is shown. */
export const COMMON_NAME_OID = "2.5.4.3";
