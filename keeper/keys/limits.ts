/**
 * Every number of the keeper's keys, in one place. Times are in milliseconds, sizes in bytes.
 *
 * @module
 */

/** The longest secret that a store is given, in characters: keys and enrolment secrets are shorter. */
export const MAX_SECRET_LENGTH = 256;
/** The largest file of a credential that is read. */
export const MAX_CREDENTIAL_BYTES = 4_096;
/** The largest file with an encrypted secret that is read. */
export const MAX_SEALED_FILE_BYTES = 16_384;
/** The largest index of keys that is read. */
export const MAX_INDEX_BYTES = 1_048_576;
/** How long a running keeper waits before it tries again to read a secret that it could not read. */
export const SECRET_RETRY_MS = 300_000;
/** How long to wait for another process that is changing the keys. */
export const INDEX_LOCK_WAIT_MS = 10_000;

/** The least number of characters of a passphrase. */
export const MIN_PASSPHRASE_CHARACTERS = 8;

/** How long the system's store may take to say that it is there. */
export const PROBE_TIME_MS = 5_000;
/** How long it may take where it may ask the operator to unlock it. */
export const DIALOGUE_TIME_MS = 60_000;
/** How much of what a program of the system complains is repeated, in characters. */
export const MAX_COMPLAINT_CHARACTERS = 200;

/** The memory that Argon2id takes for a new file, in KiB: the second choice of RFC 9106. */
export const KDF_MEMORY_KIB = 65_536;
/** How often Argon2id passes over it. */
export const KDF_PASSES = 3;
/** The most memory that a file may ask for, in KiB. */
export const MAX_KDF_MEMORY_KIB = 262_144;
/** The most work that a file may ask for: KiB of memory, times passes. */
export const MAX_KDF_WORK_KIB = 1_048_576;
/** The length of a file's salt. */
export const SALT_BYTES = 16;
/** The length of the nonce of AES-256-GCM. */
export const NONCE_BYTES = 12;
