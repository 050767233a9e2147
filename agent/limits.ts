/**
 * Every number that bounds what an agent does beside the protocol's own.
 *
 * Sizes are in bytes, times in milliseconds. What the wire allows is in `protocol/limits.ts`.
 *
 * @module
 */

/** How many connections may be in set-up at once: accepted, and not authenticated yet. */
export const MAX_SETUPS = 64;
/** How many of those places are kept for addresses that authenticated before. */
export const KEPT_SETUPS = 8;
/** How many connections of one address may be in set-up; IPv6 counts by /64. */
export const MAX_SETUPS_PER_ADDRESS = 4;
/** How many addresses that authenticated are remembered. */
export const MAX_KNOWN_ADDRESSES = 256;

/** How many sessions may be open at once; a further one is told `busy`. */
export const MAX_SESSIONS = 32;
/** When a keeper's manifest is due after its session began. */
export const MANIFEST_TIMEOUT_MS = 30_000;
/** How long a delivery waits for the one before it to end. */
export const BUSY_WAIT_MS = 30_000;
/** How long a delivery may go on without any file making progress. */
export const STALL_TIMEOUT_MS = 120_000;
/** How long sessions may go on once the agent is asked to stop; below the 10 s of most managers. */
export const STOP_GRACE_MS = 8_000;

/** How many files of a delivery are worked on at a time. */
export const FILES_IN_FLIGHT = 32;
/** The size of a piece in which a file is read for its digest. */
export const HASH_PIECE_BYTES = 262_144;
/** The largest manifest file that is read at start: the protocol's largest and a header. */
export const MAX_MANIFEST_FILE_BYTES = 33_558_528;

/** How many entries of folders a sweep looks at. */
export const MAX_SWEPT_ENTRIES = 200_000;
/** How many folders deep a sweep goes. */
export const MAX_SWEPT_DEPTH = 32;

/** How long the look-up of a host name may take. */
export const LOOKUP_TIMEOUT_MS = 5_000;
/** How often one address, or one other subject, is named in the log. */
export const LOG_INTERVAL_MS = 60_000;
/** How many subjects the log tells apart; all others share one line. */
export const MAX_LOG_SUBJECTS = 1_024;

/** How long the listener rests when the system can give it no connection, at first and at most. */
export const ACCEPT_PAUSE_MS = 50;
/** See {@linkcode ACCEPT_PAUSE_MS}. */
export const MAX_ACCEPT_PAUSE_MS = 2_000;
