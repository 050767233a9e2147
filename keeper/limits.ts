/**
 * Every number of the keeper, in one place. Times are in milliseconds, sizes in bytes.
 *
 * @module
 */

/** The port that agents listen on unless the operator says otherwise. */
export const DEFAULT_COMMS_PORT = 8_888;
/** How many agents are served at a time by default. */
export const DEFAULT_CONCURRENCY = 32;
/** How often every agent is served by default. */
export const DEFAULT_POLLING_INTERVAL_MS = 300_000;
/** How often the list of agents is asked for by default. */
export const DEFAULT_DISCOVERY_INTERVAL_MS = 60_000;

/**
 * The part of the places that agents whose last contact failed may hold together, so that the others
 * never wait for them.
 */
export const SUSPECT_SHARE = 0.25;

/** How long dialling one agent may take, the look-up of its name included. */
export const DIAL_TIMEOUT_MS = 10_000;
/** What one agent may take in all, before what is added for the size of its files. */
export const SYNC_BASE_TIME_MS = 120_000;
/** Adds time for the agent to look at files that it holds already: a slow disk's rate, a second. */
export const INSPECT_BYTES_PER_S = 8_388_608;
/** Adds time for contents as they leave: a slow line's rate, a second. */
export const SEND_BYTES_PER_S = 65_536;
/** The longest that a timer of the platform can run. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The bound of the first pause before an agent is tried again; each further bound is twice it. */
export const FIRST_RETRY_MS = 5_000;
/** How long an address that is listed no more is remembered, so that one that flaps is no new one. */
export const FORGET_ADDRESS_MS = 7_200_000;

/** After how long of not being seen, while the keeper looked, a first-use place is free again. */
export const FIRST_USE_EXPIRY_MS = 10_800_000;
/** How old the time of the last contact may grow before it is written anew. */
export const SEEN_GRANULARITY_MS = 600_000;
/** How many enrolled agents of an app are remembered; one that is gone can prove it again. */
export const MAX_ENROLLED_AGENTS = 10_000;
/** How many agents may be pending at once; the one not seen for longest makes room. */
export const MAX_PENDING_AGENTS = 1_000;
/** About how many addresses the operator is asked at a terminal; the others are in `agents list`. */
export const MAX_ASKED_ADDRESSES = 1_000;
/** How many agents the operator is asked about at a time. */
export const ASKED_AGENTS_PER_PAGE = 10;
/** How many revisions are remembered, one for each app and component. */
export const MAX_REVISIONS = 1_000;
/** The largest file of known agents that is read. */
export const MAX_STATE_BYTES = 16_777_216;
/** How long a key at a new address waits for the one on record: the time to dial, and a bit. */
export const RECORD_WAIT_MS = 12_000;
/** How long to wait for another process that is writing the known agents. */
export const STATE_LOCK_WAIT_MS = 10_000;

/** The buffer through which a file of the vault is read, at most. */
export const READ_BUFFER_BYTES = 131_072;
/** How many files of the vault are hashed at a time. */
export const VAULT_FILES_IN_FLIGHT = 8;
/** How many sources of the vault are walked over at a time. */
export const VAULT_SOURCES_IN_FLIGHT = 8;
/** How many folders of a source are listed at a time. */
export const VAULT_FOLDERS_IN_FLIGHT = 8;
/** How many looks at files are under way at a time where each takes long. */
export const VAULT_LOOKS_IN_FLIGHT = 32;
/** Up to which size of its own, in bytes, a folder holds few enough names to be listed at once. */
export const MAX_LIST_AT_ONCE_BYTES = 65_536;
/** How long looks at files hold up other work at a time. */
export const VAULT_SLICE_MS = 4;
/** From what time on a look at one file is slow. */
export const SLOW_LOOK_MS = 2;
/** After how many slow looks the others of a pass hold up no other work, where they are many of all. */
export const SLOW_LOOKS = 3;
/** From what part of all looks on that is so: where others compute too, a few are slow by chance. */
export const SLOW_LOOKS_SHARE = 0.05;
/** How many files and folders one source of the vault may hold. */
export const MAX_TREE_ITEMS = 200_000;
/** How deep the folders of a source may be in each other. */
export const MAX_TREE_DEPTH = 64;
/** After what time a file that is gone from a folder is looked for again before it counts as gone. */
export const GONE_AGAIN_MS = 250;
/** How many folders are remembered that held files. */
export const MAX_FOLDER_MARKS = 10_000;

/** How many results beyond the files that were offered are kept of one agent. */
export const MAX_EXTRA_RESULTS = 100;

/** How many nodes of the original are remembered. */
export const MAX_ORIGINAL_NODES = 1_000;
/** How many files a folder may hold that is offered as a whole, and how deep. */
export const MAX_FOLDER_FILES = 10_000;
/** See {@linkcode MAX_FOLDER_FILES}. */
export const MAX_FOLDER_DEPTH = 16;

/** How many addresses of a list that strangers write are dialled; an app has 100 instances at most. */
export const MAX_LISTED_ADDRESSES = 1_000;
/** How many addresses that are listed no more are remembered; see {@linkcode FORGET_ADDRESS_MS}. */
export const MAX_REMEMBERED_ADDRESSES = 10_000;

/** How many agents one primary may list behind it; the wire has room for no more at a time. */
export const MAX_RELAYED_AGENTS = 64;
/** How long a primary may take to say whom it relays to, or to open the way to one of them. */
export const RELAY_CALL_TIMEOUT_MS = 30_000;
/**
 * For how long the end of a delivery to a primary waits for agents behind it that have no place yet;
 * they go by a session of their own then.
 */
export const RELAY_HOLD_MS = 120_000;
/** How long a session that only calls may take to end. */
export const RELAY_END_MS = 10_000;
/** When a primary is asked again who is behind it, after that has changed; the next pauses are longer. */
export const RELIST_AFTER_MS = 30_000;

/** How long it has to be quiet after a change in the vault before it is looked at. */
export const WATCH_QUIET_MS = 300;
/** How long that may take where it is not quiet. */
export const WATCH_PATIENCE_MS = 1_500;
/** How often it is checked that what is watched is still what it was. */
export const WATCH_CHECK_MS = 5_000;
/** How often changes are looked for where the system does not tell of them. */
export const WATCH_POLL_MS = 10_000;

/** How often the loadout is looked at, besides when the system tells of a change. */
export const LOADOUT_CHECK_MS = 30_000;
/** After what time a loadout that changed is looked at again before it is taken. */
export const LOADOUT_SETTLE_MS = 250;
/** After what time an app is tried again that cannot be served. */
export const BROKEN_APP_RETRY_MS = 60_000;

/** After what time a file of state counts as left half-written by a keeper that was killed. */
export const HALF_WRITTEN_KEPT_MS = 3_600_000;

/** How long an agent may take to say what it can be called for, in milliseconds. */
export const CALL_HINT_TIMEOUT_MS = 10_000;
