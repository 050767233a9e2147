/**
 * Every number of a loadout. Times are in seconds, sizes in bytes.
 *
 * @module
 */

/** The largest file of a loadout that is read. */
export const MAX_LOADOUT_BYTES = 1_048_576;
/** How many values a loadout may have once each alias stands for what it means. */
export const MAX_LOADOUT_NODES = 200_000;
/** How deep a loadout may be nested. */
export const MAX_LOADOUT_DEPTH = 32;
/** How many declarations the components of an app may have in all, those of groups counted for each. */
export const MAX_DECLARATIONS = 100_000;
/** How many mistakes are told at once. */
export const MAX_PROBLEMS = 100;
/** How many folders of apps a vault folder may have. */
export const MAX_APP_FOLDERS = 10_000;

/** The longest interval between two passes: as long as a timer of the platform can run. */
export const MAX_INTERVAL_S = 2_147_483;
/** The interval between two passes where none is declared. */
export const DEFAULT_POLLING_INTERVAL_S = 300;

/** How long a hook may take where it is not declared. */
export const DEFAULT_HOOK_TIMEOUT_S = 30;
/** How long the command of a hook may be in all, as JSON in UTF-8: it has to fit into a line. */
export const MAX_HOOK_COMMAND_BYTES = 3_072;

/** How long a certificate lives where it is not declared: 30 days. */
export const DEFAULT_CERTIFICATE_LIFETIME_S: number = 30 * 86_400;
/** The shortest life of a certificate: an hour, so that several passes can renew it. */
export const MIN_CERTIFICATE_LIFETIME_S = 3_600;
/** The longest life of a certificate: 90 days. */
export const MAX_CERTIFICATE_LIFETIME_S: number = 90 * 86_400;
/** How many names a certificate may carry. */
export const MAX_CERTIFICATE_NAMES = 64;

/** How long a service may take to end where it is not declared. */
export const DEFAULT_SERVICE_STOP_S = 10;
/** The pause between two looks at the health of a service where it is not declared. */
export const DEFAULT_SERVICE_HEALTH_S = 30;
/** How long such a look may take where it is not declared. */
export const DEFAULT_SERVICE_HEALTH_TIMEOUT_S = 5;
/** How many looks in a row have to fail where it is not declared. */
export const DEFAULT_SERVICE_HEALTH_RETRIES = 3;
/** How long a service may be in all, as JSON in UTF-8: it has to fit into a line. */
export const MAX_SERVICE_BYTES = 3_584;
