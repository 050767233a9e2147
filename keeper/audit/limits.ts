/**
 * Every number of the audit log, in one place. Times are in milliseconds, sizes in bytes.
 *
 * @module
 */

/** The longest line that is written or read, without its end. */
export const MAX_LINE_BYTES = 1_048_576;
/** How many files one line of results names; further ones go into further lines. */
export const MAX_FILES_PER_LINE = 100;
/** How long to wait for another process that writes to the same log. */
export const AUDIT_LOCK_WAIT_MS = 10_000;
/** The buffer through which a log is read. */
export const READ_BUFFER_BYTES = 65_536;
/** How far back it is looked for what an agent was given before. */
export const MAX_GIVEN_SCAN_BYTES = 67_108_864;
/** How many agents are remembered, so that what is told of each is told once. */
export const MAX_REMEMBERED_AGENTS = 10_000;

/** The length of the key under which contents are fingerprinted. */
export const AUDIT_KEY_BYTES = 32;
/** How much of a fingerprint of contents is kept. */
export const CONTENTS_FINGERPRINT_BYTES = 16;
/** The largest file of a key that is read. */
export const MAX_KEY_FILE_BYTES = 1_024;
