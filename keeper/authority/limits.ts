/**
 * Every number of the keeper's certificate authority, in one place. Times are in milliseconds, sizes in
 * bytes.
 *
 * @module
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long the root is valid: 10 years. */
export const ROOT_LIFETIME_MS = 3_652 * DAY_MS;
/** How long the intermediate of an app is valid: 2 years. */
export const INTERMEDIATE_LIFETIME_MS = 730 * DAY_MS;
/** How long before its end an intermediate is followed by another: longer than a leaf can live. */
export const INTERMEDIATE_RENEWAL_MS = 180 * DAY_MS;
/** How far back the start of a certificate lies, for clocks that are behind. */
export const BACK_DATED_MS = 5 * MINUTE_MS;
/** The shortest life of a certificate. */
export const MIN_LIFETIME_MS = MINUTE_MS;
/** The longest life of a certificate. */
export const MAX_LIFETIME_MS = 90 * DAY_MS;
/** How long a certificate lives where nothing else is said. */
export const DEFAULT_LIFETIME_MS = DAY_MS;

/** How long a revocation list counts. */
export const REVOCATIONS_LIFETIME_MS = 30 * DAY_MS;
/** After how long a revocation list is made anew though nothing was revoked. */
export const REVOCATIONS_RENEWAL_MS = DAY_MS;
/** How long the record of a certificate is kept after its end. */
export const RECORD_KEPT_MS = 7 * DAY_MS;

/** The length of a serial number. */
export const SERIAL_BYTES = 16;
/** The length of the secret that encrypts the private keys. */
export const SECRET_BYTES = 32;
/** The length of the nonce of AES-256-GCM. */
export const NONCE_BYTES = 12;
/** The largest request for a certificate that is read. */
export const MAX_REQUEST_BYTES = 8_192;
/** The largest file with an encrypted private key that is read. */
export const MAX_KEY_FILE_BYTES = 8_192;
/** The largest index that is read. */
export const MAX_INDEX_BYTES = 64 * 1_048_576;
/** The least length of an RSA key, in bits. */
export const MIN_RSA_BITS = 2_048;
/** The greatest length of an RSA key, in bits: longer ones cost more to check than they are worth. */
export const MAX_RSA_BITS = 8_192;

/** How many names one certificate may carry. */
export const MAX_NAMES = 64;
/** How many names the intermediate of an app may permit. */
export const MAX_PERMITTED_NAMES = 512;
/** How many certificates of an app may be valid at a time. */
export const MAX_LIVE_CERTIFICATES = 10_000;
/** How many of them one agent may hold for one purpose, and how many of those that ended are kept. */
export const MAX_LIVE_OF_HOLDER = 64;
/** How long to wait for another process that is changing the authority. */
export const LOCK_WAIT_MS = 10_000;
