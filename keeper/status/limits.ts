/**
 * Every number of the status of a fleet, in one place. Times are in milliseconds, sizes in bytes.
 *
 * @module
 */

/** The largest file of a status that is read or written. */
export const MAX_STATUS_BYTES = 16_777_216;
/** How many agents are in it, those heard of last first. */
export const MAX_STATUS_AGENTS = 10_000;
/** How many files that are not as they should be are kept of one agent. */
export const MAX_STATUS_FILES = 50;
/** How many changes that the vault did not ask for are kept of one agent. */
export const MAX_STATUS_DRIFT = 20;
/** How many hooks that have something left to do are kept of one agent. */
export const MAX_STATUS_HOOKS = 20;
/** How many characters of what a hook wrote last are kept. */
export const MAX_STATUS_OUTPUT = 500;
/** After how long of not being dialled an agent is forgotten. */
export const FORGET_STATUS_MS = 2_592_000_000;
/** How long to wait for another process that is writing the status. */
export const STATUS_LOCK_WAIT_MS = 10_000;
/** After how many intervals without a contact an agent is overdue. */
export const OVERDUE_INTERVALS = 3;
