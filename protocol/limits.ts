/**
 * Every number of the protocol, in one place (spec, section 11).
 *
 * Sizes are in bytes, times in milliseconds. A peer that exceeds a limit marked *fatal* in the spec
 * has broken the protocol and loses its session, never anybody else's.
 *
 * @module
 */

/** The one version of the protocol that this library speaks. */
export const PROTOCOL_VERSION = 2;

/** The longest opening line, with its newline. */
export const MAX_OPENING_LINE_BYTES = 8_192;
/** The longest first line that an agent may send: it must fit one TCP segment. */
export const MAX_FIRST_LINE_BYTES = 1_400;
/** The length of each side's nonce in the opening lines. */
export const OPENING_NONCE_BYTES = 32;
/** The length of the secret that the keeper wraps to the agent's RSA key. */
export const SESSION_SECRET_BYTES = 32;

/** The length of an AES-256 key. */
export const KEY_BYTES = 32;
/** The length of a GCM nonce. */
export const IV_BYTES = 12;
/** The length of a GCM tag. */
export const TAG_BYTES = 16;
/** How many frames of one direction share a key. */
export const FRAMES_PER_EPOCH = 65_536;
/** How many frames one direction may have in all. */
export const MAX_FRAMES = 2 ** 48;

/** The length prefix of a frame. */
export const FRAME_HEADER_BYTES = 4;
/** The longest JSON text of a message. */
export const MAX_MESSAGE_BYTES = 65_536;
/** The longest piece of a stream in one frame. */
export const MAX_CHUNK_BYTES = 65_536;
/** What precedes the piece in a chunk frame: kind and stream id. */
export const CHUNK_HEADER_BYTES = 5;
/** The smallest sealed length of a frame: a kind and a tag. */
export const MIN_SEALED_BYTES: number = 1 + TAG_BYTES;
/** The largest sealed length of a frame: a full chunk. */
export const MAX_SEALED_BYTES: number = CHUNK_HEADER_BYTES + MAX_CHUNK_BYTES + TAG_BYTES;
/** The largest sealed length before READY: a message of 4,096 bytes of JSON. */
export const MAX_HANDSHAKE_SEALED_BYTES: number = 1 + 4_096 + TAG_BYTES;
/** How many frames are sealed, or opened, at a time in one direction. */
export const FRAMES_IN_FLIGHT = 8;

/** What a sender may send on a new stream before it is granted more. */
export const INITIAL_WINDOW_BYTES = 524_288;
/** The largest window that grants may add up to. */
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;
/** How many streams of one direction may be open at once. */
export const MAX_OPEN_STREAMS = 256;
/** How many received messages may wait for this side to take them. */
export const MAX_WAITING_MESSAGES = 1_024;
/** How many bytes of JSON those messages may have together. */
export const MAX_WAITING_MESSAGE_BYTES = 1_048_576;

/** The longest line of a manifest or of a result stream, with its newline. */
export const MAX_MANIFEST_LINE_BYTES = 4_096;
/** The longest manifest or result stream. */
export const MAX_MANIFEST_BYTES = 33_554_432;
/** How many lines a manifest may have. */
export const MAX_MANIFEST_LINES = 131_072;
/** How many places the paths of a manifest may name: its entries, and the folders on the way to them. */
export const MAX_MANIFEST_PLACES = 150_000;
/** How long the paths of all these places may be together, in UTF-8. */
export const MAX_PLACE_BYTES = 33_554_432;
/** About how many lines of a manifest make a part, which is sent anew only if it differs. */
export const LINES_PER_PART = 64;
/** How long a manifest must be for its parts to be compared, in bytes. */
export const MIN_BYTES_FOR_PARTS = 16_384;
/** How many bytes of a manifest there are to a part, at least, on average. */
export const MIN_BYTES_PER_PART = 1_024;
/** How many hooks a manifest may define. */
export const MAX_HOOKS = 1_024;
/** How many certificates a manifest may define. */
export const MAX_CERTIFICATES = 64;
/** How many services a manifest may define. */
export const MAX_SERVICES = 32;
/** How many variables a service may be given. */
export const MAX_SERVICE_VARIABLES = 64;
/** How many paths may be named whose change starts a service again. */
export const MAX_SERVICE_WATCHES = 64;
/** How long a service may take to end once it is asked to, in seconds. */
export const MAX_SERVICE_STOP_S = 300;
/** How much memory a service may be allowed, in units of 1,048,576 bytes. */
export const MAX_SERVICE_MEMORY_MB = 1_048_576;
/** How long the pause between two looks at the health of a service may be, in seconds. */
export const MAX_SERVICE_HEALTH_S = 3_600;
/** How many looks in a row may find a service unwell before it is started again. */
export const MAX_SERVICE_RETRIES = 100;
/** How many words the command of a hook may have. */
export const MAX_HOOK_ARGUMENTS = 64;
/** How long a hook may take at most, in seconds. */
export const MAX_HOOK_TIMEOUT_S = 3_600;
/** How much of what a hook wrote last is told, in bytes. */
export const MAX_HOOK_OUTPUT_BYTES = 1_792;
/** The longest lease, in seconds: 366 days. */
export const MAX_LEASE_S = 31_622_400;
/** How many components may be named as readers of a file: a line always has room for them. */
export const MAX_READERS = 24;
/** The largest number of a user or group; the next one means none. */
export const MAX_OWNER_ID: number = 2 ** 32 - 2;
/** The longest path of a secret file, in UTF-8. */
export const MAX_PATH_BYTES = 1_024;
/** The longest segment of a path, in UTF-8. */
export const MAX_PATH_SEGMENT_BYTES = 255;
/** The largest secret file: 1 TiB. */
export const MAX_FILE_BYTES = 2 ** 40;
/** The smallest file that goes on where a session broke, instead of being sent again. */
export const MIN_RESUMED_BYTES = 8_388_608;
/** How many requests an agent may have unanswered. */
export const MAX_OPEN_REQUESTS = 64;
/** How many batches of small files an agent may have unanswered. */
export const MAX_OPEN_BATCHES = 4;
/** How many files a batch may name. */
export const MAX_BATCH_FILES = 256;
/** How long the files of a batch may be together. */
export const MAX_BATCH_BYTES = 262_144;
/** The longest file that an agent of ours asks for in a batch; it asks for longer ones by themselves. */
export const MAX_BATCHED_FILE_BYTES = 65_536;
/** How many requests a session may hold beyond two for each entry of its manifest. */
export const SPARE_REQUESTS = 1_024;
/** How many actions that this side does not know are answered in a session. */
export const MAX_UNKNOWN_ACTIONS = 1_024;
/** How many calls of a side may be unanswered, and how many actions run for a session. */
export const MAX_OPEN_CALLS = 64;
/** The longest JSON of what goes into an action or comes out of it; the rest of a message is its frame. */
export const MAX_CALL_VALUE_BYTES = 65_024;
/** How long a call may take by default. */
export const CALL_TIMEOUT_MS = 120_000;
/** How many bytes a session may ask for beyond twice the sizes of all its files. */
export const SPARE_CONTENT_BYTES = 16_777_216;
/** How many kinds of work READY may name. */
export const MAX_WANTS = 16;

/** When line 2 is due after line 1 was sent. */
export const OPENING_TIMEOUT_MS = 10_000;
/** When the whole handshake is due; the time to make a key is not part of it. */
export const HANDSHAKE_TIMEOUT_MS = 30_000;
/** When a frame is due after its first byte. */
export const FRAME_TIMEOUT_MS = 30_000;
/** After how long without sending a side sends a ping. */
export const PING_AFTER_MS = 15_000;
/** How long a session lives without a complete authentic frame. */
export const IDLE_TIMEOUT_MS = 60_000;
/** How long a peer is given to read why a session ends, and to end its own direction. */
export const FAREWELL_TIMEOUT_MS = 2_000;

/** How far a keeper statement's time of issue may be from the agent's clock, in seconds. */
export const STATEMENT_SKEW_S = 300;
/** How long a keeper statement is valid, in seconds. */
export const STATEMENT_LIFETIME_S = 300;
/** How long a manifest is valid by default, in seconds: 30 days. */
export const MANIFEST_LIFETIME_S = 2_592_000;

/** How long an RSA key is offered at most. */
export const RSA_KEY_LIFETIME_MS = 3_600_000;
/** After how many failed unwraps an RSA key is replaced. */
export const RSA_KEY_MAX_FAILURES = 10_000;
/** How often, at most, failed unwraps may replace a key. */
export const RSA_KEY_FAILURE_INTERVAL_MS = 60_000;
/** How many unwraps may start in a burst. */
export const UNWRAP_BURST = 64;
/** How many unwraps a second are allowed in the long run. */
export const UNWRAPS_PER_SECOND = 20;
