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
/** How many connections that come to no session an address may have outstanding for nothing. */
export const FREE_FAILURES = 4;
/** After how long one such connection is forgiven. */
export const FAILURE_FORGIVEN_MS = 60_000;
/** After how long it is forgiven that a peer turned the agent away: no keeper comes more often. */
export const REFUSAL_FORGIVEN_MS = 1_000;
/** How long after the last one all are forgiven. */
export const FAILURE_MEMORY_MS = 600_000;
/** How many addresses with failures are remembered; the least guilty is forgotten first. */
export const MAX_FAILED_ADDRESSES = 1_024;
/** How many silent connections of an address with too many failures may be in set-up. */
export const MAX_PENALISED_SETUPS = 1;
/** How long an opening line waits to be unwrapped; the handshake is over by then. */
export const UNWRAP_WAIT_MS = 30_000;

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
/** Up to which size a file is read for its digest without waiting: that takes a third of the time. */
export const MAX_READ_AT_ONCE_BYTES = 65_536;
/** The longest file that is written without waiting in turn for each step. */
export const MAX_WRITTEN_AT_ONCE_BYTES = 65_536;
/** After how long work that waits for nothing lets others have their turn. */
export const WORK_SLICE_MS = 10;
/** The largest manifest file that is read at start: the protocol's largest and a header. */
export const MAX_MANIFEST_FILE_BYTES = 33_558_528;

/** The largest file that says what was put in place: that of 100,000 files has some 10 MB. */
export const MAX_INVENTORY_FILE_BYTES = 134_217_728;
/** How many digests a file that is not known to be in place may have had. */
export const MAX_PENDING_DIGESTS = 4;

/** How long a part of a large file is kept for the rest to come. */
export const PART_LIFETIME_MS = 86_400_000;
/** Up to which size a file that is written over in place is held in memory until it is whole. */
export const MAX_IN_MEMORY_BYTES = 1_048_576;
/** From which size on it is found out before a file comes whether its place is a mount. */
export const MOUNT_CHECK_BYTES = 1_048_576;
/** How many folders that are not memory-backed are named in the log. */
export const MAX_NAMED_FOLDERS = 16;
/** By how much the clock of the machine may move against the steady one before that is noted. */
export const CLOCK_JUMP_MS = 60_000;
/** After how long leases are looked at again at the latest. */
export const MAX_LEASE_PAUSE_MS = 3_600_000;
/** After how long leases are looked at again that could not be, or whose files could not be removed. */
export const LEASE_RETRY_MS = 60_000;

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
/** How many reasons the log tells apart for one subject; all others share one number. */
export const MAX_LOG_REASONS = 8;

/** How long the listener rests when the system can give it no connection, at first and at most. */
export const ACCEPT_PAUSE_MS = 50;
/** See {@linkcode ACCEPT_PAUSE_MS}. */
export const MAX_ACCEPT_PAUSE_MS = 2_000;

/** How many accepted statements are remembered until they expire, so that none is taken twice. */
export const MAX_REMEMBERED_STATEMENTS = 16_384;
/** Of how many signers the last revision is remembered. */
export const MAX_REMEMBERED_SIGNERS = 64;
/** The largest file of state that is read beside the identity and the manifest, in bytes. */
export const MAX_SMALL_STATE_FILE_BYTES = 16_384;
/** The largest record of what was issued for the application: 64 certificates of a few signers. */
export const MAX_ISSUED_FILE_BYTES = 4_194_304;
/** How much longer a kept manifest would last anew for its file to be written again, in seconds. */
export const MANIFEST_RENEWAL_S = 3_600;
/** How many kept files are compared with their manifest at a time after a restart. */
export const FILES_RESTORED_AT_ONCE = 8;

/** How long a handshake waits for the look-up of the app's owner that is under way. */
export const OWNER_WAIT_MS = 5_000;
/** How long the first pause is at most before a Flux API is asked again; the next twice as long. */
export const FIRST_ASK_PAUSE_MS = 5_000;
/** See {@linkcode FIRST_ASK_PAUSE_MS}. */
export const MAX_ASK_PAUSE_MS = 300_000;
/** How long one attempt to ask a Flux API may take. */
export const FLUX_REQUEST_TIMEOUT_MS = 10_000;
/** The largest answer of a Flux API that is read, in bytes: a specification is a few kilobytes. */
export const MAX_FLUX_RESPONSE_BYTES = 1_048_576;

/** How long the Flux node may take to say which one it is. */
export const NODE_TIMEOUT_MS = 3_000;
/** How long the node is not asked again once it did not say so. */
export const NODE_PAUSE_MS = 600_000;

/** How long a delivery waits for its hooks; those that take longer go on. */
export const HOOK_WAIT_MS = 30_000;
/** How many hooks of one keeper run at a time. */
export const HOOKS_AT_ONCE = 8;
/** How many hooks of one keeper are remembered as due: as many as one manifest may define. */
export const MAX_DUE_HOOKS = 1_024;
/** How many bytes of paths a hook is told, with a newline behind each. */
export const MAX_CHANGED_FILES_BYTES = 8_192;
/** How long the first pause is at most before a hook that failed runs again; the next twice as long. */
export const FIRST_HOOK_PAUSE_MS = 1_000;
/** See {@linkcode FIRST_HOOK_PAUSE_MS}. */
export const MAX_HOOK_PAUSE_MS = 300_000;
/** How long a program of a hook may go on once it is asked to end. */
export const HOOK_GRACE_MS = 5_000;
/** How long a program that has ended is read on, where something holds its output open. */
export const HOOK_DRAIN_MS = 500;
/** The largest file of hooks that is read at start, in bytes. */
export const MAX_HOOKS_FILE_BYTES = 33_554_432;
/** The largest file with the number of a process that is read, in bytes. */
export const MAX_PID_FILE_BYTES = 64;

/** The largest variable that Linux hands to a program, with its name: 32 pages of 4 KiB. */
export const MAX_VARIABLE_BYTES = 131_072;
/** How often it is said what an application waits for. */
export const WAIT_NOTICE_INTERVAL_MS = 60_000;

/** How long an agent that is asked how it is may take to say so. */
export const HEALTH_TIMEOUT_MS = 10_000;
/** The longest line that is read of one. */
export const MAX_HEALTH_LINE_BYTES = 256;

/** The longest head of an HTTP request that is read: its line and its fields. */
export const MAX_REQUEST_HEAD_BYTES = 8_192;
/** The longest that is kept to be compared with the next of its connection. */
export const MAX_KEPT_HEAD_BYTES = 1_024;
/** How much of one is read at a time. */
export const REQUEST_PIECE_BYTES = 2_048;
/** The longest contents of an HTTP request that are read. */
export const MAX_REQUEST_BODY_BYTES = 4_096;
/** How long an HTTP request may take to come, once its connection or the last reply is done. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** How long a piece of an HTTP reply may take to be taken. */
export const REPLY_TIMEOUT_MS = 30_000;
/** How often connections are looked at that may be too slow. */
export const HTTP_SWEEP_INTERVAL_MS = 1_000;
/** How many HTTP connections may be open at once; a further one is closed. */
export const MAX_HTTP_CONNECTIONS = 1_024;
/** How many of them one address may have, where others want some too. */
export const MAX_HTTP_CONNECTIONS_PER_ADDRESS = 512;

/** Up to which size a file is read at once and verified before the first byte of it is served. */
export const MAX_SERVED_AT_ONCE_BYTES = 65_536;
/** How long a look at the disk may be shared by those who ask for the same file. */
export const SHARED_LOOK_MS = 1;
/** How many of them are remembered. */
export const MAX_SHARED_LOOKS = 1_024;
/** How many bytes of small files are held in memory to be served again. */
export const MAX_SERVED_MEMORY_BYTES = 4_194_304;
/** The size of the pieces in which a large file is served. */
export const SERVED_PIECE_BYTES = 65_536;
/** How many large files are served at a time. */
export const MAX_SERVED_STREAMS = 64;
/** How many large files are read at a time to find out whether they are as declared. */
export const SERVED_HASHES_AT_ONCE = 8;
/** Up to which size the contents of a reply are put behind its head, so that both leave at once. */
export const MAX_JOINED_REPLY_BYTES = 8_192;
/** After how many seconds whoever asked too early may ask again. */
export const SERVE_RETRY_S = 5;
/** The shortest key of a file server, in characters. */
export const MIN_SERVER_KEY_CHARACTERS = 16;
/** The longest file that holds one, in bytes. */
export const MAX_SERVER_KEY_BYTES = 4_096;

/** How long a container is known to be of the same app, before its name is looked up again. */
export const NEIGHBOUR_MEMORY_MS = 30_000;
/** The same where it is not known to be. */
export const STRANGER_MEMORY_MS = 5_000;
/** How many addresses are remembered by what container they are. */
export const MAX_REMEMBERED_NEIGHBOURS = 1_024;
/** How many names are looked up at a time; whoever comes beyond is told to ask again. */
export const MAX_NEIGHBOUR_LOOKUPS = 32;
/** How long the look-ups for one address may take in all. */
export const NEIGHBOUR_TIMEOUT_MS = 2_000;
/** How long a DNS server may take to answer over TCP, before it is asked over UDP. */
export const DNS_TCP_TIMEOUT_MS = 600;
/** After how long a question over UDP is sent again. */
export const DNS_RESEND_MS = 300;
/** How much may come to the port of a question that is no answer to it. */
export const MAX_FOREIGN_DATAGRAMS = 16;
/** How many names of one address are looked at. */
export const MAX_NAMES_OF_ADDRESS = 8;

/** How long a file server may take to answer whoever fetches a file. */
export const FETCH_TIMEOUT_MS = 30_000;
/** After how long a file is asked for again that was not there, at first and at most. */
export const FIRST_FETCH_PAUSE_MS = 500;
/** See {@linkcode FIRST_FETCH_PAUSE_MS}. */
export const MAX_FETCH_PAUSE_MS = 10_000;
/** How many seconds of waiting a server may ask for at most. */
export const MAX_RETRY_AFTER_S = 60;
/** How much of what a server says is shown, in characters. */
export const MAX_FETCHED_TEXT_BYTES = 512;

/** Up to how many files each has figures of its own. */
export const MAX_MEASURED_FILES = 10_000;

/** How many may wait for changes of files at a time. */
export const MAX_EVENT_LISTENERS = 64;
/** For how many components it is kept what they may know of. */
export const MAX_CHANGE_FEEDS = 64;
/** How many changes are kept for those who were away. */
export const MAX_KEPT_CHANGES = 1_024;
/** After how long without a change a listener is told that all is well. */
export const EVENT_HEARTBEAT_MS = 15_000;
/** How many seconds one answer may wait for a change. */
export const MAX_EVENT_WAIT_S = 60;

/** How often a sub-agent registers anew, beside a tenth of chance. */
export const REGISTRATION_INTERVAL_MS = 10_000;
/** How long a registration lasts that is not renewed. */
export const REGISTRATION_LIFETIME_MS = 45_000;
/** How long a challenge may be answered. */
export const CHALLENGE_LIFETIME_MS = 10_000;
/** How many answered challenges are remembered until they are past their time. */
export const MAX_REMEMBERED_CHALLENGES = 1_024;
/** How many sub-agents may be registered; one for each component. */
export const MAX_SUB_AGENTS = 64;
/** How many requests to a registrar one address may make at once. */
export const REGISTRAR_BURST = 12;
/** After how long it may make one more. */
export const REGISTRAR_PAUSE_MS = 1_000;
/** Of how many addresses that is counted; others share one count. */
export const MAX_REGISTRAR_ADDRESSES = 1_024;
/** The largest file with the key of a registrar, in bytes. */
export const MAX_REGISTRAR_KEY_BYTES = 4_096;

/** How long one attempt to register may take. */
export const REGISTRATION_TIMEOUT_MS = 8_000;
/** How long the first pause is at most before a primary is asked again; the next twice as long. */
export const FIRST_REGISTRATION_PAUSE_MS = 500;
/** See {@linkcode FIRST_REGISTRATION_PAUSE_MS}. */
export const MAX_REGISTRATION_PAUSE_MS = 15_000;
/** The longest reply of a registrar that is read, head and contents each. */
export const MAX_REGISTRAR_REPLY_BYTES = 8_192;

/** How many streams to sub-agents may be open at once. */
export const MAX_RELAYS = 64;
/** How many of them may lead to one component. */
export const MAX_RELAYS_PER_COMPONENT = 4;
/** How long a sub-agent may take to be connected to. */
export const RELAY_DIAL_TIMEOUT_MS = 5_000;
/** How long nothing may come from either side of a relayed stream. */
export const RELAY_IDLE_TIMEOUT_MS = 120_000;
/** The size of the pieces in which bytes of a sub-agent are read. */
export const RELAY_PIECE_BYTES = 65_536;

/** How long a keeper may take to issue a certificate. */
export const CERTIFICATE_TIMEOUT_MS = 30_000;
/** How long no keeper is asked again once one could issue none. */
export const CERTIFICATE_PAUSE_MS = 600_000;

/** How many calls of a keeper that failed are written down in a session. */
export const MAX_LOGGED_FAILURES = 20;

/** How long a delivery waits for services to stop and start; those that take longer go on. */
export const SERVICE_WAIT_MS = 30_000;
/** For how long a service has to run until a delivery calls it started. */
export const SERVICE_PROBE_MS = 1_000;
/** How long the first pause is at most before a service is started again; the next twice as long. */
export const FIRST_SERVICE_PAUSE_MS = 1_000;
/** See {@linkcode FIRST_SERVICE_PAUSE_MS}. */
export const MAX_SERVICE_PAUSE_MS = 60_000;
/** For how long a service has to run until its earlier failures are forgotten. */
export const SERVICE_FORGIVEN_MS = 60_000;
/** How often the memory of a service is looked at. */
export const SERVICE_MEMORY_INTERVAL_MS = 2_000;
/** How many of the last bytes that a service wrote are kept. */
export const SERVICE_LOG_BYTES = 65_536;
/** How long the rest of the group of a service is waited for once it was killed. */
export const SERVICE_GONE_MS = 2_000;
/** The largest file of services that is read at start, in bytes. */
export const MAX_SERVICES_FILE_BYTES = 1_048_576;
/** How many followers of the output of services there may be at a time. */
export const MAX_SERVICE_FOLLOWERS = 16;

/** How many plugins an agent holds. */
export const MAX_PLUGINS = 8;
/** Of how many names of plugins the highest version is remembered; none is ever forgotten. */
export const MAX_REMEMBERED_PLUGINS = 256;
/** The largest record of plugins: so many names and versions, twice, with their signatures. */
export const MAX_PLUGINS_FILE_BYTES = 131_072;
/** How much memory one plugin may ask for where the operator says nothing, in MiB. */
export const PLUGIN_MEMORY_MB = 64;
/** How long a plugin may take to come, and to be put in place. */
export const PLUGIN_PUT_TIMEOUT_MS = 120_000;
/** How long it is waited until it is asked again whose signature counts, for plugins that were kept. */
export const PLUGIN_TRUST_PAUSE_MS = 5_000;
/** How many bytes of a delivered file a plugin is given. */
export const MAX_PLUGIN_READ_BYTES = 131_072;
/** How many paths a plugin is told of at once. */
export const MAX_PLUGIN_PATHS = 1_000;
/** How much of what a plugin says of its progress waits for a keeper that takes it slowly. */
export const MAX_WAITING_PROGRESS = 64;
