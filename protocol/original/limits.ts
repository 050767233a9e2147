/**
 * Every number of the original's wire (spec: `README.md` in this folder).
 *
 * Sizes are in bytes, times in milliseconds. Those that the original sets are marked; it bounded
 * nothing else, which is why this side does.
 *
 * @module
 */

/** What the original's vault reads of a message, in one call; it loses what is longer. */
export const MAX_NODE_LINE_BYTES = 8_192;
/** What arrives in one TCP segment on any usual path; a longer line may reach that vault in halves. */
export const SAFE_NODE_LINE_BYTES = 1_400;
/** The longest message that a keeper takes from a node. */
export const MAX_NODE_MESSAGE_BYTES = 65_536;
/** The longest message that an agent takes: a file of at least 170 MiB, whatever its letters. */
export const MAX_VAULT_MESSAGE_BYTES = 2_147_483_648;
/** What a message may hold beside the file in it. */
export const MAX_MEMBERS_BYTES = 65_536;
/** How deep a value in a message may nest. */
export const MAX_NESTING = 16;

/** The session secret that is wrapped to the node's key; the original drew 16 bytes. */
export const SECRET_BYTES = 32;
/** The session key; the original wrote 16 random bytes in hex and took the 32 letters. */
export const SESSION_KEY_BYTES = 32;
/** The nonce of a sealed message, as the original draws it. */
export const NONCE_BYTES = 16;
/** The longest nonce that is taken. */
export const MAX_NONCE_BYTES = 64;
/** The tag of a sealed message. */
export const TAG_BYTES = 16;
/** The random filling of a message, which the answer repeats. */
export const FILL_BYTES = 16;

/** Up to here a keeper sends a file in one piece, in the original's order of members. */
export const WHOLE_TEXT_BYTES = 1_048_576;
/** Up to here an agent asks for a file's contents in any case: CRC-32 is no proof of equality. */
export const CHECKSUM_FREE_BYTES = 1_048_576;
/** The size of a piece in which a large file is sealed, opened and sent. */
export const PIECE_BYTES = 65_536;

/** How many requests a node may make beyond two for each file of its vault. */
export const SPARE_REQUESTS = 1_024;
/** How many bytes of contents a node may draw beyond twice the size of all its files. */
export const SPARE_CONTENT_BYTES = 16_777_216;

/** When the node's KEYSENT is due: a slow machine makes its key first. */
export const KEYSENT_TIMEOUT_MS = 60_000;
/** When any later message is due, before what is added for its length. */
export const MESSAGE_TIMEOUT_MS = 60_000;
/** Adds time for a long message: a slow line's rate, a second. */
export const MESSAGE_BYTES_PER_S = 16_384;
/** How long a node waits after DONE for its vault to close. */
export const FAREWELL_TIMEOUT_MS = 2_000;
