/**
 * In what the published versions of the original differ on the wire (spec, section 2).
 *
 * @module
 */

/** How a node ends its messages, and what it takes a checksum to prove. */
export interface Dialect {
  /** Whether REQUEST and DONE end in a newline; all other messages do. */
  readonly endsRequests: boolean;
  /**
   * Whether equal CRC-32 counts as equal contents, and 0 as "no file", as with the original.
   *
   * This loses changes: two passwords with one checksum are quickly found, and a file that is empty
   * is never made. It is for playing recorded sessions.
   */
  readonly trustsChecksums: boolean;
}

/** The first version, of one script. */
export const PROOF_OF_CONCEPT: Dialect = Object.freeze({
  endsRequests: true,
  trustsChecksums: true,
});

/** The second version, of classes. */
export const CLASSES: Dialect = Object.freeze({ endsRequests: false, trustsChecksums: true });

/** What this implementation speaks unless it is told otherwise; both versions understand it. */
export const CAREFUL: Dialect = Object.freeze({ endsRequests: true, trustsChecksums: false });
